// Export: the shown run as text, JSON and a Chrome trace, made from what the page holds.

function watchExports() {
  byId("copy-text").addEventListener("click", () => copy(report.profiles.map(asText).join("\n\n"), "Copied as text"));
  byId("get-json").addEventListener("click", () => download("json", asJson()));
  byId("get-trace").addEventListener("click", () => download("trace.json", asTrace()));
}

function download(ending, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })) });
  link.download = `${shown().title.replace(/[^\w.-]+/g, "-").slice(0, 60) || "lazyimp"}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const tidy = (value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toFixed(6)) : value);

// The run that the panes show, as `lazyimp report` reads it again: as_json.py says more.
function asJson() {
  const profile = shown(), told = Object.fromEntries(profile.plain.map((name) => [name, profile[name]]));
  for (const [table, columns] of Object.entries(report.fields)) {
    told[table] = { columns, rows: profile[table].map((row) => columns.map((name) => tidy(row[name]))) };
  }
  const version = document.querySelector("meta[name=generator]").content.split(" ")[1];
  const text = JSON.stringify({ format: "lazyimp-profile", version: 1, lazyimp: version, profile: told });
  return text.replace(/"zero_unix_ns":"(-?\d+)"/, '"zero_unix_ns":$1'); // no number of a browser holds all its digits
}

function asTrace() {
  const events = report.profiles.flatMap((profile) => traceOf(profile, profile.index * 1e7));
  return JSON.stringify({ displayTimeUnit: "ms", baseTimeNanoseconds: Number(report.profiles[0].zero_unix_ns), traceEvents: events });
}

// `shift` keeps the processes of two runs apart.
function traceOf(profile, shift) {
  const pid = (index) => shift + (profile.processes[index]?.pid ?? index), micro = (time) => Math.round(time * 1e6), lines = 1000001;
  const about = (name, process, tid, args) => ({ ph: "M", name, pid: process, tid, args });
  const names = profile.processes.map((each, index) => about("process_name", pid(index), pid(index), { name: `${sideName(profile)} ${each.role} ${each.main}`.trim() }));
  const imports = profile.nodes.map((node) => ({
    ph: "X", cat: node.hidden ? "hidden import" : "import", name: node.name, pid: pid(node.process), tid: node.thread || pid(node.process), ts: micro(node.start_s), dur: micro(node.wall_s),
    args: { importer: place(node.file, node.line), own_ms: tidy(node.self_wall_s * 1e3), cpu_ms: tidy(node.cpu_s * 1e3), rss_bytes: node.rss_bytes, major_faults: node.major_faults, error: node.error },
  }));
  const phases = profile.phases.map((each) => ({ ph: "X", cat: "phase", name: phaseTitle(each), pid: pid(0), tid: lines, ts: micro(each.start_s), dur: micro(each.wall_s), args: { cpu_s: each.cpu_s } }));
  const marks = milestones(profile).map((each) => ({ ph: "i", s: "p", cat: "mark", name: each.name, pid: pid(0), tid: pid(0), ts: micro(each.at) }));
  return [...names, about("thread_name", pid(0), lines, { name: "phases" }), ...phases, ...imports, ...marks];
}

function asText(profile) {
  const pad = (text, width, right) => (right ? String(text).padStart(width) : String(text).padEnd(width));
  const packages = profile.packages.slice().sort((x, y) => y.wall_s - x.wall_s).slice(0, 8);
  return [
    `${comparing() ? `${sideLabel(profile)}\n` : ""}${profile.batch ? "Time to first batch" : "Time to the end"}  ${seconds(profile.ttfb_s)}  (CPU ${seconds(profile.ttfb_cpu_s)})`,
    Object.entries(profile.environment).map(([name, value]) => `${name} ${value}`).join(", "), "",
    `${pad("phase", 22)}${pad("time", 11, true)}${pad("CPU", 11, true)}${pad("imports", 9, true)}${pad("hidden", 8, true)}`,
    ...profile.phases.map((each) => pad(phaseTitle(each), 22) + pad(seconds(each.wall_s), 11, true) + pad(seconds(each.cpu_s), 11, true) + pad(grouped(each.imports), 9, true) + pad(grouped(each.hidden_imports), 8, true)), "",
    `${pad("package (by itself)", 22)}${pad("time", 11, true)}${pad("CPU", 11, true)}${pad("modules", 9, true)}${pad("hidden", 8, true)}`,
    ...packages.map((each) => pad(each.name, 22) + pad(seconds(each.wall_s), 11, true) + pad(seconds(each.cpu_s), 11, true) + pad(grouped(each.modules), 9, true) + pad(grouped(each.hidden_modules), 8, true)),
    ...(profile.findings.length ? ["", "What to do"] : []),
    ...profile.findings.flatMap((each) => [`  ${pad(seconds(each.saves_s), 9, true)}  ${each.subject}: ${each.how}`, each.command ? `             ${each.command}` : null].filter(Boolean)),
  ].join("\n").replaceAll(NB, " ");
}
