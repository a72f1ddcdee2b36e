"""Times import and first use of packages: eager, under the interpreter's own lazy imports, under lazyimp.

    python bench/packages.py                          # every use in bench/packages/ that is installed here
    python bench/packages.py --only pandas,sklearn -n 3
    python bench/packages.py --check --wide           # right or not, with wider uses; nothing is timed

A use is a small program whose printed result is the same each time; its docstring begins with the name of
the distribution. Every sample is a fresh process, the sides take turns. A side that prints something else
than the eager one, or ends with another status, is shown and not timed. `-X lazy_imports=all` is a side on
3.15 only.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness import Sample, clean_environment, minimum_and_median, run_once

FOLDER = Path(__file__).with_name("packages")
COUNT = 5
FORMAT = 1
WIDTH = 80

SIDES = {
    "eager": ["-X", "lazyimp=0"],
    "all": ["-X", "lazyimp=0", "-X", "lazy_imports=all"],
    "safe": ["-X", "lazyimp=safe"],
    "deep": ["-X", "lazyimp=deep"],
}

# Runs before the program and counts the modules that it loaded; proxies that were not executed are none.
COUNTER = """
import atexit, os, sys
path = os.environ.pop("MODULES_FILE", None)
def count(before=frozenset(sys.modules), path=path):
    new = [m for n, m in list(sys.modules.items()) if n not in before and not n.startswith("lazyimp")]
    loaded = [m for m in new if not type(m).__module__.startswith("lazyimp")]
    with open(path, "w") as file:
        file.write(str(len(loaded)))
if path:
    atexit.register(count)
    del os.environ["PYTHONPATH"]
