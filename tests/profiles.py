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
        self.minor, self.major, self.read, self.rss = 900, 0, 0, 30 << 20
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
        return r.Counters(self.cpu, self.minor, self.major, self.read, self.rss, 50 + loaded)

    def load(
        self,
        name: str,
        where: str,
        ms: float,
        *inside: tuple,
        how: int = r.LOADED,
        error: str = "",
        use: int = r.STATEMENT,
        function: str = "",
        disk: bool = False,
    ) -> None:
        """An import of `name` at `where` ("file:line") that takes `ms` by itself; `inside` is loaded within it.

        What is inside is given like the arguments of this function, the named ones as a dict at the end.
        """
        self.count += 1
        number, start = self.count, self.now
        before = (self.cpu, self.minor, self.major, self.read, self.rss)
        parent = self.stack[-1] if self.stack else 0
        self.stack.append(number)
        self.work(ms * 0.6, ms * (0.2 if disk else 0.5))
        self.minor, self.rss = self.minor + round(ms * 30), self.rss + round(ms * 50_000)
        if disk:
            self.major, self.read = self.major + 1 + round(ms) // 20, self.read + round(ms * 40_960)
        self.load_all(inside)
        self.work(ms * 0.4, ms * (0.1 if disk else 0.3))
        self.stack.pop()
        now = (self.cpu, self.minor, self.major, self.read, self.rss)
        took = [after - earlier for after, earlier in zip(now, before, strict=True)]
        file, _, line = where.rpartition(":")
        origin = "" if how == r.FAILED else origin_of(name, bool(inside))
        error = error or ("ModuleNotFoundError" if how == r.FAILED else "")
        asked = (number, parent, self.thread, name, file, int(line))
        self.imports.append(
            r.Import(*asked, start, self.now - start, *took, origin, how, error, use, function)
        )

    def load_all(self, loads: tuple) -> None:
        """Load each of them."""
        for each in loads:
            if isinstance(each[-1], dict):
                self.load(*each[:-1], **each[-1])
            else:
                self.load(*each)

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
        self.load_all(loads)
        file, _, line = where.rpartition(":")
        use = r.Use(file, int(line), function, at, self.now - at, error)
        self.deferrals[number - 1] = replace(self.deferrals[number - 1], use=use)

    def mark(self, name: str) -> None:
        """A named instant."""
        self.marks.append(r.Mark(name, self.now, self.counters()))

    def moment(self) -> tuple[int, int, int, int]:
        """Now, for `phase`."""
        return self.now, self.cpu, self.minor, self.major

    def phase(self, name: str, began: tuple[int, int, int, int], detail: str = "") -> None:
        """A phase that began at that moment ends."""
        now = self.moment()
        took = [after - before for after, before in zip(now, began, strict=True)]
        self.phases.append(r.Phase(name, began[0], *took, detail))

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
    home = STDLIB if top in ("argparse", "gettext", "json", "decimal", "csv", "queue") else SITE
    if top in ("loading", "model"):
        home, is_package = CWD, False
    if name in ("_json", "_decimal"):
        return "built-in"
    return f"{home}/{name.replace('.', '/')}" + ("/__init__.py" if is_package else ".py")


TRAIN, LOADING = f"{CWD}/train.py", f"{CWD}/loading.py"
TORCH, NUMPY, PANDAS = (f"{SITE}/{name}/__init__.py" for name in ("torch", "numpy", "pandas"))
FAILS, FIRST_USE = {"how": r.FAILED}, {"use": r.FIRST_USE}


def record() -> r.Record:
    """What the made-up program wrote down."""
    w = Writer()
    w.mark("hook")
    w.load("_distutils_hack", f"{SITE}/distutils-precedence.pth:1", 1.5)
    w.work(6)
    w.mark("site")
    w.work(4)
    w.mark("main")
    frames, metrics, spec, wandb = main_imports(w)
    w.work(3)
    w.open(f"{CWD}/config.yaml")
    w.work(12)
    open_dataset(w, frames)
    w.work(75, 61)
    build_optimizer(w, spec)
    w.work(2)
    failed = ("wandb", f"{LOADING}:52", 8, {**FIRST_USE, **FAILS, "error": "ImportError"})
    w.use(wandb, f"{LOADING}:52", "log", failed, error="ImportError")
    w.thread = 1
    w.load("queue", f"{SITE}/torch/utils/data/_utils/pin_memory.py:10", 2, function="_pin_memory_loop")
    w.thread = 0
    first_batch(w)
    after_it(w, metrics)
    return w.record(
        worker(w),
        libraries=(f"{SITE}/torch/lib/libtorch_cpu.so", "/usr/lib/libc.so.6"),
        rejected=(r.Rejected("first-forward", w.phases[0].start_ns, "no batch had been fetched"),),
        present=(("numpy.random.mtrand", f"{SITE}/numpy/random/mtrand.so"),),
        facts={"sys_path": [CWD, STDLIB, SITE], "never": [1, 3], "counts": {"i": w.count}, "steps": 9},
    )


