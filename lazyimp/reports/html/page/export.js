// Export: the shown run as text, JSON and a Chrome trace, made from what the page holds.

const NODE_FIELDS = ["id", "parent", "process", "thread", "name", "package", "file", "line", "start_s", "wall_s", "cpu_s", "self_wall_s", "self_cpu_s",
  "major_faults", "read_bytes", "rss_bytes", "origin", "error", "use", "hidden", "before_batch", "phase", "function"];
const PROFILE_FIELDS = ["title", "environment", "ttfb_s", "ttfb_cpu_s", "end_s", "end_cpu_s", "complete", "batch", "first_step_excess_s", "counts",
  "processes", "packages", "phases", "marks", "deferrals", "files", "findings", "ranks"];

function watchExports() {
  byId("copy-text").addEventListener("click", () => copy(report.profiles.map(asText).join("\n\n"), "Copied as text"));
  byId("get-json").addEventListener("click", () => download("json", asJson()));
  byId("get-trace").addEventListener("click", () => download("trace.json", asTrace()));
}

function download(ending, value) {
  const link = make("a", { href: URL.createObjectURL(new Blob([JSON.stringify(value)], { type: "application/json" })) });
  link.download = `${shown().title.replace(/[^\w.-]+/g, "-").slice(0, 60) || "lazyimp"}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const tidy = (value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toFixed(6)) : value);

function asJson() {
  const profiles = report.profiles.map((profile) => ({
    ...Object.fromEntries(PROFILE_FIELDS.map((name) => [name, profile[name]])),
    nodes: profile.nodes.map((node) => Object.fromEntries(NODE_FIELDS.map((name) => [name, tidy(node[name])]))),
  }));
  return { format: "lazyimp-report", version: 1, profiles };
}

function asTrace() {
  const events = report.profiles.flatMap((profile) => traceOf(profile, profile.index * 1e7));
  return { displayTimeUnit: "ms", traceEvents: events };
}

function traceOf(profile, shift) {
  const pid = (index) => shift + (profile.processes[index]?.pid ?? index), micro = (time) => Math.round(time * 1e6);
  const names = profile.processes.map((each, index) => ({ ph: "M", name: "process_name", pid: pid(index), tid: 0, args: { name: `${sideName(profile)} ${each.role} ${each.main}`.trim() } }));
  const imports = profile.nodes.map((node) => ({ ph: "X", cat: "import", name: node.name, pid: pid(node.process), tid: node.thread, ts: micro(node.start_s), dur: micro(node.wall_s),
    args: { importer: place(node.file, node.line), self_ms: tidy(node.self_wall_s * 1e3), cpu_ms: tidy(node.cpu_s * 1e3), major_faults: node.major_faults, hidden: node.hidden, error: node.error } }));
  const phases = profile.phases.map((each) => ({ ph: "X", cat: "phase", name: each.name, pid: pid(0), tid: 999999, ts: micro(each.start_s), dur: micro(each.wall_s), args: {} }));
  const marks = milestones(profile).map((each) => ({ ph: "i", s: "p", cat: "mark", name: each.name, pid: pid(0), tid: 0, ts: micro(each.at) }));
  return [...names, { ph: "M", name: "thread_name", pid: pid(0), tid: 999999, args: { name: "phases" } }, ...phases, ...imports, ...marks];
}

function asText(profile) {
  const pad = (text, width, right) => (right ? String(text).padStart(width) : String(text).padEnd(width));
  const packages = profile.packages.slice().sort((x, y) => y.wall_s - x.wall_s).slice(0, 8);
  return [
    `${comparing() ? `${sideLabel(profile)}\n` : ""}${profile.batch ? "Time to first batch" : "Time to the end"}  ${seconds(profile.ttfb_s)}  (CPU ${seconds(profile.ttfb_cpu_s)})`,
    Object.entries(profile.environment).map(([name, value]) => `${name} ${value}`).join(", "), "",
    `${pad("phase", 22)}${pad("time", 11, true)}${pad("CPU", 11, true)}${pad("imports", 9, true)}${pad("hidden", 8, true)}`,
    ...profile.phases.map((each) => pad(each.claimed ? each.name : `after ${each.name}`, 22) + pad(seconds(each.wall_s), 11, true) + pad(seconds(each.cpu_s), 11, true) + pad(grouped(each.imports), 9, true) + pad(grouped(each.hidden_imports), 8, true)), "",
    `${pad("package (by itself)", 22)}${pad("time", 11, true)}${pad("CPU", 11, true)}${pad("modules", 9, true)}${pad("hidden", 8, true)}`,
    ...packages.map((each) => pad(each.name, 22) + pad(seconds(each.wall_s), 11, true) + pad(seconds(each.cpu_s), 11, true) + pad(grouped(each.modules), 9, true) + pad(grouped(each.hidden_modules), 8, true)),
    ...(profile.findings.length ? ["", "What to do"] : []),
    ...profile.findings.flatMap((each) => [`  ${pad(seconds(each.saves_s), 9, true)}  ${each.subject}: ${each.how}`, each.command ? `             ${each.command}` : null].filter(Boolean)),
  ].join("\n");
}
