// Keys: moving between imports without a pointer, and the list of all keys.

const KEYS = [
  [["/"], "find a module; Enter there goes to the next one found"],
  [["n", "N"], "next, previous one found"],
  [["\u2193", "\u2191"], "into the longest import inside; out to the one that asked for it"],
  [["\u2190", "\u2192"], "import before, after, at the same level"],
  [["Home", "End"], "first, last of this level"],
  [["Page Up", "Page Down"], "thread or process above, below"],
  [["Enter"], "zoom to the import"],
  [["Esc"], "zoom back"],
  [["+", "\u2212"], "zoom in, out"],
  [["f"], "fold or unfold this thread"],
  [["b"], "everything until the first batch"],
  [["0"], "the whole run"],
  [["w"], "go to the pane about the selected module"],
  [["?"], "this list"],
];

function buildKeys() {
  const rows = KEYS.flatMap(([keys, told]) => [
    make("dt", {}, keys.flatMap((each, number) => [number ? " " : "", make("kbd", {}, each)])), make("dd", {}, told),
  ]);
  const close = make("button", { type: "button", class: "more", onclick: () => byId("keys").close() }, "Close");
  byId("keys").append(make("h2", { id: "keys-title" }, "Keys"), make("dl", {}, rows), close);
}

function watchKeys() {
  document.addEventListener("keydown", anywhere);
  for (const chart of charts) {
    chart.canvas.addEventListener("keydown", (event) => inIcicle(chart, event));
    chart.canvas.addEventListener("focus", () => {
      if (!state.node && chart.canvas.matches(":focus-visible")) select(firstNode(chart), { still: true, quiet: true });
    });
  }
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
    if (event.key === "Escape" && byId("search").value) clearSearch();
    else if (event.key === "Escape") charts[state.shown].canvas.focus();
  });
}

function anywhere(event) {
  const typing = event.target.matches("input, textarea, select"), chosen = event.ctrlKey || event.metaKey || event.altKey;
  if (typing || chosen || byId("keys").open) return;
  const acts = { "/": () => byId("search").select(), "?": () => byId("keys").showModal(), w: () => byId("why").focus() };
  if (!(event.key in acts)) return;
  event.preventDefault();
  acts[event.key]();
}

function inIcicle(chart, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const node = state.node?.profile === chart.profile ? state.node : firstNode(chart);
  const acts = {
    ArrowUp: () => go(node.up), ArrowDown: () => go(longest(node.children)),
    ArrowLeft: () => go(beside(node, -1)), ArrowRight: () => go(beside(node, 1)),
    Home: () => go(siblingsOf(node)[0]), End: () => go(siblingsOf(node).at(-1)),
    PageUp: () => go(otherLane(node, -1)), PageDown: () => go(otherLane(node, 1)),
    Enter: () => zoomTo(node), " ": () => zoomTo(node), Escape: leave,
    "+": () => zoomBy(0.5, middle(node)), "=": () => zoomBy(0.5, middle(node)), "-": () => zoomBy(2, middle(node)),
    0: () => showAll(), b: zoomHome, f: () => fold(node.lane), n: () => nextMatch(1), N: () => nextMatch(-1),
  };
  if (!node || !(event.key in acts)) return;
  event.preventDefault();
  event.stopPropagation();
  acts[event.key]();
}

const firstNode = (chart) => longest(chart.profile.lanes[0]?.roots || []);
const middle = (node) => Math.min(state.view[1], Math.max(state.view[0], (node.start_s + node.end_s) / 2));

function longest(nodes) {
  return nodes.reduce((best, each) => (!best || each.wall_s > best.wall_s ? each : best), null);
}

function beside(node, step) {
  const all = siblingsOf(node);
  return all[all.indexOf(node) + step];
}

function otherLane(node, step) {
  const { lanes } = node.profile;
  const lane = lanes[lanes.indexOf(node.lane) + step];
  return lane && longest(lane.roots);
}

function go(node) {
  if (node) select(node, {});
}

function leave() {
  if (!zoomBack()) select(null);
}

function showAll() {
  const { start, stop } = limits();
  state.trail = [];
  show([start, stop]);
  tell("trail");
}

// Brings the selected import into view: unfolds its lane, scrolls, pans; keeps the zoom where it can.
function reveal(node) {
  if (node.lane.folded && node.depth) fold(node.lane);
  const { holder } = chartOf(node), top = node.lane.top + node.depth * ROW, room = holder.clientHeight - HEAD;
  if (top < holder.scrollTop) holder.scrollTop = Math.max(0, top - ROW);
  if (top + ROW > holder.scrollTop + room) holder.scrollTop = top + 2 * ROW - room;
  const [from, to] = state.view, width = to - from;
  if (node.start_s >= from && node.end_s <= to) return;
  if (node.start_s < from && node.end_s > to) return;
  const centre = node.wall_s > width ? node.start_s + width * 0.45 : (node.start_s + node.end_s) / 2;
  show([centre - width / 2, centre + width / 2]);
}

function nextMatch(step) {
  const found = [...(state.matches || [])];
  if (!found.length) return;
  const now = found.indexOf(state.node);
  select(found[now < 0 ? 0 : (now + step + found.length) % found.length], {});
}

function clearSearch() {
  byId("search").value = "";
  search("");
}

function setSearch(query) {
  byId("search").value = state.query === query ? "" : query;
  search(byId("search").value);
}

function spoken(node) {
  const inside = node.inside ? `, ${plural(node.inside, "import")} inside` : "";
  const tags = tagTexts(node).map(([text]) => `, ${text}`).join("");
  return `${node.name}, ${seconds(node.wall_s)}, ${seconds(node.self_wall_s)} by itself${inside}${tags}, level ${node.depth + 1}`;
}
