// Pointer: hovering tells, clicking selects and zooms, dragging pans, the wheel with Ctrl zooms.

function watchPointer() {
  charts.forEach(watchChart);
}

function watchChart(chart) {
  const { canvas, holder } = chart;
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = event.button === 0 ? { x: event.clientX, view: state.view, moved: false } : null;
  });
  window.addEventListener("pointerup", () => setTimeout(() => { drag = null; }, 0));
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons && event.pointerType !== "touch") pan(chart, drag, event.clientX);
    else hover(chart, event);
  });
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("click", (event) => {
    if (!(drag && drag.moved)) click(chart, event);
  });
  canvas.addEventListener("wheel", (event) => wheel(chart, event), { passive: false });
  holder.addEventListener("scroll", () => { hideTip(); drawChart(chart); });
  new ResizeObserver(() => drawChart(chart)).observe(holder);
}

function pan(chart, drag, x) {
  const shift = (drag.x - x) * (drag.view[1] - drag.view[0]) / chart.width;
  if (Math.abs(drag.x - x) > 4) drag.moved = true;
  if (!drag.moved) return;
  hideTip();
  show([drag.view[0] + shift, drag.view[1] + shift], { still: true });
}

function click(chart, event) {
  const node = nodeAt(chart, event.offsetX, event.offsetY), lane = laneLabelAt(chart, event.offsetY);
  hideTip();
  if (lane) fold(lane);
  if (!node) return;
  select(node, { still: true });
  if (event.pointerType !== "touch" || node === click.last) zoomTo(node);
  click.last = node;
}

function fold(lane) {
  const chart = charts[lane.profile.index];
  lane.folded = !lane.folded;
  layOut(chart);
  drawChart(chart);
}

function wheel(chart, event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const x = event.clientX - chart.canvas.getBoundingClientRect().left;
  const centre = state.view[0] + x * (state.view[1] - state.view[0]) / chart.width;
  zoomBy(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 140), centre, { still: true });
}

function hover(chart, event) {
  const node = nodeAt(chart, event.offsetX, event.offsetY), tip = byId("tip");
  chart.canvas.style.cursor = node ? "zoom-in" : laneLabelAt(chart, event.offsetY) ? "pointer" : "default";
  if (!node) {
    hideTip();
    return;
  }
  if (hover.node !== node) tip.replaceChildren(...tipOf(node));
  hover.node = node;
  tip.hidden = false;
  placeTip(tip, event.clientX, event.clientY);
}

function placeTip(tip, x, y) {
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = x + 14 + width > innerWidth - 8 ? Math.max(8, x - width - 14) : x + 14;
  const top = y + 16 + height > innerHeight - 8 ? Math.max(8, y - height - 12) : y + 16;
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

function hideTip() {
  byId("tip").hidden = true;
  hover.node = null;
}

function tipOf(node) {
  const rows = [
    ["total", seconds(node.wall_s)], ["by itself", seconds(node.self_wall_s)],
    ["CPU", `${seconds(node.cpu_s)}, ${seconds(node.self_cpu_s)} by itself`],
    ["memory", memoryOf(node)], ["major faults", grouped(node.major_faults)],
    node.read_bytes ? ["read", bytes(node.read_bytes)] : null,
    node.inside ? ["inside", plural(node.inside, "import")] : null,
    ["phase", phaseName(node.phase)],
  ].filter(Boolean);
  return [
    make("b", {}, node.name),
    ...tagTexts(node).map(([text, ink]) => make("div", { class: ink }, text)),
    make("dl", {}, rows.flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)])),
    node.file ? make("div", { class: "place" }, place(node.file, node.line)) : "",
  ];
}

// The page knows it in steps of 64 KiB.
function memoryOf(node) {
  return node.rss_bytes ? signed(node.rss_bytes, bytes) : "under 64 KiB";
}

// What is special about a module, in a few words and a colour.
function tagTexts(node) {
  const tags = [];
  if (node.error) tags.push([`failed: ${node.error}`, "bad-ink"]);
  if (node.hidden) tags.push(["hidden import", "hidden-ink"]);
  if (node.use && node.use !== "statement") tags.push([node.use === "call" ? "asked for by a call" : "first use of a deferral", "soft"]);
  if (!node.before_batch && node.profile.batch) tags.push(["after the first batch", "soft"]);
  return tags;
}