"""

# Installed versions and known top-level names, as the interpreter that is measured sees them.
FACTS = """
import importlib.metadata, importlib.util, json, sys
names, distributions = json.load(sys.stdin)
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
def found(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
import lazyimp, lazyimp._startup as s
print(json.dumps([
    [name for name in names if not found(name)],
    {name: version(name) for name in distributions},
    list(sys.version_info[:3]), s.core.name if s.core else None, lazyimp.__version__,
]))
"""


@dataclass
class Use:
    """One program, and what its runs gave."""

    path: Path
    distribution: str
    needs: frozenset[str]
    version: str | None = None
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    modules: dict[str, int | None] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the table calls it."""
        return self.path.stem.rstrip("_")

    def clock(self, side: str, clock: str) -> tuple[float, float] | None:
        """(minimum, median) in seconds, where the side was timed."""
        samples = self.samples.get(side)
        return minimum_and_median([getattr(sample, clock) for sample in samples]) if samples else None


# -- programs ----------------------------------------------------------------------------------------------


def read_use(path: Path) -> Use:
    """The program `path`, with the top-level names that it imports anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    needs = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            needs.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            needs.add(node.module.partition(".")[0])
    distribution = (ast.get_docstring(tree) or "").partition(":")[0]
    return Use(path, distribution, frozenset(needs))


def find_uses(options: argparse.Namespace) -> list[Use]:
    """The programs asked for, in alphabetical order."""
    paths = sorted(FOLDER.glob("*.py"))
    if options.wide:
        paths += sorted((FOLDER / "wide").glob("*.py"))
    uses = [read_use(path) for path in paths]
    wanted = [name.strip() for name in options.only.split(",")] if options.only else []
    return [use for use in uses if not wanted or any(use.name.startswith(name) for name in wanted)]


def look_at(python: str, uses: Iterable[Use]) -> tuple[list[str], dict[str, str], list[int], str, str]:
    """What the interpreter `python` has: missing names, versions, its own, the core, lazyimp's."""
    names = sorted({name for use in uses for name in use.needs})
    distributions = sorted({use.distribution for use in uses} | {"lazyimp-runtime"})
    done = subprocess.run(
        [python, "-X", "lazyimp", "-c", FACTS],
        input=json.dumps([names, distributions]),
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    if done.returncode:
        sys.exit(f"lazyimp is not installed in {python}:\n{done.stderr}")
    missing, versions, python_version, core, lazyimp_version = json.loads(done.stdout)
    if core is None:
        sys.exit(f"-X lazyimp activates no core in {python}")
    return missing, versions, python_version, core, lazyimp_version


# -- running -----------------------------------------------------------------------------------------------


def environment(**added: str) -> dict[str, str]:
    """No network, no accelerators, one thread: what is measured is importing."""
    quiet = {
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    quiet |= {"OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg"}
    quiet |= {"AWS_EC2_METADATA_DISABLED": "true", "WANDB_SILENT": "true", "LAZYIMP_CONFIG": ""}
    return clean_environment(**(quiet | added))


def check(use: Use, python: str, sides: list[str], scratch: Path) -> None:
    """Run every side once, uncounted; note what differs from the eager one, and the modules loaded."""
    (scratch / "sitecustomize.py").write_text(COUNTER, encoding="utf-8")
    result = scratch / "modules.txt"
    counting = environment(PYTHONPATH=str(scratch), MODULES_FILE=str(result))
    reference = run_once([python, *SIDES["eager"], str(use.path)], env=environment())
    if reference.status:
        use.faults["eager"] = last_line(reference.stderr)
        return
    for side in sides:
        result.unlink(missing_ok=True)
        sample = run_once([python, *SIDES[side], str(use.path)], env=counting)
        use.modules[side] = int(result.read_text()) if result.exists() else None
        if sample.status:
            use.faults[side] = last_line(sample.stderr) or f"status {sample.status}"
        elif sample.answer != reference.answer:
            use.faults[side] = f"prints {first_difference(reference.stdout, sample.stdout)}"
    if "eager" in use.faults:
        use.faults["eager"] = f"not the same twice: {use.faults['eager']}"


def last_line(text: str) -> str:
    """The error that a traceback ends with."""
    lines = text.splitlines()
    errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit)\b", line)]
    return (errors or lines or [""])[-1]


def first_difference(expected: str, printed: str) -> str:
    """The first line that differs, and what it should be."""
    for wanted, line in zip(expected.splitlines(), printed.splitlines(), strict=False):
        if wanted != line:
            return f"{line!r} instead of {wanted!r}"
    return f"{len(printed.splitlines())} lines instead of {len(expected.splitlines())}"


def time_sides(use: Use, python: str, sides: list[str], count: int) -> None:
    """`count` samples of every side that is right, in turns, after a round that is not counted."""
    right = [side for side in sides if side not in use.faults]
    for side in right:  # core native keeps what it decides, for the next start under the same sys.path
        run_once([python, *SIDES[side], str(use.path)], env=environment())
    for number in range(count):
        for side in right[:: -1 if number % 2 else 1]:
            sample = run_once([python, *SIDES[side], str(use.path)], env=environment())
            if sample.status:
                use.faults[side] = f"in round {number + 1}: {last_line(sample.stderr)}"
            use.samples.setdefault(side, []).append(sample)
    for side in use.faults:
        use.samples.pop(side, None)


# -- tables ------------------------------------------------------------------------------------------------


def common(uses: list[Use], sides: list[str]) -> list[Use]:
    """The rows where every side was timed."""
    return [use for use in uses if all(use.samples.get(side) for side in sides)]


def mean_ratio(uses: list[Use], side: str, clock: str, which: int) -> float:
    """The geometric mean of the side's times divided by the eager ones; which: 0 minimum, 1 median."""
    logs = [math.log(use.clock(side, clock)[which] / use.clock("eager", clock)[which]) for use in uses]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def show_clock(uses: list[Use], sides: list[str], clock: str) -> str:
    """One table: eager milliseconds, and each side's ratios to them."""
    others = [side for side in sides if side != "eager"]
    lines = [f"{clock.partition('_')[0].upper() if clock == 'cpu_s' else 'Wall'} time, ms; ratios to eager"]
    lines.append(
        f"{'use':16}{'version':11}{'eager':>6}{'':7}" + "".join(f"{side:>6}{'':7}" for side in others)
    )
    lines.append(f"{'':27}" + f"{'min':>6}{'median':>7}" * len(sides))
    for use in uses:
        eager = use.clock("eager", clock)
        if eager is None:
            continue
        cells = [f"{eager[0] * 1e3:6.0f}{eager[1] * 1e3:7.0f}"]
        for side in others:
            times = use.clock(side, clock)
            cells.append(
                f"{times[0] / eager[0]:6.2f}{times[1] / eager[1]:7.2f}" if times else f"{'breaks':>13}"
            )
        lines.append(f"{use.name[:15]:16}{(use.version or '')[:10]:11}" + "".join(cells))
    rows = common(uses, sides)
    means = "".join(
        f"{mean_ratio(rows, side, clock, 0):6.2f}{mean_ratio(rows, side, clock, 1):7.2f}" for side in others
    )
    lines.append(f"geometric mean of {len(rows)} common rows".ljust(40) + means)
    return "\n".join(lines)


def show_modules(uses: list[Use], sides: list[str]) -> str:
    """How many modules each side loaded."""
    lines = ["Modules loaded", f"{'use':27}" + "".join(f"{side:>9}" for side in sides)]
    for use in uses:
        if use.modules:
            cells = ["breaks" if side in use.faults else use.modules.get(side) or "-" for side in sides]
            lines.append(f"{use.name[:26]:27}" + "".join(f"{cell:>9}" for cell in cells))
    return "\n".join(lines)


def show_faults(uses: list[Use]) -> str:
    """What was wrong, a line each."""
    lines = [
        f"{use.name} ({side}): {fault}"[: 2 * WIDTH]
        for use in uses
        for side, fault in sorted(use.faults.items())
    ]
    return "\n".join(["Breaks", *lines]) if lines else ""


def markdown(uses: list[Use], sides: list[str]) -> str:
    """One table for a page: medians of CPU and wall time, modules."""
    others = [side for side in sides if side != "eager"]
    head = ["use", "version", "eager CPU ms", "wall ms", "modules"]
    head += [f"{side} {what}" for side in others for what in ("CPU", "wall", "modules")]
    lines = ["| " + " | ".join(head) + " |", "|---|---|" + "---:|" * (len(head) - 2)]
    for use in uses:
        eager_cpu, eager_wall = use.clock("eager", "cpu_s"), use.clock("eager", "wall_s")
        if eager_cpu is None or eager_wall is None:
            continue
        cells = [f"{use.name}", use.version or "", f"{eager_cpu[1] * 1e3:.0f}", f"{eager_wall[1] * 1e3:.0f}"]
        cells.append(str(use.modules.get("eager") or "-"))
        for side in others:
            cpu, wall = use.clock(side, "cpu_s"), use.clock(side, "wall_s")
            if cpu is None or wall is None:
                cells += ["**breaks**", "", ""]
            else:
                cells += [f"{cpu[1] / eager_cpu[1]:.2f}", f"{wall[1] / eager_wall[1]:.2f}"]
                cells.append(str(use.modules.get(side) or "-"))
        lines.append("| " + " | ".join(cells) + " |")
    rows = common(uses, sides)
    cells = [f"geometric mean of {len(rows)} common rows", "", "", "", ""]
    for side in others:
        cells += [f"{mean_ratio(rows, side, clock, 1):.2f}" for clock in ("cpu_s", "wall_s")] + [""]
    lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def conditions_of(python_version: list[int], lazyimp_version: str, core: str) -> str:
    """What the numbers were measured on; the interpreter measured may be another than this one."""
    load = ", ".join(f"{part:.2f}" for part in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    words = [f"CPython {'.'.join(map(str, python_version))}", f"lazyimp {lazyimp_version}", f"core {core}"]
    words.append(f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, load {load}")
    return "; ".join(words)


def as_json(uses: list[Use], sides: list[str], note: str) -> str:
    """All numbers, for another program."""
    rows = [
        {
            "use": use.name,
            "file": use.path.relative_to(FOLDER).as_posix(),
            "distribution": use.distribution,
            "version": use.version,
            "modules": use.modules,
            "faults": use.faults,
            "cpu_s": {side: [s.cpu_s for s in samples] for side, samples in use.samples.items()},
            "wall_s": {side: [s.wall_s for s in samples] for side, samples in use.samples.items()},
        }
        for use in uses
    ]
    return json.dumps({"format": FORMAT, "sides": sides, "conditions": note, "uses": rows}, indent=1)


# -- the command -------------------------------------------------------------------------------------------


def parse_options() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-n", "--count", type=int, default=COUNT, help=f"samples a side (default: {COUNT})")
    parser.add_argument("--only", help="beginnings of names, separated by commas")
    parser.add_argument("--sides", help=f"of {', '.join(SIDES)} (default: all of them)")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with lazyimp installed")
    parser.add_argument("--check", action="store_true", help="only compare what they print")
    parser.add_argument("--wide", action="store_true", help="the wider uses, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table of a page")
    return parser.parse_args()


def measure(options: argparse.Namespace, uses: list[Use], sides: list[str]) -> None:
    """Run everything, saying on stderr how far it is."""
    with tempfile.TemporaryDirectory() as folder:
        for number, use in enumerate(uses, 1):
            check(use, options.python, sides, Path(folder))
            if not options.check and "eager" not in use.faults:
                time_sides(use, options.python, sides, options.count)
            wrong = ", ".join(f"{side} breaks: {fault}" for side, fault in sorted(use.faults.items()))
            print(f"{number}/{len(uses)} {use.name} {wrong or 'right'}", file=sys.stderr, flush=True)


def main() -> None:
    """Print the tables; the exit status is 1 where a side of lazyimp's own is wrong."""
    options = parse_options()
    uses = find_uses(options)
    missing, versions, python_version, core, lazyimp_version = look_at(options.python, uses)
    skipped = [use for use in uses if not use.needs.isdisjoint(missing)]
    uses = [use for use in uses if use not in skipped]
    for use in uses:
        use.version = versions.get(use.distribution)
    sides = options.sides.split(",") if options.sides else list(SIDES)
    if python_version < [3, 15]:
        sides = [side for side in sides if side != "all"]
    try:
        measure(options, uses, sides)
    except KeyboardInterrupt:
        uses = [use for use in uses if use.modules or use.faults]
        print("interrupted: the tables show what was measured", file=sys.stderr)
    note = conditions_of(python_version, lazyimp_version, core)
    if not options.check:
        print(show_clock(uses, sides, "cpu_s"), show_clock(uses, sides, "wall_s"), sep="\n\n", end="\n\n")
    print(show_modules(uses, sides), show_faults(uses), sep="\n\n")
    if skipped:
        print("\nnot installed, skipped: " + ", ".join(use.name for use in skipped))
    runs = "checked once" if options.check else f"{options.count} samples of each side in turns"
    print(f"\n{len(uses)} uses, {runs}; {note}")
    if options.json:
        options.json.write_text(as_json(uses, sides, note), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(markdown(uses, sides) + f"\n\n{runs}; {note}\n", encoding="utf-8")
    sys.exit(any(side in use.faults for use in uses for side in ("safe", "deep")))


if __name__ == "__main__":
    main()
