// Icicle: draws every import from its start to its end, below the one that asked for it.

const ROW = 19, HEAD = 36, LANE = 18;
const charts = []; // one per run: { profile, holder, canvas, rest, pen, width, height }
const chartOf = (node) => charts[node.profile.index];

function colour(name) {
  return (colour.known[name] ||= getComputedStyle(document.documentElement).getPropertyValue(name).trim());
}

colour.known = {};

function sharp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  return pen;
}

// The seven packages that take longest get a colour of their own; the program's own code and the rest share one each.
function chooseColours() {
  const totals = new Map(), kinds = new Map();
  for (const profile of report.profiles) {
    for (const each of profile.packages) {
      totals.set(each.name, (totals.get(each.name) || 0) + each.wall_s);
      kinds.set(each.name, each.kind);
    }
  }
  const ranked = [...totals.keys()].filter((name) => kinds.get(name) === "installed").sort((a, b) => totals.get(b) - totals.get(a));
  const chosen = new Map(ranked.slice(0, 7).map((name, number) => [name, `--fill-${number}`]));
  for (const name of totals.keys()) {
    const kind = kinds.get(name);
    if (!chosen.has(name)) chosen.set(name, kind === "own" ? "--own" : kind === "installed" ? "--other" : "--stdlib");
  }
  report.colours = chosen;
  report.kinds = kinds;
  report.ranked = ranked.slice(0, 7);
}

const fillOf = (node) => report.colours.get(node.package) || "--other";

function laneName(lane) {
  const process = lane.profile.processes[lane.process];
  const name = process ? process.role + (/^(main|rank)/.test(process.role) ? "" : ` ${process.pid}`) : `process ${lane.process}`;
  return lane.thread ? `${name}, thread ${lane.thread}` : name;
}

function buildCharts() {
  for (const profile of report.profiles) {
    const name = comparing() ? sideLabel(profile) : profile.title;
    const canvas = make("canvas", {
      tabindex: "0", role: "application", "aria-roledescription": "icicle of imports over time", id: profile.index ? "icicle-b" : "icicle",
      "aria-label": `Imports of ${name} over time. Arrow keys move between imports, Enter zooms, Escape goes back, question mark lists all keys.`,
    });
    const rest = make("div", {}), holder = make("div", { class: "chart" }, canvas, rest);
    charts.push({ profile, holder, canvas, rest, pen: null, width: 0, height: 0 });
    byId("charts").append(...(comparing() ? [make("p", { class: "side" }, name)] : []), holder);
  }
  for (const chart of charts) {
    layOut(chart);
    const most = comparing() ? 300 : 392;
    chart.holder.style.height = `${Math.min(most, Math.max(110, chart.height + HEAD + 2))}px`;
  }
}

function layOut(chart) {
  let y = 0;
  const { lanes } = chart.profile;
  lanes.forEach((lane, number) => {
    lane.folded ??= number > 5;
    lane.labelled = lanes.length > 1;
    lane.y = y;
    lane.top = y + (lane.labelled ? LANE : 0);
    lane.visible = lane.folded ? 1 : lane.rows.length;
    y = lane.top + lane.visible * ROW + 6;
  });
  chart.height = y + 6;
}

function drawCharts() {
  charts.forEach(drawChart);
}

function drawChart(chart) {
  const width = chart.holder.clientWidth, height = chart.holder.clientHeight;
  if (!width || !height) return;
  chart.width = width;
  chart.rest.style.height = `${Math.max(0, chart.height + HEAD - height)}px`;
  const pen = chart.pen = sharp(chart.canvas, width, height);
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = "middle";
  chart.scroll = chart.holder.scrollTop;
  chart.scale = width / (state.view[1] - state.view[0]);
  drawGround(pen, chart, height);
  pen.save();
  pen.beginPath();
  pen.rect(0, HEAD, width, height - HEAD);
  pen.clip();
  for (const lane of chart.profile.lanes) drawLane(pen, chart, lane, height);
  drawSelected(pen, chart);
  pen.restore();
  drawMilestones(pen, chart, height);
  drawRuler(pen, chart);
}

// Every other phase has a slightly different ground.
function drawGround(pen, { profile, width, scale }, height) {
  pen.fillStyle = colour("--paper");
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = colour("--band");
  profile.phases.forEach((phase, order) => {
    if (order % 2) pen.fillRect((phase.start_s - state.view[0]) * scale, HEAD, phase.wall_s * scale, height - HEAD);
  });
}

function drawLane(pen, chart, lane, height) {
  if (lane.labelled) {
    const more = lane.folded && lane.rows.length > 1 ? ` (folded: click to unfold ${lane.rows.length} levels)` : "";
    pen.fillStyle = colour("--soft");
    pen.fillText(laneName(lane) + more, 6, HEAD + lane.y - chart.scroll + LANE / 2 + 1);
  }
  for (let depth = 0; depth < lane.visible; depth += 1) {
    const y = HEAD + lane.top + depth * ROW - chart.scroll;
    if (y < HEAD - ROW || y > height || !lane.rows[depth]) continue;
    drawRow(pen, chart, lane.rows[depth], y);
  }
}

function drawRow(pen, { width, scale }, row, y) {
  const [from, to] = state.view;
  let drawn = -1;
  for (const node of row) {
    if (node.end_s < from || node.start_s > to) continue;
    const x = Math.max(-2, (node.start_s - from) * scale);
    const right = Math.min(width + 2, (node.end_s - from) * scale);
    if (right - x < 0.5 && right < drawn + 0.5) continue;
    drawNode(pen, node, x, y, Math.max(0.7, right - x), width);
    drawn = right;
  }
}

