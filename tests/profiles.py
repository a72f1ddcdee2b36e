"""The profiles that every reporter is tested with: `small()`, about forty imports of a made-up training
program, and `large(n)`, n imports of it; `record()` is what `small()` came from. The same numbers every time."""

from __future__ import annotations

import random
from dataclasses import replace

from lazyimp import profile as p
from lazyimp import record as r

MS = 1_000_000
HOME = "/home/ann"
CWD = f"{HOME}/project"
SITE = f"{HOME}/venv/lib/python3.11/site-packages"
STDLIB = "/usr/lib/python3.11"


class Writer:
    """Builds one process's record as if a clock ran: `load` and `work` move it on."""

    def __init__(self, pid: int = 4242, ppid: int = 1, start_ms: int = 60, **header: object) -> None:
        self.now = 0
        self.cpu = 40 * MS
        self.thread = 0
        self.stack: list[int] = []
        self.count = 0
        self.imports: list[r.Import] = []
        self.deferrals: list[r.Deferral] = []
        self.opened: list[r.Opened] = []
        self.phases: list[r.Phase] = []
        self.marks: list[r.Mark] = []
        self.batch: r.FirstBatch | None = None
        self.header = {
            "format": r.FORMAT,
            "version": r.VERSION,
            "lazyimp": "0.3.0",
            "pid": pid,
            "ppid": ppid,
            "forked": False,
            "python": "3.11.7",
            "implementation": "cpython",
            "platform": "linux-x86_64",
            "executable": f"{HOME}/venv/bin/python",
            "prefix": f"{HOME}/venv",
            "base_prefix": "/usr",
            "stdlib": [STDLIB, f"{STDLIB}/lib-dynload"],
            "core": "c",
            "mode": "deep",
            "main": {"kind": "script", "name": "train.py"},
            "cwd": CWD,
            "mono_ns": 5_000_000_000,
            "unix_ns": 1_800_000_000_000_000_000,
            "cpu_ns": 40 * MS,
            "start_mono_ns": 5_000_000_000 - start_ms * MS,
            "t0_unix_ns": 1_800_000_000_000_000_000 - start_ms * MS,
            "t0_source": "process start",
            "rank": None,
            "local_rank": None,
            "world_size": None,
            "before": ["sys", "builtins", "os", "site"],
            **header,
        }

    def work(self, wall_ms: float, cpu_ms: float | None = None) -> None:
        """Time in which nothing is recorded passes."""
        self.now += round(wall_ms * MS)
        self.cpu += round((wall_ms if cpu_ms is None else cpu_ms) * MS)

    def counters(self) -> r.Counters:
        """What the process has come to."""
        loaded = sum(each.how == r.LOADED for each in self.imports)
        return r.Counters(
            self.cpu, 900 + 40 * self.count, self.count // 9, 8192 * self.count, 30 << 20, 50 + loaded
        )

    def load(
        self, name: str, where: str, ms: float, *inside: tuple, how: int = r.LOADED, **more: object
    ) -> int:
        """An import of `name` at `where` ("file:line") that takes `ms` by itself; `inside` are loads within it."""
        self.count += 1
        number, start, cpu = self.count, self.now, self.cpu
        parent = self.stack[-1] if self.stack else 0
        self.stack.append(number)
        self.work(ms * 0.6, ms * 0.5)
        for each in inside:
            self.load(*each[:-1], **each[-1]) if isinstance(each[-1], dict) else self.load(*each)
        self.work(ms * 0.4, ms * 0.3)
        self.stack.pop()
        file, _, line = where.rpartition(":")
        self.imports.append(
            r.Import(
                number,
                parent,
                self.thread,
                name,
                file,
                int(line),
                start,
                self.now - start,
                self.cpu - cpu,
                minor_faults=round(ms * 30),
                major_faults=round(ms) // 60,
                read_bytes=round(ms) * 4096,
                rss_bytes=round(ms * 50_000),
                origin=str(more.get("origin", "" if how == r.FAILED else origin_of(name, bool(inside)))),
                how=how,
                error=str(more.get("error", "ModuleNotFoundError" if how == r.FAILED else "")),
                use=int(more.get("use", r.STATEMENT)),
            )
        )
        return number

    def defer(
        self, module: str, bound: str, target: str, where: str, attribute: str = "", kind: int = 0
    ) -> int:
        """A statement of `module` leaves `bound` for later; gives the deferral's number."""
        file, _, line = where.rpartition(":")
        number = len(self.deferrals) + 1
        self.deferrals.append(
            r.Deferral(number, module, bound, target, attribute, file, int(line), kind, self.now)
        )
        return number

    def use(self, number: int, where: str, function: str, *loads: tuple, error: str = "") -> None:
        """The first use of a deferral, and what it loads."""
        at = self.now
        for each in loads:
            self.load(*each[:-1], **each[-1]) if isinstance(each[-1], dict) else self.load(*each)
        file, _, line = where.rpartition(":")
        use = r.Use(file, int(line), function, at, self.now - at, error)
        self.deferrals[number - 1] = replace(self.deferrals[number - 1], use=use)

    def mark(self, name: str) -> None:
        """A named instant."""
        self.marks.append(r.Mark(name, self.now, self.counters()))

    def phase(self, name: str, since: int, detail: str = "", cpu_ms: float = 1) -> None:
        """A phase that began at `since` ends."""
        self.phases.append(r.Phase(name, since, self.now - since, round(cpu_ms * MS), 10, 0, detail))

    def open(self, path: str, writes: bool = False) -> None:
        """A file is opened."""
        self.opened.append(r.Opened(path, self.now, self.stack[-1] if self.stack else 0, writes))

    def first_batch(self, rule: str, framework: str, confidence: str = "high") -> None:
        """The first batch comes."""
        self.batch = r.FirstBatch(rule, confidence, self.now, self.counters(), framework)

    def record(self, *children: r.Record, ends: bool = True, **more: object) -> r.Record:
        """The record so far."""
        counters = self.counters()
        end = r.End(self.now, round(self.cpu * 0.8), round(self.cpu * 0.2), counters, "") if ends else None
        return r.Record(
            "run.jsonl",
            self.header,
            tuple(sorted(self.imports, key=lambda each: each.id)),
            tuple(self.deferrals),
            tuple(self.opened),
            phases=tuple(self.phases),
            marks=tuple(self.marks),
            first_batch=self.batch,
            end=end,
            children=children,
            **more,
        )


