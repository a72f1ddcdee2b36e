// Panes: the tables below the timeline, one per question.

const panes = []; // { id, title, count(profile), build(profile) -> element, tables }

function definePanes() {
  if (comparing()) panes.push(...comparePanes());
  panes.push(
    { id: "todo", title: "What to do", count: (p) => p.findings.length, build: findingsPane },
    { id: "phases", title: "Phases", count: (p) => p.phases.length, build: phasesPane },
    { id: "packages", title: "Packages", count: (p) => p.packages.length, build: packagesPane },
    { id: "modules", title: "Modules", count: (p) => p.nodes.length, build: modulesPane },
    { id: "hidden", title: "Hidden", count: (p) => hiddenNodes(p).length, build: hiddenPane },
    { id: "reified", title: "Loaded anyway", count: (p) => loadedAnyway(p).length, build: reifiedPane },
    { id: "never", title: "Never used", count: (p) => neverUsed(p).length, build: neverPane },
    { id: "failed", title: "Failed", count: (p) => failures(p).length, build: failedPane },
    { id: "files", title: "Slow files", count: (p) => p.files.length, build: filesPane },
    { id: "processes", title: "Processes", count: (p) => p.processes.length, build: processesPane },
  );
}

function buildPanes() {
  definePanes();
  const tabs = byId("tabs"), holder = byId("pane-holder");
  for (const pane of panes) {
    pane.tab = make("button", { type: "button", role: "tab", id: `tab-${pane.id}`, "aria-controls": `pane-${pane.id}`, tabindex: "-1", onclick: () => openPane(pane) });
    pane.element = make("div", { class: "pane", role: "tabpanel", id: `pane-${pane.id}`, "aria-labelledby": `tab-${pane.id}`, "data-title": pane.title, tabindex: "0" });
    tabs.append(pane.tab);
    holder.append(pane.element);
  }
  countPanes();
  rove(tabs, "button", (tab) => tab.click());
  openPane(panes.find((each) => each.count(shown())) || panes[0]);
  on("shown", () => { countPanes(); fillPane(current()); });
  on("search", () => current().tables.forEach((each) => each.draw()));
  on("select", () => markChosen(current().element));
}

const current = () => panes.find((each) => each.id === state.pane);

function countPanes() {
  for (const pane of panes) {
    const count = make("span", { class: "count" }, grouped(pane.count(shown())));
    pane.tab.replaceChildren(pane.title, count);
  }
}

function openPane(pane) {
  state.pane = pane.id;
  for (const each of panes) {
    const open = each === pane;
    each.tab.setAttribute("aria-selected", String(open));
    each.tab.tabIndex = open ? 0 : -1;
    each.element.hidden = !open;
  }
  fillPane(pane);
}

function fillPane(pane) {
  pane.tables = [];
  const parts = pane.build(shown(), (table) => { pane.tables.push(table); return table.element; });
  pane.element.replaceChildren(...[pane.both ? null : sidePicker(), ...parts].filter(Boolean));
}

function sidePicker() {
  if (!comparing()) return null;
  return make("div", { class: "side-pick", role: "group", "aria-label": "Which run" }, report.profiles.map((profile) => make("button", {
    type: "button", "aria-pressed": String(profile === shown()),
    onclick: () => { state.shown = profile.index; tell("shown"); },
  }, sideLabel(profile))));
}

const nodeRow = (node) => ({ node, name: node.name });
const nodeMatches = (row) => !state.matches || state.matches.has(row.node);
const textMatches = (text) => (row) => !state.query || textMatcher(state.query)(text(row));
const mostOf = (rows, value) => rows.reduce((most, row) => Math.max(most, value(row)), 0);

