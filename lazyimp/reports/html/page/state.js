// State: what is shown, selected, searched for and zoomed to; whoever draws it listens.

const report = { profiles: [], colours: new Map() };
const state = { shown: 0, node: null, query: "", matches: null, view: [0, 1], trail: [], pane: "" };
const listeners = {};

function on(what, listener) {
  (listeners[what] ||= []).push(listener);
}

function tell(what, detail) {
  for (const each of listeners[what] || []) each(detail);
}

const comparing = () => report.profiles.length > 1;
const shown = () => report.profiles[state.shown];
const sideName = (profile) => (comparing() ? "AB"[profile.index] : "");

function sideLabel(profile) {
  const { mode } = profile.environment;
  return `${sideName(profile)} ${profile.title}${mode ? `, ${mode === "0" ? "eager" : mode}` : ""}`;
}

function select(node, options = {}) {
  state.node = node;
  if (node && node.profile.index !== state.shown) {
    state.shown = node.profile.index;
    tell("shown");
  }
  tell("select", options);
}

function search(query) {
  state.query = query.trim();
  const matches = matcher(state.query);
  state.matches = matches && new Set(report.profiles.flatMap((each) => each.nodes.filter(matches)));
  tell("search");
}

// "torch nn" holds both words; pkg:torch, kind:own, is:hidden, is:failed and is:first-use say what else is meant.
function matcher(query) {
  if (!query) return null;
  const tests = query.toLowerCase().split(/\s+/).map((word) => {
    if (word.startsWith("pkg:")) return (node) => node.package.toLowerCase() === word.slice(4);
    if (word.startsWith("kind:")) return (node) => kindOf(node) === word.slice(5);
    if (word === "is:hidden") return (node) => node.hidden;
    if (word === "is:failed") return (node) => Boolean(node.error);
    if (word === "is:first-use") return (node) => node.use === "first use";
    return (node) => node.name.toLowerCase().includes(word);
  });
  return (node) => tests.every((test) => test(node));
}

// "own", "stdlib" (with what is built in), "other" for installed packages without a colour of their own, else "installed".
function kindOf(node) {
  const kind = report.kinds.get(node.package);
  return kind === "builtin" ? "stdlib" : kind === "installed" && fillOf(node) === "--other" ? "other" : kind;
}

// The same query for rows that are no module: their words have to be in the row's text.
function textMatcher(query) {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word && !/^(is|kind):/.test(word));
  const plain = words.map((word) => (word.startsWith("pkg:") ? word.slice(4) : word));
  return (text) => plain.every((word) => text.toLowerCase().includes(word));
}

const limits = () => ({
  start: Math.min(...report.profiles.map((each) => each.start_s)),
  stop: Math.max(...report.profiles.map((each) => each.stop_s)),
});

function batchEnd() {
  const times = report.profiles.map((each) => each.batch_s ?? each.stop_s);
  return Math.max(...times);
}

// What is looked at first: everything until the first batch, and a little more.
function home() {
  const { start, stop } = limits();
  return [start, Math.min(stop, batchEnd() + (batchEnd() - start) * 0.04)];
}

function atHome() {
  const [from, to] = home();
  return Math.abs(state.view[0] - from) + Math.abs(state.view[1] - to) < (to - from) * 1e-3;
}

function show(view, options = {}) {
  const { start, stop } = limits();
  const width = Math.min(Math.max(view[1] - view[0], 2e-5), stop - start);
  const from = Math.min(Math.max(view[0], start), stop - width);
  const target = [from, from + width];
  cancelAnimationFrame(show.frame);
  const still = options.still || matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (still) {
    state.view = target;
    tell("view");
    return;
  }
  const origin = state.view, began = performance.now();
  const move = (now) => {
    const part = Math.min(1, Math.max(0, (now - began) / 150));
    const eased = 1 - (1 - part) ** 3;
    state.view = part < 1 ? origin.map((each, end) => each + (target[end] - each) * eased) : target;
    tell("view");
    if (part < 1) show.frame = requestAnimationFrame(move);
  };
  show.frame = requestAnimationFrame(move);
}

function zoomTo(node) {
  const around = (each) => (each.view ? each.view[0] <= node.start_s && node.end_s <= each.view[1] : isAbove(each.node, node));
  state.trail = [...state.trail.filter(around), { node, name: node.name }];
  const width = Math.max(node.wall_s, 2e-5);
  show([node.start_s, node.start_s + width]);
  tell("trail");
}

function isAbove(above, node) {
  for (let each = node.up; each; each = each.up) if (each === above) return true;
  return false;
}

function zoomToTime(from, to, name) {
  state.trail = [{ name, view: [from, to] }];
  show([from, to]);
  tell("trail");
}

function zoomHome() {
  state.trail = [];
  show(home());
  tell("trail");
}

// Back to what was zoomed to before; false when there is nothing to go back from.
function zoomBack() {
  if (!state.trail.length && atHome()) return false;
  state.trail = state.trail.slice(0, -1);
  const last = state.trail.at(-1);
  show(last ? last.view || [last.node.start_s, last.node.end_s] : home());
  tell("trail");
  return true;
}

function zoomBy(factor, centre = (state.view[0] + state.view[1]) / 2, options = {}) {
  const [from, to] = state.view;
  show([centre - (centre - from) * factor, centre + (to - centre) * factor], options);
}
