"""Times the loading of the recipes' table: the one that was built, and a made-up one of 60 with 10 rows each.

    python bench/recipes.py --count 30

Every sample is a fresh process that loads a compiled file, as an installed lazyimp is one.
"""

from __future__ import annotations

import argparse
import py_compile
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import conditions, minimum_and_median, table

COUNT = 30
ROOT = Path(__file__).resolve().parent.parent
LIMIT_MS = 0.5
LOAD = """
import sys, time
sys.path.insert(0, sys.argv[1])
start = time.process_time_ns()
import _table
print(time.process_time_ns() - start)
"""


def main() -> int:
    """Print one table; status 1 where the made-up table takes longer than it may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=COUNT, help=f"samples of each table (default: {COUNT})")
    options = parser.parse_args()
    builder = runpy.run_path(str(ROOT / "build_backend" / "recipes.py"))
    sides = {
        "as built": builder["tables"](builder["read_all"]())["_table.py"],
        "60 distributions, 10 rows each": builder["tables"](made_up(60, 10))["_table.py"],
    }
    rows, slowest = [], 0.0
    for side, source in sides.items():
        samples = load_often(source, options.count)
        minimum, median = minimum_and_median([ns / 1e6 for ns in samples])
        slowest = max(slowest, minimum)
        rows.append([side, f"{len(source)}", f"{minimum:.3f}", f"{median:.3f}"])
    print(table(["table", "characters", "CPU ms, minimum", "median"], rows))
    print(f"{options.count} samples of each; {conditions()}")
    return int(slowest > LIMIT_MS)


def load_often(source: str, count: int) -> list[int]:
    """Nanoseconds of CPU time that each of `count` processes takes to load the table."""
    with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as name:
        path = Path(name, "_table.py")
        path.write_text(source, encoding="utf-8")
        py_compile.compile(str(path), cfile=f"{path}c", doraise=True)
        path.unlink()
        command = [sys.executable, "-S", "-c", LOAD, name]
        return [int(subprocess.check_output(command)) for _ in range(count)]


def made_up(distributions: int, rows: int) -> dict[str, dict[str, object]]:
    """Recipes of usual length in which no two strings are the same."""
    return {
        f"dist{i}.toml": {
            "distribution": f"dist-{i}",
            "modules": [f"dist{i}", f"_dist{i}"],
            "versions": ">=1.5,<4",
            "inside": "eager",
            "reason": f"its modules import each other in {i} cycles that only the author's order resolves",
            "eager": [
                {
                    "importer": f"dist{i}.core.part{j}",
                    "target": f"dist{i}._libs.module{j}",
                    "reason": f"sets capsule {i} that {j} other C modules look for when they are loaded",
                }
                for j in range(rows)
            ],
        }
        for i in range(distributions)
    }


if __name__ == "__main__":
    sys.exit(main())