function drawNode(pen, node, x, y, width, edge) {
  const fill = fillOf(node), dim = state.matches && !state.matches.has(node);
  pen.globalAlpha = dim ? 0.2 : node.before_batch || !node.profile.batch ? 1 : 0.62;
  pen.fillStyle = colour(fill);
  pen.fillRect(x, y, width > 3 ? width - 1 : width, ROW - 1);
  pen.globalAlpha = dim ? 0.5 : 1;
  if (node.error) hatch(pen, x, y, Math.min(width, 16));
  if (isHiddenTop(node) && width > 2) notch(pen, x, y, width);
  if (node.use === "first use" && width > 6) firstUse(pen, x, y);
  pen.globalAlpha = 1;
  if (width > 26) writeName(pen, node, x, y, Math.min(x + width, edge), dim ? "--soft" : fill === "--own" ? "--on-own" : "--on-fill");
  pen.globalAlpha = 1;
}

function notch(pen, x, y, width) {
  pen.fillStyle = colour("--hidden");
  pen.fillRect(x, y, width - 1, 2);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + Math.min(8, width), y);
  pen.lineTo(x, y + 8);
  pen.fill();
}

function firstUse(pen, x, y) {
  pen.fillStyle = colour("--ink");
  pen.fillRect(x, y, 2, ROW - 1);
}

function hatch(pen, x, y, width) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, ROW - 1);
  pen.clip();
  pen.strokeStyle = colour("--bad");
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (let at = x - ROW; at < x + width; at += 5) {
    pen.moveTo(at, y + ROW);
    pen.lineTo(at + ROW, y);
  }
  pen.stroke();
  pen.restore();
}

// The whole name if there is room, else its end, and its time where that fits as a whole.
function writeName(pen, node, x, y, right, ink) {
  const left = Math.max(x, 0) + 5 + (node.error ? 14 : isHiddenTop(node) ? 4 : 0);
  const room = right - left - 5;
  const parts = node.name.split("."), last = parts.at(-1);
  const names = [node.name, ...parts.slice(1).map((_, cut) => `\u2026${parts.slice(cut + 1).join(".")}`), last];
  const name = names.find((each) => pen.measureText(each).width <= room);
  if (!name) return;
  pen.fillStyle = colour(ink);
  pen.fillText(name, left, y + ROW / 2);
  const time = seconds(node.wall_s), used = pen.measureText(name).width;
  if (used + pen.measureText(time).width + 10 > room) return;
  pen.globalAlpha *= 0.72;
  pen.fillText(time, left + used + 8, y + ROW / 2);
}

function drawSelected(pen, { profile, scale, scroll, width: edge }) {
  const node = state.node;
  if (!node || node.profile !== profile || (node.lane.folded && node.depth)) return;
  const y = HEAD + node.lane.top + node.depth * ROW - scroll;
  const x = Math.max(1, (node.start_s - state.view[0]) * scale);
  const right = Math.min(edge - 1, Math.max(x + 4, (node.end_s - state.view[0]) * scale - 1));
  pen.lineWidth = 2;
  pen.strokeStyle = colour("--ink");
  if (right > x) pen.strokeRect(x, y, right - x, ROW - 1);
}

function drawMilestones(pen, { profile, scale, width }, height) {
  const taken = [];
  for (const mark of milestones(profile)) {
    const x = Math.round((mark.at - state.view[0]) * scale) + 0.5;
    if (x < 0 || x > width) continue;
    pen.strokeStyle = pen.fillStyle = colour(mark.rank ? "--edge" : "--accent");
    pen.lineWidth = mark.rank ? 1 : 2;
    pen.setLineDash(mark.rank ? [3, 3] : []);
    pen.beginPath();
    pen.moveTo(x, 18);
    pen.lineTo(x, height);
    pen.stroke();
    pen.setLineDash([]);
    const size = pen.measureText(mark.name).width, from = x + size + 6 > width ? x - size - 5 : x + 5;
    if (taken.some(([a, b]) => from < b + 6 && from + size > a - 6)) continue;
    taken.push([from, from + size]);
    pen.fillStyle = colour(mark.rank ? "--soft" : "--accent");
    pen.fillText(mark.name, from, 27);
  }
}

function drawRuler(pen, { width, scale }) {
  const [from, to] = state.view;
  const step = niceStep((to - from) * 90 / width), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  pen.strokeStyle = colour("--line");
  pen.fillStyle = colour("--soft");
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = Math.round((at - from) * scale) + 0.5;
    pen.moveTo(x, 0);
    pen.lineTo(x, 6);
    const text = `${grouped(Math.abs(at) < step / 2 ? 0 : at, digits)} s`;
    if (x + 4 + pen.measureText(text).width < width) pen.fillText(text, x + 4, 9);
  }
  pen.moveTo(0, HEAD - 0.5);
  pen.lineTo(width, HEAD - 0.5);
  pen.stroke();
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((each) => each * power >= least);
}

function laneAt(chart, y) {
  const at = y - HEAD + chart.holder.scrollTop;
  const lane = y < HEAD ? null : chart.profile.lanes.find((each) => at >= each.y && at < each.top + each.visible * ROW);
  return lane ? { lane, depth: Math.floor((at - lane.top) / ROW) } : null;
}

function nodeAt(chart, x, y) {
  const found = laneAt(chart, y), each = (state.view[1] - state.view[0]) / chart.width;
  if (!found || found.depth < 0) return null;
  const time = state.view[0] + x * each, row = found.lane.rows[found.depth] || [];
  return row.find((node) => node.start_s <= time && time <= node.end_s)
    || row.find((node) => Math.abs(node.start_s - time) < 2 * each && node.wall_s < 2 * each) || null;
}

function laneLabelAt(chart, y) {
  const found = laneAt(chart, y);
  return found && found.lane.labelled && found.depth < 0 ? found.lane : null;
}
