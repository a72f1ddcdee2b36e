"""Runs a command once, in a process group of its own with a time limit, and gathers what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EAGER = "0"
HANG = "hang"
OUR_SWITCHES = (
    *("LAZYIMP", "LAZYIMP_OBSERVE", "LAZYIMP_OBSERVE_BLAME", "LAZYIMP_PROFILE"),
    *("LAZYIMP_RECORD", "LAZYIMP_RECORD_FILES", "LAZYIMP_RECORD_STEPS", "LAZYIMP_SUMMARY", "LAZYIMP_STOP"),
    "LAZYIMP_TRACKERS",
)


@dataclass(frozen=True)
class Command:
    """What is run: `argv` in full, interpreter first, and `shown`, the words as the user wrote them."""

    argv: tuple[str, ...]
    shown: tuple[str, ...]
    folder: Path | None = None  # the working directory; None: ours


@dataclass(frozen=True)
class Trial:
    """One way to run a command.

    `mode` is "0" for the eager reference, "safe", "deep", "all", or "1" for what `-X lazyimp` alone gives.
    `profile` is the file that LAZYIMP_PROFILE names (None: not set). `env` is added to the environment; a
    value of None takes a variable out. `attribute` makes the observer note, module by module, which output
    and which side effects appeared while it executed: for finding culprits, not for measuring.
    """

    mode: str
    profile: Path | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    attribute: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one run came to.

    `status` is the exit code as text ("0", "1"), the name of the signal that ended it ("-SIGSEGV"), or
    "hang" where the time limit did. `observation` is what the process wrote about itself at its end (see
    `lazyimp/_observe.py` for its fields: modules, at_first_batch, first_batch, cpu_first_batch_s, cpu_s,
    wall_s, fingerprint, ...), or None where it could not (os._exit, a crash, a hang, no lazyimp there);
    `children` is the same of the processes it started. `cpu_s` counts the process and those it waited for.
    """

    trial: Trial
    status: str
    stdout: bytes
    stderr: bytes
    observation: dict[str, Any] | None
    children: tuple[dict[str, Any], ...]
    wall_s: float
    cpu_s: float
    pid: int

    @property
    def modules(self) -> list[str]:
        """The names of the modules loaded at the end, in the order of their completion; [] if not seen."""
        return [name for name, _, _ in (self.observation or {}).get("modules", ())]

    @property
    def used_modules(self) -> list[str]:
        """The names of those loaded at the first batch, or at the end where there was no first batch."""
        return self.modules[: (self.observation or {}).get("at_first_batch")]


def run(command: Command, trial: Trial, limit_s: float) -> Outcome:
    """Run `command` once under `trial`; everything it started is gone afterwards.

    Output goes to files, stdin is empty, and after `limit_s` seconds the whole process group is killed.
    """
    with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
        place = Path(folder)
        with open(place / "stdout", "wb") as out, open(place / "stderr", "wb") as err:
            began = time.monotonic()
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=command.folder,
                env=environment(os.environ, trial, place / "run"),
                start_new_session=True,
            )
            ended = wait(process, limit_s)
        mine, children = read_observations(place, process.pid)
        return Outcome(
            trial=trial,
            status=ended.status,
            stdout=(place / "stdout").read_bytes(),
            stderr=(place / "stderr").read_bytes(),
            observation=mine,
            children=children,
            wall_s=time.monotonic() - began,
            cpu_s=ended.cpu_s,
            pid=process.pid,
        )


def environment(base: Mapping[str, str], trial: Trial, prefix: Path) -> dict[str, str]:
    """The variables of a run: `base` with our switches set as `trial` says; observers write to `prefix`."""
    env = {name: value for name, value in base.items() if name not in OUR_SWITCHES}
    # The start-up line passes "0" by, and an eager run is observed, too.
    env["LAZYIMP"] = "off" if trial.mode == EAGER else trial.mode
    env["LAZYIMP_OBSERVE"] = str(prefix)
    env["LAZYIMP_TRACKERS"] = EAGER  # a trial is no run to keep
    if trial.attribute:
        env["LAZYIMP_OBSERVE_BLAME"] = "1"
    if trial.profile is not None:
        env["LAZYIMP_PROFILE"] = str(trial.profile.resolve())
    for name, value in trial.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    status: str
    cpu_s: float


def wait(process: subprocess.Popen[bytes], limit_s: float) -> Ended:
    """Wait for the process, no longer than the limit, and end everything in its group; Ctrl-C does, too."""
    in_time = False
    try:
        in_time = _ends_within(process, limit_s)
    finally:
        _kill_group(process)
        code, cpu_s = _reap(process)
    return Ended(name_of_status(code) if in_time else HANG, cpu_s)


def name_of_status(code: int) -> str:
    """A return code as text: `-SIGSEGV` for -11, `1` for 1."""
    if code >= 0:
        return str(code)
    try:
        return "-" + signal.Signals(-code).name
    except ValueError:
        return str(code)


def _ends_within(process: subprocess.Popen[bytes], limit_s: float) -> bool:
    """Whether the process ends in time; on Linux it is left unreaped, so that its group is still its own."""
    if not hasattr(os, "waitid"):
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return False
        return True
    flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
    deadline, pause_s = time.monotonic() + limit_s, 0.001
    while os.waitid(os.P_PID, process.pid, flags) is None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.05)
    return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # nothing of it is left
    else:
        process.kill()


def _reap(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """The return code, and the processor time of the process and of those it waited for."""
    if process.returncode is not None or not hasattr(os, "wait4"):
        return process.wait(), 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def read_observations(folder: Path, pid: int) -> tuple[dict[str, Any] | None, tuple[dict[str, Any], ...]]:
    """What the process `pid` wrote about itself, and what the processes it started wrote."""
    found: dict[int, dict[str, Any]] = {}
    for path in sorted(folder.glob("run.*")):
        if path.suffix != ".part":
            facts = json.loads(path.read_bytes())
            found[facts["pid"]] = facts
    mine = found.pop(pid, None)
    return mine, tuple(found[other] for other in sorted(found))