def main_imports(w: Writer) -> tuple[int, int, int, int]:
    """The statements at the top of train.py; gives the numbers of the deferrals that are used later."""
    w.load("argparse", f"{TRAIN}:1", 6, ("gettext", f"{STDLIB}/argparse.py:92", 2.5))
    multiarray = ("numpy._core.multiarray", f"{SITE}/numpy/_core/__init__.py:24", 21)
    w.load(
        "numpy",
        f"{TRAIN}:2",
        30,
        ("numpy._core", f"{NUMPY}:112", 44, multiarray),
        ("numpy.lib", f"{NUMPY}:120", 18),
        ("numpy.linalg", f"{NUMPY}:125", 12),
        ("_json", f"{NUMPY}:130", 0.4),
    )
    w.defer("__main__", "plt", "matplotlib.pyplot", f"{TRAIN}:4")
    metrics = w.defer("__main__", "f1_score", "sklearn.metrics", f"{TRAIN}:5", "f1_score")
    w.defer("__main__", "px", "plotly.express", f"{TRAIN}:6")
    w.load(
        "torch",
        f"{TRAIN}:7",
        410,
        ("torch._C", f"{TORCH}:367", 690, {"disk": True}),
        ("torch._utils", f"{TORCH}:400", 14, ("torch", f"{SITE}/torch/_utils.py:9", 0.02, {"how": r.THERE})),
        ("torch.nn", f"{TORCH}:2100", 120, ("torch.nn.functional", f"{SITE}/torch/nn/__init__.py:3", 95)),
        ("torch.optim", f"{TORCH}:2104", 60, ("torch.optim.adam", f"{SITE}/torch/optim/__init__.py:14", 16)),
        ("torch.distributed", f"{TORCH}:2110", 88),
        ("torch_xla", f"{TORCH}:2300", 1.2, FAILS),
        ("torch.utils.data", f"{TORCH}:2111", 33),
    )
    spec = w.defer("torch", "sympy", "sympy", f"{TORCH}:2200", kind=r.PROXY)
    csv = ("csv", f"{LOADING}:1", 4)
    w.load("loading", f"{TRAIN}:8", 3, csv, ("tensorrt", f"{LOADING}:6", 52, FAILS))
    frames = w.defer("loading", "pd", "pandas", f"{LOADING}:3")
    wandb = w.defer("loading", "wandb", "wandb.sdk", f"{LOADING}:4")
    return frames, metrics, spec, wandb


def open_dataset(w: Writer, frames: int) -> None:
    """A DataLoader is built, and a function of loading.py asks whether it was given a data frame."""
    began = w.moment()
    w.open("/data/corpus/train.bin")
    w.work(40, 9)
    core = ("pandas.core", f"{PANDAS}:49", 150, ("pandas.core.frame", f"{SITE}/pandas/core/api.py:47", 84))
    libs = ("pandas._libs", f"{PANDAS}:44", 110, {"disk": True})
    w.use(frames, f"{LOADING}:31", "is_frame", ("pandas", f"{LOADING}:31", 70, libs, core, FIRST_USE))
    w.phase("dataset-open", began, "DataLoader")


def build_optimizer(w: Writer, spec: int) -> None:
    """An optimizer is built, and torch loads its compiler."""
    began = w.moment()
    w.load(
        "torch._dynamo",
        f"{SITE}/torch/_compile.py:47",
        300,
        ("torch._dynamo.convert_frame", f"{SITE}/torch/_dynamo/__init__.py:13", 520),
        ("torch._dynamo.utils", f"{SITE}/torch/_dynamo/__init__.py:99", 480),
        function="inner",
    )
    asked = f"{SITE}/torch/fx/experimental/symbolic_shapes.py:61"
    w.use(spec, asked, "<module>", ("sympy", f"{TORCH}:2200", 210, FIRST_USE))
    w.phase("optimizer-build", began, "Adam")


def first_batch(w: Writer) -> None:
    """Workers start, the first batch is fetched and enters the model."""
    began = w.moment()
    w.work(14, 3)
    w.phase("worker-start", began, "2 workers")
    began = w.moment()
    w.mark("first fetch")
    w.work(31, 4)
    w.phase("first-fetch", began)
    w.work(1.5)
    w.first_batch("train-forward-after-fetch", "torch")


def after_it(w: Writer, metrics: int) -> None:
    """The rest of the training."""
    w.work(120, 110)
    w.mark("first backward")
    w.work(40)
    w.mark("first step")
    report = ("sklearn.metrics", f"{SITE}/sklearn/__init__.py:70", 160)
    w.use(metrics, f"{TRAIN}:61", "evaluate", ("sklearn", f"{TRAIN}:61", 90, report, FIRST_USE))
    w.work(800, 790)
    w.mark("last step")
    w.work(30)
    w.mark("exit")


def worker(w: Writer) -> r.Record:
    """A process that the program forked."""
    child = Writer(4243, 4242, forked=True, main={"kind": "worker", "name": "DataLoader worker 0"})
    for clock in ("unix_ns", "mono_ns"):
        child.header[clock] = int(str(w.header[clock])) + 3500 * MS
    child.header["start_mono_ns"] = child.header["mono_ns"]
    child.load("decimal", f"{LOADING}:40", 5, ("_decimal", f"{STDLIB}/decimal.py:3", 1), function="parse")
    child.work(700, 80)
    return child.record()


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
        began = w.moment()
        late = w.defer("__main__", f"late{place}", f"{made[0]}.api", f"{train}:{place + 1}")
        if place % 5 == 2:
            w.use(late, f"{train}:{place + 300}", "run", (*made, FIRST_USE))
        else:
            w.load(*made, function="build" if place % 4 == 3 else "")
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
    return p.build_profile(record())


def large(count: int) -> p.Profile:
    """The profile of `large_record(count)`."""
    return p.build_profile(large_record(count))