function findingsPane(profile) {
  if (!profile.findings.length) return [make("p", {}, "Nothing stands out: no import before the first batch looks avoidable.")];
  return [make("ol", { class: "todo" }, profile.findings.map((each) => {
    const node = profile.byName.get(each.subject);
    return make("li", {},
      make("p", { class: "saves" }, each.saves_s ? [seconds(each.saves_s), make("small", {}, "at most")] : ""),
      make("div", {}, node ? moduleLink(node, each.subject) : make("b", {}, each.subject), make("p", {}, each.how),
        each.file ? make("p", { class: "place" }, place(each.file, each.line)) : null, each.command ? commandLine(each.command) : null));
  }))];
}

function phasesPane(profile, table) {
  const rows = profile.phases.map((phase, order) => ({ phase, order, name: phaseTitle(phase) }));
  const most = mostOf(rows, (row) => row.phase.wall_s);
  const what = (row) => [row.phase.detail, row.phase.packages.map(([name, time]) => `${name} ${seconds(time)}`).join(", ")].filter(Boolean).join("; ");
  const columns = [
    { head: "Phase", value: (row) => row.order, show: (row) => make("button", { type: "button", class: "link keep",
      onclick: () => zoomToTime(row.phase.start_s, row.phase.start_s + row.phase.wall_s, row.name) }, row.name) },
    timeColumn("Time", (row) => row.phase.wall_s), meterColumn((row) => row.phase.wall_s, most, () => "--accent"),
    timeColumn("CPU", (row) => row.phase.cpu_s, { less: true }), countColumn("Imports", (row) => row.phase.imports),
    timeColumn("In imports", (row) => row.phase.imports_wall_s), countColumn("Hidden", (row) => row.phase.hidden_imports),
    countColumn("Major faults", (row) => row.phase.major_faults, { less: true }), bytesColumn("Read", (row) => row.phase.read_bytes, { less: true }),
    { head: "What, by CPU time", less: true, show: (row) => make("span", { class: "soft" }, what(row)) },
  ];
  return [...batchWords(profile), table(tableOf(columns, rows, { matches: textMatches((row) => row.name), empty: "No phase was recorded." }))];
}

const CONFIDENCE = { high: "sure", medium: "likely", low: "a guess" };

function batchWords(profile) {
  const { batch } = profile;
  if (!batch) return [make("p", {}, "No first batch was seen: the phases go on to the program\u2019s end.")];
  const rule = batch.rule.startsWith(batch.framework) ? batch.rule : `${batch.framework}: ${batch.rule}`;
  const sure = CONFIDENCE[batch.confidence] || batch.confidence;
  const others = batch.rejected.map(([name, at, why]) => `${name} at ${seconds(at)}, ${why}`);
  return [make("p", {}, `First batch at ${seconds(batch.at_s)}, told by ${rule}${sure ? ` (${sure})` : ""}.`, others.length ? ` Not taken: ${others.join("; ")}.` : "")];
}

function packagesPane(profile, table) {
  const rows = profile.packages.map((each) => ({ each, name: each.name, node: profile.nodes[each.first - 1] || null }));
  const most = mostOf(rows, (row) => row.each.wall_s);
  const modules = (row) => make("button", { type: "button", class: "link", title: "Its modules", onclick: () => { setSearch(`pkg:${row.name}`); openPane(panes.find((pane) => pane.id === "modules")); } }, grouped(row.each.modules));
  const columns = [
    moduleColumn("Package"), { head: "Kind", value: (row) => row.each.kind, less: true },
    { head: "Modules", n: true, value: (row) => row.each.modules, show: modules },
    timeColumn("Time by itself", (row) => row.each.wall_s), meterColumn((row) => row.each.wall_s, most, (row) => report.colours.get(row.name)),
    timeColumn("CPU", (row) => row.each.cpu_s, { less: true }), countColumn("Hidden", (row) => row.each.hidden_modules),
    bytesColumn("Memory", (row) => row.each.rss_bytes, { less: true }), bytesColumn("Read", (row) => row.each.read_bytes, { less: true }),
    countColumn("Deferrals", (row) => row.each.deferred, { less: true }),
  ];
  return [make("p", {}, "Times leave out what a package\u2019s modules import from other packages."),
    table(tableOf(columns, rows, { sort: { column: 3, down: true }, matches: textMatches((row) => row.name), empty: "Nothing was imported." }))];
}