def origin_of(name: str, is_package: bool) -> str:
    """Where a made-up module lies."""
    top = name.partition(".")[0]
    home = STDLIB if top in ("argparse", "json", "decimal", "csv", "queue") else SITE
    home = CWD if top in ("loading", "model") else home
    if name.startswith("_"):
        return "built-in"
    return f"{home}/{name.replace('.', '/')}" + ("/__init__.py" if is_package else ".py")


def record() -> r.Record:
    """What the made-up program wrote down."""
    w = Writer()
    train, loading = f"{CWD}/train.py", f"{CWD}/loading.py"
    torch, numpy, pandas = (
        f"{SITE}/torch/__init__.py",
        f"{SITE}/numpy/__init__.py",
        f"{SITE}/pandas/__init__.py",
    )
    w.mark("hook")
    w.load("_distutils_hack", f"{SITE}/distutils-precedence.pth:1", 1.5)
    w.work(6)
    w.mark("site")
    w.work(4)
    w.mark("main")
    w.load("argparse", f"{train}:1", 6, ("gettext", f"{STDLIB}/argparse.py:92", 2.5))
    w.load(
        "numpy",
        f"{train}:2",
        30,
        (
            "numpy._core",
            f"{numpy}:112",
            44,
            ("numpy._core.multiarray", f"{SITE}/numpy/_core/__init__.py:24", 21),
        ),
        ("numpy.lib", f"{numpy}:120", 18),
        ("numpy.linalg", f"{numpy}:125", 12),
        ("_json", f"{numpy}:130", 0.4),
    )
    w.defer("__main__", "plt", "matplotlib.pyplot", f"{train}:4")
    metrics = w.defer("__main__", "f1_score", "sklearn.metrics", f"{train}:5", "f1_score")
    w.defer("__main__", "px", "plotly.express", f"{train}:6")
    w.load(
        "torch",
        f"{train}:7",
        410,
        ("torch._C", f"{torch}:367", 690),
        ("torch._utils", f"{torch}:400", 14, ("torch", f"{SITE}/torch/_utils.py:9", 0.02, {"how": r.THERE})),
        ("torch.nn", f"{torch}:2100", 120, ("torch.nn.functional", f"{SITE}/torch/nn/__init__.py:3", 95)),
        ("torch.optim", f"{torch}:2104", 60, ("torch.optim.adam", f"{SITE}/torch/optim/__init__.py:14", 16)),
        ("torch.distributed", f"{torch}:2110", 88),
        ("torch_xla", f"{torch}:2300", 1.2, {"how": r.FAILED}),
        ("torch.utils.data", f"{torch}:2111", 33),
    )
    spec = w.defer("torch", "sympy", "sympy", f"{torch}:2200", kind=r.PROXY)
    w.load(
        "loading",
        f"{train}:8",
        3,
        ("csv", f"{loading}:1", 4),
        ("tensorrt", f"{loading}:6", 0.9, {"how": r.FAILED}),
    )
    frames = w.defer("loading", "pd", "pandas", f"{loading}:3")
    wandb = w.defer("loading", "wandb", "wandb.sdk", f"{loading}:4")
    w.work(3)
    w.open(f"{CWD}/config.yaml")
    w.work(12)
    began = w.now
    w.open("/data/corpus/train.bin")
    w.work(40, 9)
    w.use(
        frames,
        f"{loading}:31",
        "is_frame",
        (
            "pandas",
            f"{loading}:31",
            70,
            ("pandas._libs", f"{pandas}:44", 110),
            ("pandas.core", f"{pandas}:49", 150, ("pandas.core.frame", f"{SITE}/pandas/core/api.py:47", 84)),
            {"use": r.FIRST_USE},
        ),
    )
    w.phase("dataset-open", began, "DataLoader", 420)
    w.work(55, 41)
    w.work(20)
    began = w.now
    w.load(
        "torch._dynamo",
        f"{SITE}/torch/_compile.py:47",
        300,
        ("torch._dynamo.convert_frame", f"{SITE}/torch/_dynamo/__init__.py:13", 520),
        (
            "torch._inductor",
            f"{SITE}/torch/_dynamo/utils.py:99",
            480,
            ("torch._inductor.config", f"{SITE}/x.py:1", 31),
        ),
    )
    w.use(
        spec,
        f"{SITE}/torch/_dynamo/utils.py:61",
        "<module>",
        ("sympy", f"{torch}:2200", 210, {"use": r.FIRST_USE}),
    )
    w.phase("optimizer-build", began, "Adam", 1330)
    w.work(2)
    w.use(
        wandb,
        f"{loading}:52",
        "log",
        ("wandb", f"{loading}:52", 8, {"how": r.FAILED, "error": "ImportError", "use": r.FIRST_USE}),
        error="ImportError",
    )
    w.thread = 1
    w.load("queue", f"{SITE}/torch/utils/data/_utils/pin_memory.py:10", 2)
    w.thread = 0
    began = w.now
    w.work(14, 3)
    w.phase("worker-start", began, "2 workers", 3)
    began = w.now
    w.mark("first fetch")
    w.work(31, 4)
    w.phase("first-fetch", began, "", 4)
    w.work(1.5)
    w.first_batch("train-forward-after-fetch", "torch")
    w.work(120, 110)
    w.mark("first backward")
    w.work(40)
    w.mark("first step")
    w.use(
        metrics,
        f"{train}:61",
        "evaluate",
        (
            "sklearn",
            f"{train}:61",
            90,
            ("sklearn.metrics", f"{SITE}/sklearn/__init__.py:70", 160),
            {"use": r.FIRST_USE},
        ),
    )
    w.work(800, 790)
    w.mark("last step")
    w.work(30)
    w.mark("exit")
    child = Writer(4243, 4242, forked=True, main={"kind": "worker", "name": "DataLoader worker 0"})
    child.header["unix_ns"] = int(str(w.header["unix_ns"])) + 3500 * MS
    child.header["mono_ns"] = int(str(w.header["mono_ns"])) + 3500 * MS
    child.header["start_mono_ns"] = child.header["mono_ns"]
    child.load("decimal", f"{loading}:40", 5, ("_decimal", f"{STDLIB}/decimal.py:3", 1))
    child.work(700, 80)
    return w.record(
        child.record(),
        libraries=(f"{SITE}/torch/lib/libtorch_cpu.so", "/usr/lib/libc.so.6"),
        rejected=(r.Rejected("first-forward", began - 200 * MS, "no batch had been fetched"),),
        present=(("numpy.random.mtrand", f"{SITE}/numpy/random/mtrand.so"),),
        facts={"sys_path": [CWD, STDLIB, SITE], "never": [1, 3], "counts": {"i": w.count}},
    )


