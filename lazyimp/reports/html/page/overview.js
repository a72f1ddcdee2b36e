// Overview: the phases and milestones of the whole start, where imports run, and the part the icicle shows.

const MARK_WORDS = { main: "main program", hook: "recording begins", exit: "exit", site: "site" };

function overviewRange() {
  const { start, stop } = limits();
  const batches = report.profiles.filter((each) => each.batch);
  if (batches.length < report.profiles.length) return [start, stop];
  return [start, Math.min(stop, start + (batchEnd() - start) * 1.18)];
}

function buildOverview() {
  const holder = byId("overview"), range = overviewRange();
  const at = (time) => 100 * (time - range[0]) / (range[1] - range[0]);
  for (const profile of report.profiles) {
    if (comparing()) holder.append(make("p", { class: "side" }, sideLabel(profile)));
    const strip = make("div", { class: "strip", role: "group", "aria-label": `Phases ${sideName(profile)}`.trim() });
    profile.phases.forEach((phase, number) => strip.append(phaseButton(profile, phase, number, at)));
    holder.append(strip, make("canvas", { class: "ribbon", "aria-hidden": "true" }), make("div", { class: "flags" }));
    rove(strip, "button");
  }
  holder.append(make("div", { class: "brush", id: "brush" }));
  new ResizeObserver(() => drawOverview()).observe(holder);
  on("view", placeBrush);
  on("theme", drawOverview);
  brushing(holder, range);
}

function phaseButton(profile, phase, number, at) {
  const from = Math.max(0, at(phase.start_s)), to = Math.min(100, at(phase.start_s + phase.wall_s));
  const name = phaseTitle(phase);
  const told = `${name} ${seconds(phase.wall_s)}, ${plural(phase.imports, "import")}${phase.hidden_imports ? `, ${grouped(phase.hidden_imports)} hidden` : ""}`;
  const after = profile.batch && phase.start_s >= profile.batch.at_s - 1e-9;
  const button = make("button", {
    type: "button", title: told, "aria-label": told, tabindex: "-1", "data-name": name, "data-time": seconds(phase.wall_s),
    class: after ? "after" : number % 2 ? "odd" : "", hidden: to <= 0 || from >= 100,
    styles: { left: `${from}%`, width: `max(2px, ${to - from}%)` },
    onclick: () => zoomToTime(phase.start_s, phase.start_s + phase.wall_s, name),
  });
  return button;
}

// One element of a group takes the tab stop; arrow keys move it.
function rove(group, selector, along = () => {}) {
  const all = () => [...group.querySelectorAll(selector)].filter((each) => !each.hidden);
  const first = all()[0];
  if (first && !all().some((each) => each.tabIndex === 0)) first.tabIndex = 0;
  group.addEventListener("keydown", (event) => {
    const items = all(), now = items.indexOf(document.activeElement);
    const steps = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: items.length - 1 };
    if (now < 0 || !(event.key in steps)) return;
    event.preventDefault();
    const next = items[(steps[event.key] + items.length) % items.length];
    for (const each of items) each.tabIndex = each === next ? 0 : -1;
    next.focus();
    along(next);
  });
}

function drawOverview() {
  const holder = byId("overview"), width = holder.clientWidth, range = overviewRange();
  const scale = width / (range[1] - range[0]);
  holder.querySelectorAll(".strip button").forEach(labelPhase);
  report.profiles.forEach((profile, index) => {
    drawRibbon(holder.querySelectorAll(".ribbon")[index], profile, range[0], scale, width);
    placeFlags(holder.querySelectorAll(".flags")[index], profile, range[0], scale, width);
  });
  placeBrush();
}

function labelPhase(button) {
  const { name, time } = button.dataset, room = button.clientWidth - 12;
  const fits = [`${name} ${time}`, name].find((each) => each.length * 6.9 < room);
  button.replaceChildren(...(fits ? [make("span", {}, name, fits === name ? "" : make("b", { class: "soft" }, ` ${time}`))] : []));
}

// Where the main thread imports, and in another colour where a reader of the program would not see it.
function drawRibbon(canvas, profile, start, scale, width) {
  const pen = sharp(canvas, width, 8);
  pen.fillStyle = colour("--panel");
  pen.fillRect(0, 0, width, 8);
  for (const node of profile.nodes) {
    if (node.process || node.thread || (node.up && !isHiddenTop(node))) continue;
    pen.fillStyle = colour(node.hidden ? "--hidden" : "--accent");
    pen.fillRect((node.start_s - start) * scale, 0, Math.max(0.6, node.wall_s * scale), 8);
  }
}

function milestones(profile) {
  const marks = profile.marks.filter((each) => !profile.batch || each.name !== "first batch").map((each) => ({ at: each.at_s, name: MARK_WORDS[each.name] || each.name, rank: 1 }));
  if (profile.batch) marks.push({ at: profile.batch.at_s, name: "first batch", rank: 0 });
  return marks.sort((a, b) => a.rank - b.rank || a.at - b.at);
}

function placeFlags(holder, profile, start, scale, width) {
  const taken = [];
  holder.replaceChildren();
  for (const mark of milestones(profile)) {
    const x = (mark.at - start) * scale, told = `${mark.name} ${seconds(mark.at)}`;
    if (x < 0 || x > width + 1) continue;
    const flag = make("span", { class: mark.rank ? "" : "batch", title: told }, told);
    holder.append(flag);
    const size = flag.offsetWidth, left = x + size > width, from = left ? x - size : x;
    if (taken.every(([a, b]) => from > b + 4 || from + size < a - 4)) {
      taken.push([from, from + size]);
      flag.classList.toggle("left", left);
      flag.style.left = `${Math.max(0, from)}px`;
    } else {
      flag.replaceChildren();
      flag.classList.add("tick");
      flag.style.left = `${Math.min(x, width - 2)}px`;
    }
  }
}

function placeBrush() {
  const range = overviewRange(), width = byId("overview").clientWidth, scale = width / (range[1] - range[0]);
  const from = Math.max(0, (state.view[0] - range[0]) * scale), to = Math.min(width, (state.view[1] - range[0]) * scale);
  const brush = byId("brush");
  brush.hidden = atHome() || to - from > width - 2 || to <= 0 || from >= width;
  Object.assign(brush.style, { left: `${from}px`, width: `${Math.max(6, to - from)}px` });
}

// Dragging over the overview zooms to what was passed over.
function brushing(holder, range) {
  let began = null;
  const timeAt = (event) => {
    const box = holder.getBoundingClientRect();
    return range[0] + (range[1] - range[0]) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  holder.addEventListener("pointerdown", (event) => { began = { x: event.clientX, time: timeAt(event), moved: false }; });
  holder.addEventListener("pointermove", (event) => {
    if (!began || !event.buttons || Math.abs(event.clientX - began.x) < 5) return;
    began.moved = true;
    const to = timeAt(event);
    state.trail = [{ name: "selection", view: [Math.min(began.time, to), Math.max(began.time, to)] }];
    show(state.trail[0].view, { still: true });
  });
  holder.addEventListener("click", (event) => {
    if (began && began.moved) {
      event.stopPropagation();
      tell("trail");
    }
    began = null;
  }, true);
}