function modulesPane(profile, table) {
  const most = mostOf(profile.nodes, (node) => node.self_wall_s);
  const columns = [
    moduleColumn(), timeColumn("Time by itself", (row) => row.node.self_wall_s), meterColumn((row) => row.node.self_wall_s, most, (row) => fillOf(row.node)),
    timeColumn("Total", (row) => row.node.wall_s, { less: true }), timeColumn("CPU by itself", (row) => row.node.self_cpu_s, { less: true }),
    countColumn("Inside", (row) => row.node.inside, { less: true }), placeColumn("Asked for by", (row) => place(row.node.file, row.node.line)),
  ];
  return [table(tableOf(columns, profile.nodes.map(nodeRow), { sort: { column: 1, down: true }, matches: nodeMatches, empty: "Nothing was imported." }))];
}

// As in picks.py: what the main process loaded late; what a first use loads has a table of its own.
function hiddenNodes(profile) {
  return profile.nodes.filter((each) => isHiddenTop(each) && !each.process && !each.error && each.use !== "first use");
}

function hiddenPane(profile, table) {
  const rows = hiddenNodes(profile).map(nodeRow), most = mostOf(rows, (row) => row.node.wall_s);
  const columns = [
    moduleColumn(), timeColumn("Total", (row) => row.node.wall_s), meterColumn((row) => row.node.wall_s, most, () => "--hidden"),
    timeColumn("CPU", (row) => row.node.cpu_s, { less: true }), countColumn("Inside", (row) => row.node.inside, { less: true }),
    { head: "Phase", value: (row) => phaseName(row.node.phase), less: true, kind: "keep" }, { head: "Asked for by", value: (row) => row.node.use, less: true, show: (row) => USES[row.node.use] || row.node.use },
    placeColumn("Where", (row) => place(row.node.file, row.node.line)),
  ];
  const all = profile.nodes.filter((each) => each.hidden).length;
  const intro = `No import statement of the program shows these: a function, a first use or a framework loaded them. ${plural(all, "module")} in all; each row counts what it pulled in.`;
  return [make("p", {}, intro), table(tableOf(columns, rows, { sort: { column: 1, down: true }, matches: nodeMatches, empty: "No import is hidden." }))];
}

const USES = { statement: "a statement", call: "a call", "first use": "a first use" };
const written = (row) => place(row.each.file, row.each.line);

// Deferrals whose first use loaded something, with how long that took.
function loadedAnyway(profile) {
  return profile.deferrals.filter((each) => each.verdict === "reified" && each.loaded.length).map((each) => {
    const nodes = each.loaded.map((id) => profile.nodes[id - 1]);
    return { each, name: each.target, node: nodes[0], took: nodes.reduce((sum, node) => sum + node.wall_s, 0) };
  });
}

function reifiedPane(profile, table) {
  const rows = loadedAnyway(profile), most = mostOf(rows, (row) => row.took);
  const usedAt = (row) => place(row.each.used_file, row.each.used_line);
  const columns = [
    moduleColumn("Deferred"), timeColumn("Took", (row) => row.took), meterColumn((row) => row.took, most, (row) => (row.each.before_batch ? "--hidden" : "--stdlib")),
    { head: "Before it", value: (row) => (row.each.before_batch ? "yes" : "no"), less: true },
    { head: "First used at", value: usedAt, show: (row) => [make("span", { class: "place" }, breakable(usedAt(row))), caller(row.each.used_by)] },
    timeColumn("When", (row) => row.each.used_s, { less: true }), placeColumn("Written at", written, { less: true }),
  ];
  const early = rows.filter((row) => row.each.before_batch).length;
  const intro = `Deferred, and loaded all the same by the line that used them first: ${grouped(early)} of ${grouped(rows.length)} before the first batch, and before it putting them off saves nothing.`;
  const matches = textMatches(({ each }) => `${each.target} ${each.bound} ${each.file} ${each.used_file}`);
  return [make("p", {}, intro), table(tableOf(columns, rows, { sort: { column: 1, down: true }, matches, empty: "No first use of a deferred import loaded anything." }))];
}

