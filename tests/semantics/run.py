"""Runs the small programs eagerly and lazily, compares what a user can see, and prints a table.

    python tests/semantics/run.py --prefix 'python -X lazyimp=deep' --cases 1-20 64 membership

The reference is the same program run by the same interpreter without any switch, in a fresh process.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from catalogue import Program, read_programs

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """What one run of a program showed, paths and addresses replaced."""

    stdout: str
    stderr: str
    status: int
    loaded: frozenset[str]
    marked: bool


def clean_environment() -> dict[str, str]:
    """The environment without anything that changes how Python or lazyimp behaves."""
    env = {
        k: v
        for k, v in os.environ.items()
        if k == "PYTHONMALLOC" or not k.startswith(("PYTHON", "LAZYIMP", "COVERAGE", "PYTEST"))
    }
    env["PYTHONHASHSEED"] = "0"
    env["PYTHON_COLORS"] = "0"
    env["TERM"] = "dumb"
    return env


def run_program(
    program: Program, command: list[str], folder: Path, env: dict[str, str] | None = None
) -> Outcome:
    """Lay the program out in `folder` (new) and run it there."""
    program.lay_out(folder)
    mark = folder.parent / f"{folder.name}.mark"
    environment = {**clean_environment(), **dict(program.env), **(env or {}), "SEMANTICS_MARK": str(mark)}
    try:
        done = subprocess.run(
            [*command, *program.run],
            cwd=folder,
            env=environment,
            input=program.stdin,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome("", f"no end within {TIMEOUT_SECONDS} seconds", 124, frozenset(), marked=False)
    marked = mark.exists()
    loaded = frozenset(mark.read_text().split()) if marked else frozenset()
    return Outcome(
        normalise(done.stdout, folder), normalise(done.stderr, folder), done.returncode, loaded, marked
    )


def normalise(text: str, folder: Path) -> str:
    """The text without addresses, durations and the folder the program ran in."""
    for path in {str(folder), str(folder.resolve())}:
        text = text.replace(path, "<folder>")
    text = re.sub(r"\bin \d+\.\d+s\b", "in <time>", text)
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x", text)


def last_exception(stderr: str) -> str:
    """The text before the first traceback, and the exception that the last one ends with."""
    before, *tracebacks = stderr.split("Traceback (most recent call last):\n")
    if not tracebacks:
        return before
    ends = [line for line in tracebacks[-1].splitlines() if line and not line.startswith(" ")]
    return before + (ends[0] if ends else "")


def first_difference(program: Program, eager: Outcome, lazy: Outcome, core: str) -> str | None:
    """The first line that differs, with the eager one, or None when a user sees no difference."""
    stderrs = (eager.stderr, lazy.stderr)
    if program.late:
        stderrs = (last_exception(eager.stderr), last_exception(lazy.stderr))
    for where, (old, new) in {"stdout": (eager.stdout, lazy.stdout), "stderr": stderrs}.items():
        if old != new:
            hint = lazy.stderr.splitlines()[-1:] if where == "stdout" and lazy.stderr != eager.stderr else []
            return " ... ".join([_first_line(where, old, new), *map(repr, hint)])
    if eager.status != lazy.status:
        return f"status {lazy.status}, eager {eager.status}"
    names = program.must_stay_unloaded(core)
    if names and not lazy.marked:
        return "the mark was not reached"
    for name in names:
        if name in lazy.loaded:
            return f"{name} is loaded at the mark"
        if name not in eager.loaded:
            return f"{name} is not loaded at the mark of the eager run"
    return None


def _first_line(where: str, old: str, new: str) -> str:
    olds, news = old.splitlines(), new.splitlines()
    for number in range(max(len(olds), len(news))):
        pair = [lines[number] if number < len(lines) else "<end>" for lines in (olds, news)]
        if pair[0] != pair[1]:
            tail = f" ... {news[-1]!r}" if where == "stderr" and news else ""
            return f"{where} {number + 1}: {pair[1]!r}, eager {pair[0]!r}{tail}"
    return f"{where}: line ends differ"


@functools.cache
def facts(python: str) -> tuple[tuple[int, int], frozenset[str]]:
    """The version of an interpreter, and which of the optional modules it can import."""
    code = (
        "import importlib.util, json, sys; "
        "print(json.dumps([sys.version_info[:2], [n for n in sys.argv[1:] if importlib.util.find_spec(n)]]))"
    )
    wanted = sorted({name for program in read_programs() for name in program.needs})
    out = subprocess.run(
        [python, "-c", code, *wanted], env=clean_environment(), capture_output=True, text=True, check=True
    ).stdout
    version, present = json.loads(out)
    return (version[0], version[1]), frozenset(present)


def why_not(program: Program, python: str) -> str | None:
    """Why this interpreter cannot run the program, or None when it can."""
    version, present = facts(python)
    if not program.runs_on(version):
        return f"for Python {program.python}"
    missing = sorted(set(program.needs) - present)
    return f"needs {', '.join(missing)}" if missing else None


def active_core(python: str, core: str | None = None) -> str:
    """The core that `-X lazyimp` installs in this interpreter, or the reason why none."""
    code = "import lazyimp._startup as s; print(s.core.name if s.core is not None else 'none')"
    env = clean_environment()
    if core is not None:
        env["LAZYIMP_CORE"] = core
    done = subprocess.run(
        [python, "-X", "lazyimp", "-c", code], env=env, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or (done.stderr.strip().splitlines() or ["no output"])[-1]


class Runner:
    """Runs programs in a pool of two, each eager reference once."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.folder = folder
        self._pool = ThreadPoolExecutor(2)
        self._lock = threading.Lock()
        self._futures: dict[tuple[str, str], object] = {}
        self._count = 0

    def _start(self, program: Program, label: str, command: list[str], env: dict[str, str]):
        key = (program.id, label)
        with self._lock:
            if key not in self._futures:
                self._count += 1
                folder = self.folder / str(self._count)
                self._futures[key] = self._pool.submit(run_program, program, command, folder, env)
            return self._futures[key]

    def eager(self, program: Program):
        """The future outcome without lazyimp."""
        return self._start(program, "eager", [self.python], {})

    def lazy(self, program: Program, command: list[str], env: dict[str, str]):
        """The future outcome of the program run by `command`."""
        return self._start(program, json.dumps([command, sorted(env.items())]), command, env)

    def close(self) -> None:
        """Drop what has not started and wait for what has."""
        self._pool.shutdown(cancel_futures=True)


