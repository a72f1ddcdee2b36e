// Values: reads the page's columns back into rows; columns.py says how they were packed.

const STEP = 1e-5, MEMORY = 65536, BLOCK = 512, MINOR = 16, NAME = "\u0001";

async function readData() {
  const holder = document.getElementById("data");
  const packed = holder.dataset.form === "deflate";
  if (packed && typeof DecompressionStream === "undefined") {
    throw new Error("This browser cannot unpack the report's data: use one from 2023 or later.");
  }
  const data = JSON.parse(packed ? await inflate(holder.textContent) : holder.textContent);
  report.fields = data.fields;
  return data.profiles.map((each, index) => unpackProfile(each, data.texts, index));
}

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

function unpackTable(table, texts) {
  const rows = Array.from({ length: table.rows }, () => ({}));
  const fill = (columns, convert) => {
    for (const [name, column] of Object.entries(columns)) column.forEach((each, row) => { rows[row][name] = convert(each); });
  };
  fill(table.texts, (each) => texts[each]);
  fill(table.seconds, (each) => (each === null ? null : each / 1e6));
  fill(table.numbers, (each) => each);
  return rows;
}

function unpackProfile(packed, texts, index) {
  const profile = { index, all_files: packed.files, ...packed.plain };
  for (const [name, micro] of Object.entries(packed.seconds)) profile[name] = micro === null ? null : micro / 1e6;
  for (const [name, table] of Object.entries(packed.tables)) profile[name] = unpackTable(table, texts);
  profile.deferrals.forEach((row, place) => nameDeferral(row, place, packed.deferrals, texts));
  const named = (pairs) => pairs.map(([name, micro]) => [texts[name], micro / 1e6]);
  for (const phase of profile.phases) phase.packages = named(phase.packages);
  for (const rank of profile.ranks) rank.phases = named(rank.phases);
  for (const rows of ["phases", "deferrals", "ranks"]) for (const row of profile[rows]) makeFlags(row, ["claimed", "before_batch", "is_complete"]);
  profile.batch = unpackTable(packed.batch, texts)[0] || null;
  if (profile.batch) profile.batch.rejected = profile.batch.rejected.map(([rule, micro, why]) => [rule, micro / 1e6, why]);
  profile.nodes = unpackNodes(packed.nodes, texts, profile);
  profile.plain = [...Object.keys(packed.plain), ...Object.keys(packed.seconds), "batch"];
  prepare(profile);
  return profile;
}

function nameDeferral(row, place, packed, texts) {
  const bound = packed.bound[place], attribute = ["", `:${bound}`][packed.attribute[place]] ?? `:${texts[packed.attribute[place] - 2]}`;
  Object.assign(row, { id: place + 1, bound, target: texts[packed.target[place]] + attribute });
}

function makeFlags(row, names) {
  for (const name of names) if (name in row) row[name] = Boolean(row[name]);
}

function unpackNodes(packed, texts, profile) {
  const nodes = packed.gap.map((_, row) => ({
    profile, id: row + 1, parent: 0, up: null, children: [], process: packed.process[row], thread: packed.thread[row],
    major_faults: packed.major_faults[row], read_bytes: packed.read[row] * BLOCK,
    hidden: Boolean(packed.hidden[row]), before_batch: Boolean(packed.before_batch[row]),
    error: texts[packed.error[row]], use: texts[packed.use[row]], phase: texts[packed.phase[row]], function: texts[packed.function[row]], deferral: null,
  }));
  const before = nodes.map(() => 0);
  let base = 0, rootLine = 0;
  nodes.forEach((node, row) => {
    findParent(node, nodes[row - 1], packed.up[row], nodes);
    base = nameNode(node, base, packed, texts, nodes);
    node.line = packed.line[row] + (node.up ? before[node.parent - 1] : rootLine);
    if (node.up) before[node.parent - 1] = node.line; else rootLine = node.line;
  });
  timeNodes(nodes, packed);
  return nodes;
}

function findParent(node, last, up, nodes) {
  if (up < 0) node.up = nodes[node.id - 1 + up];
  else for (node.up = last || null; up && node.up; up -= 1) node.up = node.up.up;
  if (!node.up) return;
  node.parent = node.up.id;
  node.up.children.push(node);
}

