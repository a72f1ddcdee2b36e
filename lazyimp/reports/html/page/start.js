// Start: the theme at once, everything else when the page is there.

const THEMES = ["auto", "light", "dark"], THEME_KEY = "lazyimp-theme";
const darkSystem = matchMedia("(prefers-color-scheme: dark)");

// Storage may be forbidden for pages from disk; the theme is then remembered as long as the page is open.
function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // nothing to do: see recall()
  }
}

let theme = THEMES.includes(recall(THEME_KEY)) ? recall(THEME_KEY) : "auto";

function applyTheme(printing = false) {
  const dark = !printing && (theme === "dark" || (theme === "auto" && darkSystem.matches));
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  colour.known = {};
  const button = byId("theme");
  if (button) button.textContent = `Theme: ${theme}`;
  tell("theme");
}

function watchTheme() {
  byId("theme").addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember(THEME_KEY, theme);
    applyTheme();
  });
  darkSystem.addEventListener("change", () => applyTheme());
  applyTheme();
}

function buildFigures() {
  const profile = report.profiles.at(-1), before = comparing() ? report.profiles[0] : null;
  const rows = [
    [profile.batch ? "CPU to first batch" : "CPU to the end", (p) => p.ttfb_cpu_s, seconds],
    ["Imports", (p) => importTimes(p).all, seconds, `${percent(importTimes(profile).all, profile.ttfb_s)} of the time`],
    ["Hidden imports", (p) => importTimes(p).hidden, seconds, plural(profile.counts.hidden || 0, "module")],
    ["Modules", (p) => p.counts.modules || 0, grouped],
    ["Deferred", (p) => p.counts.deferred || 0, grouped, profile.counts.deferred ? `${grouped(profile.counts.never || 0)} never used` : null],
    ["Memory", (p) => p.batch?.rss_bytes, bytes, "peak at the first batch"],
    ["Major faults", (p) => p.batch?.major_faults, grouped, `${bytes(profile.batch?.read_bytes || 0)} read`],
    ["First step excess", (p) => p.first_step_excess_s, seconds],
  ];
  const known = rows.filter(([, value]) => report.profiles.some((each) => (value(each) ?? null) !== null));
  byId("figures").append(...known.map(([name, value, format, note]) => {
    const [from, to] = [before && (value(before) ?? null), value(profile) ?? null];
    const told = (each) => (each === null ? "unknown" : format(each));
    const change = before && from !== null && to !== null ? signed(to - from, format) : null;
    return make("div", {}, make("dt", {}, name), make("dd", {}, before ? [make("span", { class: "keep" }, `${told(from)} ${ARROW}`), " "] : null, make("span", { class: "keep" }, told(to)),
      make("span", { class: "note" }, before ? change : note)));
  }));
}

function buildLegend() {
  const entries = report.ranked.map((name) => [name, `--fill-${report.ranked.indexOf(name)}`, `pkg:${name}`]);
  const kinds = new Set(report.colours.values());
  if (kinds.has("--own")) entries.push(["your code", "--own", "kind:own"]);
  if (kinds.has("--stdlib")) entries.push(["standard library", "--stdlib", "kind:stdlib"]);
  if (kinds.has("--other")) entries.push(["other packages", "--other", "kind:other"]);
  const items = entries.map(([name, fill, query]) => legendItem(name, make("span", { class: "swatch", styles: { background: `var(${fill})` } }), query));
  const marks = [["hidden import", "notch", "is:hidden", isHiddenTop], ["first use of a deferral", "first-use", "is:first-use", (node) => node.use === "first use"],
    ["failed", "hatch", "is:failed", (node) => node.error]];
  for (const [name, kind, query, test] of marks) {
    if (report.profiles.some((each) => each.nodes.some(test))) items.push(legendItem(name, make("span", { class: `swatch ${kind}` }), query));
  }
  byId("legend").append(...items);
  on("search", () => {
    for (const each of byId("legend").querySelectorAll("button")) each.setAttribute("aria-pressed", String(each.dataset.query === state.query));
  });
}

function legendItem(name, swatch, query) {
  return make("li", {}, make("button", { type: "button", "aria-pressed": "false", "data-query": query, title: "Highlight", onclick: () => setSearch(query) }, swatch, name));
}

function drawTrail() {
  const steps = state.trail.map((each, number) => make("li", {}, make("button", { type: "button", onclick: () => {
    state.trail = state.trail.slice(0, number + 1);
    show(each.view || [each.node.start_s, each.node.end_s]);
    tell("trail");
  } }, each.name)));
  const all = make("li", {}, make("button", { type: "button", onclick: zoomHome }, "Start"));
  byId("trail").replaceChildren(...(steps.length ? [make("ol", {}, all, steps)] : [make("span", {}, "Click an import to zoom to it; drag to move; Ctrl and the wheel zoom.")]));
}

function watchTimeline() {
  on("view", drawCharts);
  on("theme", drawCharts);
  on("trail", drawTrail);
  on("search", () => { drawFound(); drawCharts(); });
  on("select", (options = {}) => {
    if (state.node && !options.still) reveal(state.node);
    if (!options.quiet) byId("said").textContent = state.node ? spoken(state.node) : "";
    drawCharts();
  });
  byId("search").addEventListener("input", () => search(byId("search").value));
  byId("zoom-in").addEventListener("click", () => zoomBy(0.5));
  byId("zoom-out").addEventListener("click", () => zoomBy(2));
  byId("zoom-batch").addEventListener("click", zoomHome);
  byId("zoom-all").addEventListener("click", showAll);
  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
}

function drawFound() {
  const found = [...(state.matches || [])], own = found.reduce((sum, each) => sum + each.self_wall_s, 0);
  byId("found").textContent = state.matches ? `${plural(found.length, "import")}, ${seconds(own)} by ${found.length === 1 ? "itself" : "themselves"}` : "";
}

function watchPrinting() {
  window.addEventListener("beforeprint", () => {
    applyTheme(true);
    for (const pane of panes) if (pane.id !== "modules") fillPane(pane);
  });
  window.addEventListener("afterprint", () => applyTheme());
}

async function start() {
  report.profiles = await readData();
  byId("body").hidden = false;
  chooseColours();
  state.view = home();
  buildCharts();
  watchTimeline();
  buildOverview();
  buildFigures();
  buildLegend();
  buildKeys();
  buildWhy();
  buildPanes();
  drawTrail();
  watchPointer();
  watchKeys();
  watchExports();
  watchPrinting();
  watchTheme();
  drawOverview();
  document.documentElement.dataset.ready = "yes";
}

applyTheme();
document.addEventListener("DOMContentLoaded", () => start().catch((error) => {
  byId("trouble").textContent = `The report cannot be drawn: ${error.message}`;
  byId("trouble").hidden = false;
  console.error(error);
}));
