"""Runs commands in fresh processes, the sides in turns; says on what machine and with which versions."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

TIMEOUT_S = 600
WARM_UP_ROUNDS = 1


@dataclass(frozen=True)
class Sample:
    """One run: what it printed and returned, and its time to the marker (to its end where there is none)."""

    stdout: str
    stderr: str
    status: int
    wall_s: float
    cpu_s: float  # to the end: children that it waited for, too
    marked_wall_s: float | None = None
    marked_cpu_s: float | None = None  # of the process itself

    @property
    def answer(self) -> tuple[str, int]:
        """What has to be the same on every side."""
        return self.stdout, self.status


class Different(Exception):
    """The sides did not compute the same; there is nothing to compare."""


def clean_environment(**added: str) -> dict[str, str]:
    """The environment without what changes how Python or lazyimp behaves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LAZYIMP"))}
    return {**kept, "PYTHONHASHSEED": "0", **added}


def run_once(
    command: Sequence[str],
    *,
    marker: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Sample:
    """Run a command; read the clocks when a line of its output contains `marker`, and at its end."""
    environment = dict(env or clean_environment())
    if marker is not None:
        environment["PYTHONUNBUFFERED"] = "1"
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    texts: dict[str, list[bytes]] = {"out": [], "err": []}
    marks: list[tuple[float, float]] = []

    def read(stream: Iterable[bytes], name: str) -> None:
        for line in stream:
            if marker is not None and not marks and marker.encode() in line:
                marks.append((time.perf_counter() - start, cpu_of(process.pid)))
            texts[name].append(line)

    readers = [
        threading.Thread(target=read, args=(stream, name), daemon=True)
        for stream, name in ((process.stdout, "out"), (process.stderr, "err"))
    ]
    for reader in readers:
        reader.start()
    watchdog = threading.Timer(TIMEOUT_S, process.kill)
    watchdog.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    watchdog.cancel()
    for reader in readers:
        reader.join()
    out, err = (b"".join(texts[name]).decode(errors="replace") for name in ("out", "err"))
    return Sample(
        out,
        err,
        process.returncode,
        wall_s,
        usage.ru_utime + usage.ru_stime,
        *(marks[0] if marks else (None, None)),
    )


def cpu_of(pid: int) -> float:
    """CPU seconds that a running process has used, children excepted; nan where the system does not say."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # Linux: clock_getcpuclockid(3)
    except (OSError, AttributeError):
        return float("nan")


def in_turns(
    sides: Mapping[str, Sequence[str]],
    count: int,
    *,
    same: Callable[[Sample], object] = lambda sample: sample.answer,
    marker: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> dict[str, list[Sample]]:
    """`count` samples of every side, in turns, the order reversed every other round; raises Different."""
    samples: dict[str, list[Sample]] = {name: [] for name in sides}
    answers: dict[str, object] = {}
    for number in range(count + WARM_UP_ROUNDS):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            sample = run_once(sides[name], marker=marker, env=env, cwd=cwd)
            answers[name] = same(sample)
            if len({repr(answer) for answer in answers.values()}) != 1:
                shown = "\n".join(f"{side}: {answer!r}" for side, answer in answers.items())
                raise Different(f"{shown}\nstderr of {name}:\n{sample.stderr}")
            if marker is not None and sample.marked_cpu_s is None:
                raise Different(f"{name} printed no line with the marker {marker!r}")
            if number >= WARM_UP_ROUNDS:
                samples[name].append(sample)
    return samples


# -- text --------------------------------------------------------------------------------------------------


def minimum_and_median(values: Sequence[float]) -> tuple[float, float]:
    """The two numbers that every table shows."""
    return min(values), statistics.median(values)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows in columns; the first column is text, the others are numbers."""
    lines = [
        list(head),
        *([cell if isinstance(cell, str) else f"{cell:.3f}" for cell in row] for row in rows),
    ]
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(widths[i]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def conditions(*, core: str | None = None, note: str = "") -> str:
    """What the numbers were measured on, for the end of every table."""
    load = ", ".join(f"{part:.2f}" for part in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    words = [
        f"CPython {platform.python_version()}",
        f"lazyimp-runtime {version('lazyimp-runtime')}",
        *([f"core {core}"] if core else []),
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, load {load}",
    ]
    return "; ".join([*words, note] if note else words)


def version(distribution: str) -> str:
    """The installed version, or a word that says it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def active_core(python: str = sys.executable) -> str:
    """The core that `-X lazyimp` uses; an interpreter without one ends the program."""
    code = "import lazyimp._startup as s; print(s.core.name if s.core else 'none: ' + str(s.refusal))"
    done = run_once([python, "-X", "lazyimp", "-c", code])
    name = done.stdout.strip()
    if done.status or name.startswith("none"):
        sys.exit(f"-X lazyimp activates no core in {python}: {name}\n{done.stderr}")
    return name


# -- two interpreters that differ in lazyimp alone ---------------------------------------------------------


def make_environment(folder: Path, *, with_lazyimp: bool) -> str:
    """A virtual environment that holds lazyimp as it is installed here, or nothing; gives its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if with_lazyimp:
        site = site_packages(str(python))
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(origin("lazyimp").parent, site / "lazyimp", ignore=skipped)
        if importlib.util.find_spec("lazyimp_c") and origin("lazyimp_c").is_file():
            shutil.copy(origin("lazyimp_c"), site)
        from lazyimp import _pth

        (site / _pth.FILE).write_bytes(_pth.content())
        subprocess.run([str(python), "-m", "compileall", "-q", site / "lazyimp"], check=True)
    return str(python)


def site_packages(python: str) -> Path:
    """Where an interpreter's distributions are."""
    return Path(
        run_once([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).stdout.strip()
    )


def add_start_file(python: str, line: str) -> None:
    """Give an environment a .pth file that is not lazyimp's."""
    (site_packages(python) / "another.pth").write_text(line, encoding="utf-8")


def origin(name: str) -> Path:
    """The file of an installed module."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"{name} is not installed in {sys.executable}")
    return Path(spec.origin)
