"""Prints what a manifest costs: recording a program with its files, and `lazyimp manifest` of the record.

    python bench/manifest.py --python VENV/bin/python [--count N] [--imports torch,catboost,pandas,numpy]

VENV holds lazyimp and what is imported. Sides take turns: the program without recording, recorded, the whole command
`lazyimp manifest` in a process of its own, and the interpreter alone, which that process would be without it. CPU
time of whole processes; "in all" is what it adds to the program: (recorded - plain) + (command - start).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from harness import clean_environment, conditions, minimum_and_median, run_once, table

COUNT = 7
GOAL_S = 0.3
IMPORTS = "torch,catboost,pandas,numpy"


def main() -> int:
    """Print one table; the status is 1 where the goal was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--count", type=int, default=COUNT, help=f"samples of each side (default: {COUNT})")
    parser.add_argument("--imports", default=IMPORTS, help=f"what the program imports (default: {IMPORTS})")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as folder:
        samples = measured(options.python, options.imports, options.count, Path(folder))
    rows = [(name, *minimum_and_median(times)) for name, times in samples.items()]
    recorded, plain, command, start = (samples[name] for name in ("recorded", "plain", "command", "start"))
    added = [
        a - b + c - d for a, b, c, d in zip(*map(sorted, (recorded, plain, command, start)), strict=True)
    ]
    rows.append(("in all", added[0], minimum_and_median(added)[1]))
    print(table(("CPU seconds", "minimum", "median"), rows))
    print(conditions(note=f"{options.count} samples; {options.imports}"))
    return 0 if added[0] <= GOAL_S else 1


def measured(python: str, imports: str, count: int, folder: Path) -> dict[str, list[float]]:
    """The CPU seconds of each side, in turns, after one round that is not counted."""
    program, record = folder / "program.py", folder / "run.jsonl"
    program.write_text(f"import {imports}\n", encoding="utf-8")
    recording = {"LAZYIMP": "off", "LAZYIMP_RECORD": str(record), "LAZYIMP_RECORD_FILES": "1"}
    sides: dict[str, tuple[list[str], dict[str, str]]] = {
        "plain": ([str(program)], {}),
        "recorded": ([str(program)], recording),
        "command": (["-m", "lazyimp", "manifest", str(record)], {}),
        "start": (["-c", "pass"], {}),
    }
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(count + 1):
        for name, (words, variables) in sides.items():
            if name == "recorded":
                for old in folder.glob("run.jsonl*"):
                    old.unlink()
            done = run_once([python, *words], env=clean_environment(**variables), cwd=folder)
            if done.status:
                sys.exit(f"{name}: {done.stderr}")
            if number:
                samples[name].append(done.cpu_s)
    return samples


if __name__ == "__main__":
    sys.exit(main())
