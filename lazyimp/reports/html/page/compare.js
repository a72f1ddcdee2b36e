// Compare: two runs as signed tables by package and by phase, and the modules only one of them loaded.

function comparePanes() {
  const [a, b] = report.profiles;
  const packages = pairRows(a.packages, b.packages), phases = pairRows(phaseSums(a), phaseSums(b)), only = onlyRows(a, b);
  return [
    { id: "by-package", title: "Change by package", both: true, count: () => packages.length, build: (_, table) => signedPane(packages, "Package", "modules", "Modules", table) },
    { id: "by-phase", title: "Change by phase", both: true, count: () => phases.length, build: (_, table) => signedPane(phases, "Phase", "imports", "Imports", table) },
    { id: "only", title: "Only in one", both: true, count: () => only.length, build: (_, table) => onlyPane(only, table) },
  ];
}

function phaseSums(profile) {
  const sums = new Map();
  for (const phase of profile.phases) {
    const row = sums.get(phase.name) || { name: phase.name, wall_s: 0, cpu_s: 0, imports: 0 };
    row.wall_s += phase.wall_s;
    row.cpu_s += phase.cpu_s;
    row.imports += phase.imports;
    sums.set(phase.name, row);
  }
  return [...sums.values()];
}

function pairRows(left, right) {
  const rows = new Map(), nothing = { wall_s: 0, cpu_s: 0, modules: 0, imports: 0 };
  for (const each of left) rows.set(each.name, { name: each.name, a: each, b: nothing, order: rows.size });
  for (const each of right) rows.set(each.name, { ...(rows.get(each.name) || { name: each.name, a: nothing, order: rows.size }), b: each });
  return [...rows.values()];
}

const change = (row, what) => row.b[what] - row.a[what];
const inkOf = (value, least) => (Math.abs(value) < least ? "soft" : value < 0 ? "good-ink" : "bad-ink");

function signedMilli(value) {
  return make("span", { class: inkOf(value, 1e-3) }, signed(value, (each) => `${grouped(each * 1e3, 1)}${NB}ms`));
}

function signColumn(value, most) {
  return { head: "", kind: "bar-cell", less: true, show: (row) => {
    const size = 50 * Math.abs(value(row)) / (most || 1), lower = value(row) < 0;
    return make("span", { class: "sign" }, make("i", { styles: { left: `${lower ? 50 - size : 50}%`, width: `${size}%`, background: `var(${lower ? "--good" : "--bad"})` } }));
  } };
}

function signedPane(rows, head, what, word, table) {
  const most = mostOf(rows, (row) => Math.abs(change(row, "wall_s")));
  const columns = [
    { head, value: (row) => (head === "Phase" ? row.order : row.name), show: (row) => (head === "Phase" ? phaseName(row.name) : make("code", {}, breakable(row.name))) },
    timeColumn("Time A", (row) => row.a.wall_s), timeColumn("Time B", (row) => row.b.wall_s),
    { head: "Change", n: true, value: (row) => change(row, "wall_s"), show: (row) => signedMilli(change(row, "wall_s")) },
    signColumn((row) => change(row, "wall_s"), most),
    { head: "CPU change", n: true, less: true, value: (row) => change(row, "cpu_s"), show: (row) => signedMilli(change(row, "cpu_s")) },
    countColumn(`${word} A`, (row) => row.a[what], { less: true }), countColumn(`${word} B`, (row) => row.b[what], { less: true }),
    { head: `${word} change`, n: true, value: (row) => change(row, what), less: true, show: (row) => make("span", { class: inkOf(change(row, what), 0.5) }, signed(change(row, what), grouped)) },
  ];
  const total = (seen) => {
    const sum = (value) => seen.reduce((all, row) => all + value(row), 0);
    return { [head]: "Sum", "Time A": milli(sum((row) => row.a.wall_s)), "Time B": milli(sum((row) => row.b.wall_s)), Change: signedMilli(sum((row) => change(row, "wall_s"))),
      "CPU change": signedMilli(sum((row) => change(row, "cpu_s"))), [`${word} A`]: grouped(sum((row) => row.a[what])), [`${word} B`]: grouped(sum((row) => row.b[what])),
      [`${word} change`]: signed(sum((row) => change(row, what)), grouped) };
  };
  const sort = head === "Phase" ? { column: 0, down: false } : { column: 3, down: false };
  const intro = `A is ${sideLabel(report.profiles[0]).slice(2)}; B is ${sideLabel(report.profiles[1]).slice(2)}. A minus sign means that B takes less.`;
  return [make("p", {}, intro), table(tableOf(columns, rows, { sort, foot: total, matches: textMatches((row) => row.name), empty: "Nothing to compare." }))];
}

function onlyRows(a, b) {
  const missing = (from, other) => [...from.byName.values()].filter((node) => !other.byName.has(node.name) && !node.error);
  return [...missing(a, b), ...missing(b, a)].map(nodeRow);
}

function onlyPane(rows, table) {
  const columns = [
    moduleColumn(), { head: "In", value: (row) => sideName(row.node.profile), show: (row) => sideName(row.node.profile) },
    timeColumn("Time by itself", (row) => row.node.self_wall_s), timeColumn("Total", (row) => row.node.wall_s, { less: true }),
    placeColumn("Asked for by", (row) => place(row.node.file, row.node.line)),
  ];
  return [make("p", {}, "Modules that only one of the two runs loaded."),
    table(tableOf(columns, rows, { sort: { column: 2, down: true }, matches: nodeMatches, empty: "Both runs loaded the same modules." }))];
}
