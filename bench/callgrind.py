"""Counts the instructions that a program executes per operation, with valgrind's callgrind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness import clean_environment, run_once


def require() -> str:
    """The tool's version; without it the program ends."""
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed; this measurement needs its callgrind")
    return subprocess.run(
        ["valgrind", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def instructions(
    command: Sequence[str],
    cwd: Path,
    *,
    keep: Path | None = None,
    at_start: bool = True,
    **variables: str,
) -> tuple[int, str]:
    """(instructions of the process, what it printed); `keep` names the profile's file; `variables` are set.

    Without `at_start` the program itself says from where to where it is counted, by callgrind_control.
    """
    tool = ["valgrind", "--tool=callgrind", f"--instr-atstart={'yes' if at_start else 'no'}"]
    done = subprocess.run(
        [*tool, f"--callgrind-out-file={keep or '/dev/null'}", *command],
        cwd=cwd,
        env=clean_environment(OPENBLAS_NUM_THREADS="1", **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        sys.exit(f"{' '.join(command)} failed under callgrind:\n{done.stdout}\n{done.stderr}")
    return int(found.group(1)), done.stdout


def per_operation(command: Sequence[str], count: int, cwd: Path) -> float:
    """Instructions per operation of a program whose last argument says how many to do.

    It runs with `count` and with twice as many, so that all that happens once cancels.
    """
    run_once([*command, str(count)], cwd=cwd)  # whatever has to be compiled is
    once, first = instructions([*command, str(count)], cwd)
    twice, second = instructions([*command, str(2 * count)], cwd)
    if first != second:
        sys.exit(f"{' '.join(command)} printed {first!r} and {second!r}")
    return (twice - once) / count