def large_record(count: int) -> r.Record:
    """The same program with `count` imports."""
    dice = random.Random(7)
    w = Writer()
    tops = ["torch", "numpy", "scipy", "sympy", "transformers", "pandas", "sklearn", "jax", "loading", "json"]
    w.mark("site")
    w.mark("main")
    train = f"{CWD}/train.py"

    def grow(name: str, importer: str, depth: int, budget: int) -> tuple:
        """A load with at most `budget` loads, itself counted, and how many it came to."""
        rest, inside = budget - 1, []
        while rest > 0 and depth < 14 and (depth < 4 or dice.random() < 0.72):
            top = name.partition(".")[0] if dice.random() < 0.85 else dice.choice(tops)
            child = f"{name if name.startswith(top) else top}.m{dice.randrange(10**6):06d}"
            share = rest if depth > 7 else max(1, int(rest * dice.random()))
            made, used = grow(child, origin_of(name, True), depth + 1, share)
            inside.append(made)
            rest -= used
        line = dice.randrange(1, 900)
        return (name, f"{importer}:{line}", round(dice.expovariate(0.7) + 0.05, 3), *inside), budget - rest

    left, place = count, 0
    while left:
        made, used = grow(
            tops[place % len(tops)] + (f".p{place}" if place >= len(tops) else ""), train, 1, -(-left // 3)
        )
        began = w.now
        w.load(*made)
        w.defer("__main__", f"late{place}", f"late{place}.api", f"{train}:{place + 1}")
        if place % 4 == 3:
            w.phase("optimizer-build" if place == 3 else f"step {place}", began)
        w.work(3)
        left -= used
        place += 1
    w.mark("first fetch")
    w.first_batch("train-forward-after-fetch", "torch")
    w.work(200)
    return w.record(facts={"sys_path": [CWD, STDLIB, SITE]})


def small() -> p.Profile:
    """The profile of `record()`."""
    return _profile(record())


def large(count: int) -> p.Profile:
    """The profile of `large_record(count)`."""
    return _profile(large_record(count))


def _profile(rec: r.Record) -> p.Profile:
    zero = int(str(rec.header["start_mono_ns"])) - int(str(rec.header["mono_ns"]))

    def at(ns: int) -> float:
        return round((ns - zero) / 1e9, 6)

    def short(name: str) -> str:
        for folder in (CWD, SITE, STDLIB):
            name = name.removeprefix(folder + "/")
        return name

    batch_ns = rec.first_batch.at_ns
    phases = [ph for ph in rec.phases]

    def phase_of(start: int) -> str:
        found = [ph.name for ph in phases if ph.start_ns <= start < ph.start_ns + ph.wall_ns]
        return found[0] if found else "main-imports" if start < batch_ns else "first-batch"

    nodes = []
    for i in rec.imports:
        if i.how == r.THERE:
            continue
        below = [c for c in rec.imports if c.parent == i.id]
        top = i.name.partition(".")[0]
        nodes.append(
            p.Node(
                i.id,
                i.parent,
                0,
                i.thread,
                i.name,
                top,
                short(i.file),
                i.line,
                at(i.start_ns),
                i.wall_ns / 1e9,
                i.cpu_ns / 1e9,
                (i.wall_ns - sum(c.wall_ns for c in below)) / 1e9,
                (i.cpu_ns - sum(c.cpu_ns for c in below)) / 1e9,
                i.minor_faults,
                i.major_faults,
                i.read_bytes,
                i.rss_bytes,
                short(i.origin),
                i.error,
                ("statement", "first use", "call")[i.use],
                phase_of(i.start_ns) != "main-imports" or i.use != 0,
                i.start_ns < batch_ns,
                phase_of(i.start_ns),
            )
        )
    packages = []
    for name in dict.fromkeys(n.package for n in nodes):
        mine = [n for n in nodes if n.package == name]
        kind = (
            "own"
            if name in ("loading", "model")
            else "stdlib"
            if name in ("argparse", "json", "gettext", "csv", "queue")
            else "installed"
        )
        packages.append(
            p.Package(
                name,
                kind,
                len(mine),
                sum(n.self_wall_s for n in mine),
                sum(n.self_cpu_s for n in mine),
                sum(n.rss_bytes for n in mine),
                sum(n.read_bytes for n in mine),
                sum(n.hidden for n in mine),
                sum(d.target.partition(".")[0] == name for d in rec.deferrals),
                mine[0].id,
            )
        )
    packages.sort(key=lambda x: (-x.wall_s, x.name))
    rows, last = [], zero
    spans = [
        ("interp", zero, 0, True, ""),
        ("site", 0, 12 * MS, True, ""),
        ("main-imports", 12 * MS, phases[0].start_ns if phases else batch_ns, True, ""),
    ]
    for n, ph in enumerate(phases):
        if ph.start_ns >= batch_ns:
            continue
        spans.append((ph.name, ph.start_ns, ph.start_ns + ph.wall_ns, True, ph.detail))
        until = phases[n + 1].start_ns if n + 1 < len(phases) else batch_ns
        if until > ph.start_ns + ph.wall_ns:
            spans.append((ph.name, ph.start_ns + ph.wall_ns, min(until, batch_ns), False, ""))
    spans.append(("first-batch", batch_ns, rec.end.at_ns, True, ""))
    for name, a, b, claimed, detail in spans:
        mine = [n for n in nodes if at(a) <= n.start_s < at(b)]
        by = {}
        for n in mine:
            by[n.package] = by.get(n.package, 0) + n.self_cpu_s
        top = tuple(sorted(by.items(), key=lambda kv: (-kv[1], kv[0]))[:6])
        rows.append(
            p.PhaseRow(
                name,
                at(a),
                (b - a) / 1e9,
                (b - a) / 1.3e9,
                len(mine),
                sum(n.self_wall_s for n in mine),
                sum(n.self_cpu_s for n in mine),
                sum(n.hidden for n in mine),
                sum(n.major_faults for n in mine),
                sum(n.read_bytes for n in mine),
                claimed,
                detail,
                top,
            )
        )
    deferrals = []
    for d in rec.deferrals:
        u = d.use
        verdict = p.NEVER if u is None else p.FAILED if u.error else p.REIFIED
        loaded = (
            ()
            if u is None
            else tuple(
                n.id
                for n in nodes
                if n.use == "first use"
                and at(u.at_ns) <= n.start_s < at(u.at_ns + u.wall_ns)
                and n.package == d.target.partition(".")[0]
            )
        )
        deferrals.append(
            p.DeferralRow(
                d.id,
                0,
                d.module,
                d.bound,
                d.target + (f":{d.attribute}" if d.attribute else ""),
                short(d.file),
                d.line,
                ("binding", "proxy", "submodule")[d.kind],
                verdict,
                short(u.file) if u else "",
                u.line if u else 0,
                u.function if u else "",
                at(u.at_ns) if u else None,
                u.wall_ns / 1e9 if u else 0.0,
                bool(u and u.at_ns < batch_ns),
                loaded,
            )
        )
    files = [p.FileRow(short(o.path), "data", at(o.at_ns), "", 0.0, 0, 0) for o in rec.opened]
    files += [
        p.FileRow(n.origin, "module", n.start_s, n.name, n.self_wall_s, n.read_bytes, n.major_faults)
        for n in nodes
        if n.origin and n.major_faults
    ]
    processes = [
        p.Process(
            4242,
            -1,
            "main",
            "train.py",
            0.0,
            at(rec.end.at_ns),
            len(rec.imports),
            len(nodes),
            rec.end.counters.cpu_ns / 1e9,
            None,
        )
    ]
    for c in rec.children:
        processes.append(
            p.Process(
                4243,
                0,
                "worker",
                "DataLoader worker 0",
                3.56,
                4.27,
                len(c.imports),
                len(c.imports),
                0.1,
                None,
            )
        )
    findings = [
        p.Finding(
            "torch._dynamo",
            1.07,
            "a stub answers for it while nothing is compiled",
            "lazyimp tune train.py",
            "torch/_compile.py",
            47,
        ),
        p.Finding(
            "pandas",
            0.41,
            "deferred, but used before the first batch",
            "lazyimp why pandas",
            "loading.py",
            31,
        ),
    ]
    b = rec.first_batch
    failed = sum(bool(n.error) for n in nodes)
    return p.Profile(
        "train.py",
        {
            "python": "3.11.7",
            "implementation": "cpython",
            "platform": "linux-x86_64",
            "core": "c",
            "mode": "deep",
            "lazyimp": "0.3.0",
            "t0_source": "process start",
        },
        at(b.at_ns),
        b.counters.cpu_ns / 1e9,
        at(rec.end.at_ns),
        rec.end.counters.cpu_ns / 1e9,
        True,
        p.Batch(
            b.rule,
            b.framework,
            b.confidence,
            at(b.at_ns),
            b.counters.cpu_ns / 1e9,
            b.counters.modules,
            b.counters.rss_bytes,
            b.counters.major_faults,
            b.counters.read_bytes,
            tuple((x.rule, at(x.at_ns), x.why) for x in rec.rejected),
        ),
        0.11,
        tuple(processes),
        tuple(nodes),
        tuple(packages),
        tuple(rows),
        tuple(p.MarkRow(m.name, at(m.at_ns), m.counters.cpu_ns / 1e9, m.counters.modules) for m in rec.marks),
        tuple(deferrals),
        tuple(files),
        tuple(findings) if len(nodes) < 100 else (),
        {
            "modules": len(nodes) - failed,
            "imports": len(rec.imports),
            "hidden": sum(n.hidden for n in nodes),
            "deferred": len(deferrals),
            "never": sum(d.verdict == p.NEVER for d in deferrals),
            "reified": sum(d.verdict == p.REIFIED for d in deferrals),
            "failed": failed,
        },
    )
