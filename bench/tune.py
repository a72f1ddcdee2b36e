"""Tunes a generated program of 2,000 modules in 40 distributions and prints the number of runs it took.

    python bench/tune.py [--modules 2000] [--distributions 40]

Once where nothing breaks, once where five modules register themselves while they are imported. Times are
shown, not judged: they depend on the machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from tunable import big_program

BREAKING = ((0, 1), (1, 3), (1, 4), (2, 10), (2, 20))


def main() -> None:
    """Tune both programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", type=int, default=2000)
    parser.add_argument("--distributions", type=int, default=40)
    options = parser.parse_args()
    print(f"{'program':<24} {'runs':>5} {'limit':>6} {'statements':>11} {'deferred':>9} {'seconds':>8}")
    for name, registering, limit in (("nothing breaks", (), 25), ("five modules break", BREAKING, 60)):
        with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as folder:
            big_program(Path(folder), options.modules, options.distributions, registering)
            began = time.monotonic()
            found = tune(Path(folder))
            seconds = time.monotonic() - began
        row = (
            f"{found['runs']:>5} {'< ' + str(limit):>6} {found['candidates']:>11} {len(found['deferred']):>9}"
        )
        print(f"{name:<24} {row} {seconds:>8.1f}")


def tune(folder: Path) -> dict:
    """The result of `lazyimp tune`."""
    done = subprocess.run(
        [sys.executable, "-m", "lazyimp", "tune", "--json", "main.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "site-packages")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