def select(programs: list[Program], wanted: list[str]) -> list[Program]:
    """The programs asked for by number, range of numbers, or part of their id or group."""
    if not wanted:
        return programs

    def asked(program: Program) -> bool:
        for word in wanted:
            low, dash, high = word.partition("-")
            if low.isdigit():
                if int(low) <= program.number <= int(high if dash else low):
                    return True
            elif word in program.id or word in program.group:
                return True
        return False

    return [program for program in programs if asked(program)]


def main() -> int:
    """Print right or WRONG for each program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--prefix", help="how to start a program lazily; without it only the eager runs are shown"
    )
    parser.add_argument(
        "--python", help="the interpreter of the eager reference (default: the prefix's first word)"
    )
    parser.add_argument("--core", default="", help="force a core, and use its expectations")
    parser.add_argument("--cases", nargs="*", default=[], help="numbers, ranges, or parts of ids")
    parser.add_argument("--wrong", action="store_true", help="list only what is wrong")
    parser.add_argument("--no-marks", action="store_true", help="do not check what is loaded at a mark")
    options = parser.parse_args()
    command = shlex.split(options.prefix or "")
    python = options.python or (command[0] if command else sys.executable)
    env = {"LAZYIMP_CORE": options.core} if options.core else {}
    programs = select(read_programs(), options.cases)
    counts = {"right": 0, "WRONG": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(python, Path(folder).resolve())
        able = [program for program in programs if why_not(program, python) is None]
        for program in able:
            runner.eager(program)
            if command:
                runner.lazy(program, command, env)
        for program in programs:
            line = why_not(program, python)
            verdict = "skipped"
            if line is None:
                eager = runner.eager(program).result()
                if command:
                    lazy = runner.lazy(program, command, env).result()
                    core = "none" if options.no_marks else options.core
                    if core == "none":
                        program = Program(**{**program.__dict__, "unloaded": (), "unloaded_py": ()})
                    line = first_difference(program, eager, lazy, core)
                    verdict = "WRONG" if line else "right"
                else:
                    line = f"status {eager.status}\n" + "\n".join(
                        "    " + x for x in (eager.stdout + eager.stderr).splitlines()
                    )
                    verdict = "right"
            counts[verdict] += 1
            if verdict == "WRONG" or not options.wrong:
                print(f"{verdict:8}{program.id:45} {line or ''}".rstrip())
        runner.close()
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
