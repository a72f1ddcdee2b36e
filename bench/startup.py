"""Times the interpreter's start: lazyimp not installed, installed and not asked for, asked for.

    python bench/startup.py --count 30

Two new virtual environments differ in lazyimp alone; every sample is a fresh process, the sides take turns.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from harness import active_core, conditions, in_turns, make_environment, minimum_and_median, table

COUNT = 30


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=COUNT, help=f"samples of each side (default: {COUNT})")
    options = parser.parse_args()
    core = active_core()
    with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as name:
        without = make_environment(Path(name, "without"), with_lazyimp=False)
        with_it = make_environment(Path(name, "with"), with_lazyimp=True)
        sides = {
            "not installed": [without, "-c", "pass"],
            "installed, not asked for": [with_it, "-c", "pass"],
            "asked for (-X lazyimp)": [with_it, "-X", "lazyimp", "-c", "pass"],
        }
        samples = in_turns(sides, options.count)
    rows, first = [], None
    for side, runs in samples.items():
        wall = [value * 1000 for value in minimum_and_median([run.wall_s for run in runs])]
        cpu = [value * 1000 for value in minimum_and_median([run.cpu_s for run in runs])]
        first = first or [*wall, *cpu]
        more = [f"{value - other:+.2f}" for value, other in zip([*wall, *cpu], first, strict=True)]
        both = zip((f"{value:.2f}" for value in (*wall, *cpu)), more, strict=True)
        rows.append((side, *(f"{value} ({added})" for value, added in both)))
    head = ("milliseconds (more than the first row)", "wall min", "wall median", "CPU min", "CPU median")
    print(table(head, rows))
    print(f"{options.count} samples of each side in turns; {conditions(core=core)}")


if __name__ == "__main__":
    main()