// Gives the base that the next row may mean.
function nameNode(node, last, packed, texts, nodes) {
  const row = node.id - 1, code = packed.base[row], packageText = packed.package[row], file = packed.file[row];
  node.base = [0, last, node.parent, node.up?.base][code] ?? node.id + 3 - code;
  node.name = node.base ? `${nodes[node.base - 1].name}.${packed.leaf[row]}` : packed.leaf[row];
  node.package = packageText ? texts[packageText - 1] : node.name.split(".", 1)[0];
  node.origin = texts[packed.origin[row]].replace(NAME, () => node.name.replaceAll(".", "/"));
  node.file = file ? texts[file - 1] : node.up.origin;
  return node.base || last;
}

function timeNodes(nodes, packed) {
  const wall = packed.tail.slice(), inside = nodes.map(() => 0), cpu = nodes.map(() => 0), rss = packed.rss.slice(), minor = packed.minor.slice();
  for (let row = nodes.length - 1; row >= 0; row -= 1) {
    const up = nodes[row].parent - 1;
    const node = nodes[row], own = Math.max(0, wall[row] - inside[row] + packed.odd_self[row]);
    node.self_wall_s = own * STEP;
    node.self_cpu_s = (own - packed.wait[row]) * STEP;
    node.wall_s = wall[row] * STEP;
    cpu[row] += own - packed.wait[row] + packed.odd_cpu[row];
    node.cpu_s = cpu[row] * STEP;
    node.rss_bytes = rss[row] * MEMORY;
    node.minor_faults = minor[row] * MINOR;
    if (up >= 0) {
      wall[up] += packed.gap[row] + wall[row];
      inside[up] += wall[row];
      cpu[up] += cpu[row];
      rss[up] += rss[row];
      minor[up] += minor[row];
    }
  }
  const edge = [], start = [];
  let before = 0;
  nodes.forEach((node, row) => {
    const up = node.parent - 1;
    start[row] = (up < 0 ? before : edge[up]) + packed.gap[row];
    edge[row] = start[row];
    if (up < 0) before = start[row]; else edge[up] = start[row] + wall[row];
    node.start_s = start[row] * STEP;
    node.end_s = node.start_s + node.wall_s;
  });
}

// What follows from the rows: depths, how many are inside, which deferral loaded what, lanes, the span of time.
function prepare(profile) {
  const nodes = profile.nodes;
  for (const node of nodes) {
    node.depth = node.up ? node.up.depth + 1 : 0;
    node.inside = 0;
  }
  for (let row = nodes.length - 1; row >= 0; row -= 1) if (nodes[row].up) nodes[row].up.inside += nodes[row].inside + 1;
  for (const deferral of profile.deferrals) for (const id of deferral.loaded) nodes[id - 1].deferral = deferral;
  for (const each of profile.requests) if (each.node) (nodes[each.node - 1].requests ||= []).push(each);
  profile.lanes = lanesOf(profile);
  const ends = [...nodes, ...profile.processes].map((each) => each.end_s || 0);
  profile.start_s = profile.phases.reduce((least, each) => Math.min(least, each.start_s), 0);
  profile.stop_s = ends.reduce((most, each) => Math.max(most, each), profile.end_s || 0) || 1e-3;
  profile.batch_s = profile.batch ? profile.batch.at_s : null;
  profile.byName = new Map();
  for (const node of nodes) if (!profile.byName.has(node.name)) profile.byName.set(node.name, node);
}

function lanesOf(profile) {
  const lanes = new Map();
  for (const node of profile.nodes) {
    const key = `${node.process} ${node.thread}`;
    if (!lanes.has(key)) lanes.set(key, { profile, process: node.process, thread: node.thread, rows: [], roots: [] });
    const lane = lanes.get(key);
    node.lane = lane;
    (lane.rows[node.depth] ||= []).push(node);
    if (!node.up) lane.roots.push(node);
  }
  const sorted = [...lanes.values()].sort((a, b) => a.process - b.process || a.thread - b.thread);
  for (const lane of sorted) for (const row of lane.rows) row?.sort((a, b) => a.start_s - b.start_s);
  return sorted;
}

function siblingsOf(node) {
  return node.up ? node.up.children : node.lane.roots;
}

// Time in imports until the first batch (or the end) in the main thread, and in those of them that are hidden.
function importTimes(profile) {
  let all = 0, hidden = 0;
  for (const node of profile.nodes) {
    if (!node.before_batch && profile.batch || node.process || node.thread) continue;
    if (!node.up) all += node.wall_s;
    if (isHiddenTop(node)) hidden += node.wall_s;
  }
  return { all, hidden };
}

function isHiddenTop(node) {
  return node.hidden && !(node.up && node.up.hidden);
}