// Modules that were deferred, used by nobody and not loaded by anybody else; with the statements.
function neverUsed(profile) {
  const rows = new Map();
  for (const each of profile.deferrals) {
    const name = each.target.split(":")[0], found = profile.byName.get(name);
    if (each.verdict !== "never" || each.kind === "submodule" || (found && !found.error)) continue;
    if (!rows.has(name)) rows.set(name, { name, node: null, deferrals: [] });
    rows.get(name).deferrals.push(each);
  }
  return [...rows.values()];
}

// Who wrote a deferral: the program itself, or the package that its module is of.
function writerOf(deferral) {
  const top = deferral.module.split(".")[0];
  return top === "__main__" || report.kinds.get(top) === "own" ? "your code" : top;
}

function neverPane(profile, table) {
  const places = (row) => row.deferrals.map((each) => place(each.file, each.line)), others = (row) => row.deferrals.length - 1;
  const rows = neverUsed(profile).sort((a, b) => b.deferrals.length - a.deferrals.length);
  const columns = [
    { ...moduleColumn("Deferred"), show: (row) => make("code", {}, breakable(row.name)) },
    { head: "By", value: (row) => writerOf(row.deferrals[0]).replace("your code", ""), show: (row) => writerOf(row.deferrals[0]) },
    countColumn("Statements", (row) => row.deferrals.length),
    placeColumn("Written at", (row) => places(row)[0], { show: (row) => [make("span", { class: "place" }, breakable(places(row)[0])), others(row) ? make("span", { class: "soft" }, ` and ${plural(others(row), "other")}`) : ""] }),
    { head: "As", value: (row) => row.deferrals[0].bound, less: true, show: (row) => make("code", {}, breakable([...new Set(row.deferrals.map((each) => each.bound))].slice(0, 3).join(", "))) },
  ];
  const intro = "Deferred, never used in this run, and loaded by nobody else: an eager program would have loaded these for nothing.";
  return [make("p", {}, intro), table(tableOf(columns, rows, { sort: { column: 1, down: false }, matches: textMatches((row) => `${row.name} ${places(row).join(" ")}`), empty: "Every deferred import was used, or nothing was deferred." }))];
}

// What failed, the same failure at the same line once; failures of deferrals at their first use are among them.
function failures(profile) {
  const rows = new Map();
  for (const node of profile.nodes.filter((each) => each.error)) {
    const key = `${node.name} ${node.error} ${place(node.file, node.line)}`;
    const row = rows.get(key) || { node, name: node.name, error: node.error, where: place(node.file, node.line), wall_s: 0, times: 0, late: false };
    row.wall_s += node.wall_s;
    row.times += 1;
    rows.set(key, row);
  }
  for (const each of profile.deferrals.filter((deferral) => deferral.verdict === "failed")) {
    rows.set(`late ${each.id}`, { node: null, name: each.target, error: "failed at its first use", where: place(each.used_file, each.used_line), wall_s: each.wall_s, times: 1, late: true });
  }
  return [...rows.values()];
}

function failedPane(profile, table) {
  const columns = [
    moduleColumn(), { head: "Error", value: (row) => row.error, show: (row) => make("span", { class: row.late ? "bad-ink" : null }, row.error) },
    timeColumn("Took", (row) => row.wall_s), countColumn("Times", (row) => row.times, { less: true }), placeColumn("Asked for by", (row) => row.where),
  ];
  return [make("p", {}, "Imports that raised. Most are optional dependencies that are not there; the search for them takes time too."),
    table(tableOf(columns, failures(profile), { sort: { column: 2, down: true }, matches: textMatches((row) => `${row.name} ${row.where}`), empty: "No import failed." }))];
}

