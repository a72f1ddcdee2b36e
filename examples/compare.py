"""Runs train_digits.py eagerly and lazily and prints both times to the first batch.

Counted is from the start of the process to the end of the first step, so what that step loads late is in it.
The runs are taken in turns, each in a fresh process. The two sides must print the same answer, or nothing is
compared. The first run of each side warms the disk cache and is not counted.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

PROGRAM = Path(__file__).with_name("train_digits.py")
DISTRIBUTIONS = ("lazyimp-runtime", "numpy", "pandas", "scikit-learn", "matplotlib")


def run_once(mode, program_options):
    """One run in a fresh process: its stdout, and what it took to reach the first batch."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAZYIMP")}
    command = [sys.executable, "-X", f"lazyimp={mode}", str(PROGRAM), "--clock", *program_options]
    start_ns = time.monotonic_ns()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{PROGRAM.name} failed with mode {mode}:\n{done.stderr}")
    clock = json.loads(done.stderr.splitlines()[-1])
    wall_s = (clock["monotonic_ns"] - start_ns) / 1e9
    return done.stdout, {"wall": wall_s, "cpu": clock["cpu_s"], "modules": clock["modules"]}


def row(title, eager, lazy, key, pick):
    """One line of the table."""
    a, b = pick(run[key] for run in eager), pick(run[key] for run in lazy)
    return f"{title:<32}{a:>10.3f}{b:>10.3f}{b / a:>10.2f}"


def table(eager, lazy):
    """Both sides, side by side."""
    lines = [f"{'time to first batch':<32}{'eager':>10}{'lazy':>10}{'ratio':>10}"]
    for title, key in (("wall, seconds", "wall"), ("CPU, seconds", "cpu")):
        lines.append(row(f"{title} (median)", eager, lazy, key, statistics.median))
        lines.append(row(f"{title} (minimum)", eager, lazy, key, min))
    counts = [run[0]["modules"] for run in (eager, lazy)]
    lines.append(f"{'modules loaded':<32}{counts[0]:>10}{counts[1]:>10}{counts[1] / counts[0]:>10.2f}")
    return "\n".join(lines)


def versions():
    """What ran."""
    names = [f"{name} {metadata.version(name)}" for name in DISTRIBUTIONS]
    return f"CPython {platform.python_version()}, " + ", ".join(names)


def main():
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="safe", help="the lazy side's mode (default: safe)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each side (default: 5)")
    options, program_options = parser.parse_known_args()
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    expected, _ = run_once("0", program_options)
    answers, eager, lazy = {expected}, [], []
    for number in range(options.runs + 1):
        for mode, runs in (("0", eager), (options.mode, lazy)):
            answer, clock = run_once(mode, program_options)
            answers.add(answer)
            if number:
                runs.append(clock)
    if len(answers) != 1:
        sys.exit("the eager and the lazy runs printed different answers; nothing to compare")
    print(expected.splitlines()[0])
    print(table(eager, lazy))
    print(f"mode {options.mode}, {options.runs} runs of each side in turns, same answers; load before {load}")
    print(versions())


if __name__ == "__main__":
    main()
