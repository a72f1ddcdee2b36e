"""Compares whole programs run eagerly and lazily: CPU and wall time to a marker line, or to their end.

    python bench/programs.py -- script.py --epochs 1
    python bench/programs.py --marker 'first batch' --mode deep -- train.py
    python bench/programs.py --list programs.txt        # one command a line, '#' begins a comment

A command is what would follow `python`. Every sample is a fresh process of this interpreter, the sides take
turns, and both have to print the same and exit with the same status, or nothing is compared.
"""

from __future__ import annotations

import argparse
import math
import re
import shlex
import sys
from pathlib import Path

from harness import Different, Sample, active_core, conditions, in_turns, minimum_and_median, table

COUNT = 5


def read_commands(options: argparse.Namespace) -> list[list[str]]:
    """The commands to compare."""
    commands = [options.command] if options.command else []
    if options.list is not None:
        lines = options.list.read_text(encoding="utf-8").splitlines()
        commands += [words for line in lines if (words := shlex.split(line, comments=True))]
    return commands


def answer_of(sample: Sample, ignored: re.Pattern[str] | None) -> object:
    """What both sides have to show."""
    lines = sample.stdout.splitlines()
    return [line for line in lines if ignored is None or not ignored.search(line)], sample.status


def geometric_mean(values: list[float]) -> float:
    """The mean of ratios."""
    return math.exp(sum(map(math.log, values)) / len(values))


def compare(command: list[str], options: argparse.Namespace) -> list[tuple[str, list[float]]]:
    """[(what was timed, [eager min, eager median, lazy min, lazy median])] of one program."""
    sides = {
        "eager": [sys.executable, "-X", "lazyimp=0", *command],
        "lazy": [sys.executable, "-X", f"lazyimp={options.mode}", *command],
    }
    samples = in_turns(
        sides,
        options.count,
        same=lambda sample: answer_of(sample, options.ignore),
        marker=options.marker,
        cwd=options.cwd,
    )
    clocks = [("CPU to the end", "cpu_s"), ("wall to the end", "wall_s")]
    if options.marker:
        clocks = [("CPU to the marker", "marked_cpu_s"), ("wall to the marker", "marked_wall_s"), *clocks]
    return [
        (
            title,
            [
                value
                for side in sides
                for value in minimum_and_median([getattr(run, clock) for run in samples[side]])
            ],
        )
        for title, clock in clocks
    ]


def main() -> None:
    """Print a table for every program, and the geometric means where there are several."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mode", default="safe", help="the lazy side's mode (default: safe)")
    parser.add_argument("--count", type=int, default=COUNT, help=f"samples of each side (default: {COUNT})")
    parser.add_argument("--marker", help="text of the output line that ends the time measured")
    parser.add_argument(
        "--ignore", type=re.compile, help="pattern of output lines that may differ (times, paths)"
    )
    parser.add_argument("--list", type=Path, metavar="FILE", help="file with one command a line")
    parser.add_argument("--cwd", type=Path, help="folder to run them in")
    parser.add_argument("command", nargs="*", help="a script and its arguments, or -m module, after --")
    options = parser.parse_args()
    commands = read_commands(options)
    if not commands:
        parser.error("name a program after --, or a file of them with --list")
    core, ratios, different = active_core(), dict[str, list[float]](), 0
    for command in commands:
        print(f"\n{shlex.join(command)}")
        try:
            clocks = compare(command, options)
        except Different as fault:
            different += 1
            print(f"  not compared, the sides differ:\n{fault}")
            continue
        rows = []
        for title, (eager_min, eager, lazy_min, lazy) in clocks:
            ratios.setdefault(title, []).append(lazy / eager)
            rows.append(
                (
                    title,
                    eager_min,
                    eager,
                    lazy_min,
                    lazy,
                    f"{lazy_min / eager_min:.2f}",
                    f"{lazy / eager:.2f}",
                )
            )
        head = ("seconds", "eager min", "median", "lazy min", "median", "ratio of min", "of median")
        print(table(head, rows), flush=True)
    if len(commands) > 1 and ratios:
        means = ", ".join(f"{title} {geometric_mean(values):.2f}" for title, values in ratios.items())
        print(f"\ngeometric mean of {len(commands) - different} programs, ratios of medians: {means}")
    print(f"\nmode {options.mode}, {options.count} samples of each side in turns; {conditions(core=core)}")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
