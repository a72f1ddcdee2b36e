"""The profiles that every reporter is tested with: `small()`, about forty imports of a made-up training
program, and `large(n)`, n imports of it; `record()` is what `small()` came from. The same numbers every time."""

from __future__ import annotations

import random

from record_writer import CWD, FAILS, FIRST_USE, LOADING, MS, SITE, STDLIB, TRAIN, Writer, origin_of

from lazyimp import profile as p
from lazyimp import record as r

TORCH, NUMPY, PANDAS = (f"{SITE}/{name}/__init__.py" for name in ("torch", "numpy", "pandas"))


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
        facts={"sys_path": [CWD, STDLIB, SITE], "never": [1, 3], "counts": {"i": w.count}},
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
    for name in ("step 2", "step 3", "last step"):
        w.work(100, 95)
        w.mark(name)
    report = ("sklearn.metrics", f"{SITE}/sklearn/__init__.py:70", 160)
    w.use(metrics, f"{TRAIN}:61", "evaluate", ("sklearn", f"{TRAIN}:61", 90, report, FIRST_USE))
    w.work(500, 490)
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


def started() -> Writer:
    """A program at its first line, 12 ms after the hook."""
    w = Writer()
    w.mark("hook")
    w.work(10)
    w.mark("site")
    w.work(2)
    w.mark("main")
    return w


def built(w: Writer, **more: object) -> p.Profile:
    """The profile of what was written so far."""
    return p.build_profile(w.record(**more))


def to_first_batch(made: p.Profile) -> int:
    """All phases before the first batch together, in ns."""
    return sum(round(row.wall_s * 1e9) for row in made.phases if row.name != "first-batch")
