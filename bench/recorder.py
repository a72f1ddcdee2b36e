"""Prints what recording a program costs, and whether its times agree with the interpreter's own `-X importtime`.

    python bench/recorder.py cpu -- train.py              # CPU time, in turns, the same output on all sides
    python bench/recorder.py instructions -- train.py     # instructions, by valgrind's callgrind: minutes
    python bench/recorder.py importtime -- train.py       # self times of the modules that both saw
    python bench/recorder.py importtime --list programs.txt

A command is what would follow `python`. `--mode` chooses how the program runs on both sides: off is eagerly.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import callgrind
from harness import Different, clean_environment, conditions, in_turns, minimum_and_median, table

from lazyimp import record

COUNT = 10
GOAL = 1.02  # a recorded start may cost this many times the CPU time of one that is not


def variables(mode: str, folder: Path, *, recorded: bool) -> dict[str, str]:
    """What one side's environment says; where a record is there already, the next one lies beside it."""
    return {"LAZYIMP": mode, "LAZYIMP_RECORD": str(folder / "run.jsonl") if recorded else ""}


def command(words: list[str], mode: str, folder: Path, *, recorded: bool) -> list[str]:
    """The command of one side; both go through the same program that sets variables."""
    set_here = [f"{name}={value}" for name, value in variables(mode, folder, recorded=recorded).items()]
    return ["env", *set_here, sys.executable, *words]


# -- cost --------------------------------------------------------------------------------------------------


def cpu(words: list[str], options: argparse.Namespace, folder: Path) -> bool:
    """CPU time and wall time of whole runs, in turns."""
    sides = {
        "plain": command(words, options.mode, folder, recorded=False),
        "recorded": command(words, options.mode, folder, recorded=True),
    }
    samples = in_turns(sides, options.count, cwd=options.cwd)
    rows, ratios = [], []
    for title, clock in (("CPU", "cpu_s"), ("wall", "wall_s")):
        plain, recorded = (
            minimum_and_median([getattr(run, clock) for run in samples[side]]) for side in sides
        )
        ratios.append(recorded[0] / plain[0])
        rows.append((title, *plain, *recorded, f"{ratios[-1]:.3f}", f"{recorded[1] / plain[1]:.3f}"))
    head = ("seconds", "plain min", "median", "recorded min", "median", "ratio of min", "of median")
    print(table(head, rows), flush=True)
    return ratios[0] <= GOAL


def instructions(words: list[str], options: argparse.Namespace, folder: Path) -> bool:
    """Instructions of whole runs; what the system does for it is not in them."""
    counts, answers = [], []
    for recorded in (False, True):
        number, printed = callgrind.instructions(
            [sys.executable, *words],
            options.cwd or Path(),
            **variables(options.mode, folder, recorded=recorded),
        )
        counts.append(number)
        answers.append(printed)
    if answers[0] != answers[1]:
        raise Different(f"plain: {answers[0]!r}\nrecorded: {answers[1]!r}")
    ratio = counts[1] / counts[0]
    row = ("instructions", counts[0] / 1e6, counts[1] / 1e6, f"{ratio:.4f}")
    print(table(("millions", "plain", "recorded", "ratio"), [row]), flush=True)
    return ratio <= GOAL


# -- agreement ---------------------------------------------------------------------------------------------


def importtime(words: list[str], options: argparse.Namespace, folder: Path) -> bool:
    """Self times of the modules that both saw, summed, from one and the same process."""
    path = folder / "run.jsonl"
    env = clean_environment(LAZYIMP="off", LAZYIMP_RECORD=str(path))
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words],
        env=env,
        cwd=options.cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    seen: dict[str, int] = {}
    for own_us, name in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", done.stderr, re.M):
        seen[name] = seen.get(name, 0) + int(own_us)
    ours = self_times(record.read_one(path), set(seen))
    both = sorted(set(seen) & set(ours))
    theirs_s, ours_s = sum(seen[name] for name in both) / 1e6, sum(ours[name] for name in both) / 1e9
    row = (f"{len(both)} modules", theirs_s, ours_s, f"{ours_s / theirs_s - 1:+.2%}")
    print(table(("self times, seconds", "-X importtime", "record", "difference"), [row]), flush=True)
    return abs(ours_s / theirs_s - 1) <= 0.03


def self_times(read: record.Record, seen: set[str]) -> dict[str, int]:
    """By name, in ns; what importtime does not see, import_module(), counts for the import around it, as there."""
    by_id = {each.id: each for each in read.imports}
    found: dict[str, int] = {}
    for each in read.imports:
        if each.name not in seen:
            continue
        found[each.name] = found.get(each.name, 0) + each.wall_ns
        above = by_id.get(each.parent)
        while above is not None and above.name not in seen:
            above = by_id.get(above.parent)
        if above is not None:
            found[above.name] = found.get(above.name, 0) - each.wall_ns
    return found


PARTS: dict[str, Callable[[list[str], argparse.Namespace, Path], bool]] = {
    "cpu": cpu,
    "instructions": instructions,
    "importtime": importtime,
}


def main() -> None:
    """Print one table for each program; the exit status is 1 where a goal was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        usage="%(prog)s PART [options] [-- program ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--mode", default="off", help="off, safe, deep or all (default: off)")
    parser.add_argument("--count", type=int, default=COUNT, help=f"samples of each side (default: {COUNT})")
    parser.add_argument("--list", type=Path, metavar="FILE", help="file with one command a line")
    parser.add_argument("--cwd", type=Path, help="folder to run them in")
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    program = sys.argv[at + 1 :]
    options = parser.parse_args(sys.argv[1:at])
    programs = [program] if program else []
    if options.list is not None:
        lines = options.list.read_text(encoding="utf-8").splitlines()
        programs += [words for line in lines if (words := shlex.split(line, comments=True))]
    if not programs:
        parser.error("name a program after --, or a file of them with --list")
    reached = True
    for words in programs:
        print(f"\n{shlex.join(words)}")
        with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as folder:
            reached = PARTS[options.part](words, options, Path(folder)) and reached
    print(f"\nmode {options.mode}; {conditions()}")
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