function filesPane(profile, table) {
  const rows = profile.files.map((each) => ({ each, name: each.module || "", node: profile.byName.get(each.module) || null }));
  const columns = [
    placeColumn("File", (row) => row.each.path), { head: "Kind", value: (row) => row.each.kind, less: true },
    timeColumn("Took", (row) => row.each.wall_s), bytesColumn("Read", (row) => row.each.read_bytes), countColumn("Major faults", (row) => row.each.major_faults, { less: true }),
    timeColumn("At", (row) => row.each.at_s, { less: true }), { ...moduleColumn("During"), less: true, show: (row) => (row.name ? moduleColumn().show(row) : "") },
  ];
  const more = profile.all_files > rows.length ? make("p", {}, `The slowest ${grouped(rows.length)} of ${grouped(profile.all_files)} files.`) : null;
  return [more, table(tableOf(columns, rows, { sort: { column: 2, down: true }, matches: textMatches((row) => `${row.each.path} ${row.name}`), empty: "No file was read slowly." }))];
}

function processesPane(profile, table) {
  const processes = new Set(profile.nodes.map((node) => node.process)); // of other ranks only the sums are known
  const rows = profile.processes.map((each, index) => ({ each, index, name: each.main, end: each.end_s ?? null,
    imports_s: each.imports && !processes.has(index) ? null : profile.nodes.filter((node) => node.process === index && !node.up).reduce((sum, node) => sum + node.wall_s, 0) }));
  const columns = [
    countColumn("Process", (row) => row.each.pid, { label: true, show: (row) => String(row.each.pid) }), { head: "Role", value: (row) => row.each.role }, { ...placeColumn("Program", (row) => row.each.main), less: true },
    timeColumn("Began", (row) => row.each.start_s, { less: true }), { ...timeColumn("Lasted", (row) => (row.end === null ? null : row.end - row.each.start_s)), show: (row) => (row.end === null ? "no end recorded" : milli(row.end - row.each.start_s)) },
    timeColumn("CPU", (row) => row.each.cpu_s, { less: true }), countColumn("Imports", (row) => row.each.imports), timeColumn("In imports", (row) => row.imports_s), countColumn("Modules", (row) => row.each.modules, { less: true }),
  ];
  return [...ranksPart(profile, table), table(tableOf(columns, rows, { sort: { column: 3, down: false }, matches: textMatches((row) => `${row.each.role} ${row.name}`), empty: "No process was recorded." }))];
}

// The ranks of one job: the page shows the slowest, this table what all of them came to.
function ranksPart(profile, table) {
  if (!profile.ranks.length) return [];
  const sorted = profile.ranks.slice().sort((a, b) => a.ttfb_s - b.ttfb_s), [least, most] = [sorted[0], sorted.at(-1)];
  const columns = [
    countColumn("Rank", (row) => row.rank, { label: true }), timeColumn("To first batch", (row) => row.ttfb_s), meterColumn((row) => row.ttfb_s, most.ttfb_s, () => "--accent"),
    timeColumn("CPU", (row) => row.ttfb_cpu_s, { less: true }), timeColumn("In imports", (row) => row.imports_wall_s), countColumn("Modules", (row) => row.modules),
    { head: "End", value: (row) => (row.is_complete ? "recorded" : "missing"), less: true },
  ];
  return [
    make("p", {}, `${plural(profile.ranks.length, "rank")}: this report shows rank ${most.rank}, the slowest, ${seconds(most.ttfb_s)}; rank ${least.rank} is the fastest, ${seconds(least.ttfb_s)}; the spread is ${seconds(most.ttfb_s - least.ttfb_s)}.`),
    table(tableOf(columns, profile.ranks, { sort: { column: 1, down: true }, matches: textMatches((row) => `rank ${row.rank}`), empty: "" })), make("h3", {}, "Processes"),
  ];
}
