// Words: numbers with their units, and elements made of text only.

const MINUS = "\u2212", NB = "\u00a0", ARROW = "\u2192";

function grouped(number, digits = 0) {
  const text = Math.abs(number).toFixed(digits);
  const [whole, rest] = text.split(".");
  const sign = number < 0 && Number(text) !== 0 ? MINUS : "";
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? `.${rest}` : "");
}

function seconds(value) {
  if (value === null || value === undefined) return "unknown";
  const size = Math.abs(value);
  if (size >= 119.5) return `${value < 0 ? MINUS : ""}${Math.floor(Math.round(size) / 60)}${NB}min${NB}${Math.round(size) % 60}${NB}s`;
  if (size >= 0.9995) return `${grouped(value, 2)}${NB}s`;
  if (size >= 0.00995) return `${grouped(value * 1e3)}${NB}ms`;
  return `${grouped(value * 1e3, size ? 2 : 0)}${NB}ms`;
}

function bytes(value) {
  const size = Math.abs(value);
  if (size >= 2 ** 30) return `${grouped(value / 2 ** 30, 2)}${NB}GiB`;
  if (size >= 2 ** 20) return `${grouped(value / 2 ** 20, 1)}${NB}MiB`;
  if (size >= 2 ** 10) return `${grouped(value / 2 ** 10)}${NB}KiB`;
  return `${grouped(value)}${NB}B`;
}

function signed(value, format) {
  return value > 0 ? `+${format(value)}` : format(value);
}

function percent(part, whole) {
  if (!whole) return `0${NB}%`;
  const share = 100 * part / whole;
  return Math.abs(share) < 9.95 && share ? `${grouped(share, 1)}${NB}%` : `${grouped(share)}${NB}%`;
}

function plural(number, word, many = `${word}s`) {
  return `${grouped(number)} ${number === 1 ? word : many}`;
}

function place(file, line) {
  return file ? line ? `${file}:${line}` : file : "";
}

function phaseName(name) {
  return { interp: "interpreter", "first-batch": "after it" }[name] || name.replaceAll("-", " ");
}

// What no marker claims belongs to the phase before it.
function phaseTitle(phase) {
  return phaseName(phase.name) + (phase.claimed ? "" : ", rest");
}

// The only way in which this page makes elements: what is no element becomes a text node.
function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else if (name === "styles") Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

// A dotted name or a path that may be broken after its dots, slashes and underscores.
function breakable(text) {
  return text.split(/(?<=[./_:\\])(?=[^./_:\\])/).flatMap((each, number) => (number ? [make("wbr"), each] : [each]));
}

function byId(id) {
  return document.getElementById(id);
}

function withUnit(number, unit) {
  return [number, make("span", { class: "unit" }, `${NB}${unit}`)];
}

function definitions(pairs, kind) {
  return make("dl", { class: kind }, pairs.filter(Boolean).map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))));
}

// A name as a shell takes it for one word: names come from programs, commands are pasted.
function shellWord(text) {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function commandLine(command) {
  const button = make("button", { type: "button", class: "copy", onclick: () => copy(command, "Command copied") }, "Copy");
  button.setAttribute("aria-label", `Copy the command ${command}`);
  return make("div", { class: "command" }, make("code", {}, command), button);
}

function toast(text) {
  const place = byId("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { place.hidden = true; }, 2200);
}

async function copy(text, told) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { "aria-hidden": "true", class: "said" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // where the page may not use the clipboard, as from disk in some browsers
    area.remove();
  }
  toast(told);
}
