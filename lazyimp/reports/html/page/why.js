// Why: all that is known about the selected module: who asked for it, where, what it took and what it pulled in.

function buildWhy() {
  on("select", drawWhy);
  on("shown", drawWhy);
  drawWhy();
}

function drawWhy() {
  const node = state.node;
  byId("why").replaceChildren(...(node ? aboutModule(node) : nothingSelected()));
}

function moduleLink(node, text = node.name) {
  return make("button", { type: "button", class: "link", onclick: () => choose(node) }, breakable(text));
}

// A module chosen outside the icicle: shown there, and the pane about it brought into view where it is elsewhere.
function choose(node) {
  select(node, {});
  const why = byId("why"), box = why.getBoundingClientRect();
  if (box.top > innerHeight - 120 || box.bottom < 120) why.scrollIntoView({ block: "nearest" });
}

function nothingSelected() {
  const nodes = shown().nodes.slice().sort((a, b) => b.self_wall_s - a.self_wall_s).slice(0, 10);
  return [
    make("h2", { id: "why-title" }, "Why was it imported?"),
    make("p", { class: "soft" }, "Select a module in the timeline or in a table: here is then who asked for it and what it pulled in."),
    make("h3", {}, "Longest by themselves"),
    make("ul", { class: "pulled" }, nodes.map((each) => make("li", {}, moduleLink(each), make("span", {}, seconds(each.self_wall_s))))),
  ];
}

function aboutModule(node) {
  return [
    make("h2", { id: "why-title", class: "mono" }, breakable(node.name)),
    comparing() ? make("p", { class: "soft" }, sideLabel(node.profile)) : null,
    make("ul", { class: "tags" }, tagTexts(node).map(([text, ink]) => make("li", { class: ink }, text))),
    definitions(figuresOf(node), "facts"),
    ...otherRun(node),
    ...deferralParts(node),
    make("h3", {}, "Import chain"),
    make("ol", { class: "chain" }, chainOf(node).map((each) => chainStep(each, node))),
    ...requestParts(node),
    ...pulledParts(node),
    make("h3", {}, "In the terminal"),
    commandLine(`lazyimp why ${shellWord(node.name)}`),
  ].filter(Boolean);
}

function figuresOf(node) {
  return [
    ["total", seconds(node.wall_s)], ["by itself", seconds(node.self_wall_s)], ["began at", seconds(node.start_s)],
    ["CPU", seconds(node.cpu_s)], ["CPU by itself", seconds(node.self_cpu_s)], ["memory", memoryOf(node)],
    ["major faults", grouped(node.major_faults)], ["read", bytes(node.read_bytes)],
    ["phase", phaseName(node.phase)],
    node.profile.processes.length > 1 || node.thread ? ["in", laneName(node.lane)] : null,
  ];
}

function otherRun(node) {
  if (!comparing()) return [];
  const profile = report.profiles[1 - node.profile.index], other = profile.byName.get(node.name);
  const told = other ? [moduleLink(other, `${sideName(profile)}: ${seconds(other.wall_s)}`), `, ${seconds(other.self_wall_s)} by itself`] : [`${sideName(profile)} did not import it`];
  return [make("h3", {}, "In the other run"), make("p", {}, told)];
}

// A function that another one makes has its own name; one that only ran as deferring stopped did not use what it names.
function caller(name) {
  if (!name) return "";
  const own = name.replace(" <running>", "").split(".<locals>.").pop();
  return (own && own !== "<module>" ? ` in ${own}()` : "") + (name.endsWith(" <running>") ? ", running" : "");
}

function deferralParts(node) {
  const { deferral } = node;
  if (!deferral) return [];
  return [
    make("h3", {}, "Deferred, then loaded"),
    make("p", {}, "Written ", make("span", { class: "place" }, place(deferral.file, deferral.line)),
      ` as ${deferral.bound}, in ${deferral.module}`),
    make("p", {}, "First used ", make("span", { class: "place" }, place(deferral.used_file, deferral.used_line)),
      caller(deferral.used_by), deferral.used_s === null ? "" : `, at ${seconds(deferral.used_s)}`),
  ];
}

function chainOf(node) {
  const chain = [];
  for (let each = node; each; each = each.up) chain.unshift(each);
  return chain;
}

function chainStep(each, node) {
  const own = each === node;
  return make("li", { class: own ? "self" : null },
    make("span", { class: "place" }, breakable(place(each.file, each.line) || "the interpreter"), `${caller(each.function)} `),
    own ? make("code", {}, breakable(each.name)) : moduleLink(each));
}

// Who else asked while it was there or being loaded already: they would load it if nobody else did.
function requestParts(node) {
  if (!node.requests) return [];
  const places = [...new Set(node.requests.map((each) => place(each.file, each.line)))];
  const rest = places.length > 6 ? make("li", { class: "soft" }, `and ${plural(places.length - 6, "other place")}`) : null;
  return [make("h3", {}, "Asked for by others, too"), make("ul", { class: "chain" }, places.slice(0, 6).map((each) => make("li", { class: "place" }, breakable(each))), rest)];
}

function pulledParts(node) {
  if (!node.children.length) return [];
  const rows = node.children.slice().sort((a, b) => b.wall_s - a.wall_s);
  const rest = rows.slice(8).reduce((sum, each) => sum + each.wall_s, 0);
  return [
    make("h3", {}, `Pulled in: ${plural(node.inside, "import")}`),
    make("ul", { class: "pulled" }, rows.slice(0, 8).map((each) => make("li", {}, moduleLink(each), make("span", {}, seconds(each.wall_s)))),
      rows.length > 8 ? make("li", { class: "soft" }, plural(rows.length - 8, "other"), make("span", {}, seconds(rest))) : null),
  ];
}
