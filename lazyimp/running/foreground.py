"""Runs a program in the foreground as a shell does: in a process group of its own, signals passed on to it.

Ctrl-C, Ctrl-Z and whatever else is sent to us reaches the program's whole group, once. The terminal stays
ours, so that a pager behind us keeps its keyboard, and is lent to the program when it first wants to read from
it; afterwards it is ours again, with the settings it had.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGTSTP")
# What is sent when the time is over, one after the other: an interrupt lets exit functions run and the record end.
AT_THE_LIMIT = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))
GRACE_S = 3.0  # between them


@dataclass(frozen=True)
class Ended:
    """How a program ended: `code` is negative for a signal; CPU time counts the processes it waited for."""

    code: int
    in_time: bool
    wall_s: float
    cpu_s: float
    peak_bytes: int  # of the largest of its processes


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    limit_s: float | None = None,
    *,
    to_stderr: bool = False,
    end_all: bool = False,
) -> Ended:
    """Run `argv` to its end and say how it ended.

    After `limit_s` seconds its group is interrupted, then made to end. `to_stderr`: what it prints goes there.
    `end_all`: processes of its group that outlive it are ended, too.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if not hasattr(os, "waitid") or not hasattr(os, "posix_spawn"):
        return _run_plainly(argv, env, limit_s, to_stderr)
    began = time.monotonic()
    child = _Child(_spawn(argv, env, to_stderr))
    try:
        with child.forwarding(limit_s):
            child.wait()
    finally:
        if end_all or not child.ended:
            child.send(signal.SIGKILL)
        _, status, usage = os.wait4(child.pid, 0)
        child.take_terminal_back()
    return Ended(
        os.waitstatus_to_exitcode(status),
        not child.warnings,
        time.monotonic() - began,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    )


def _spawn(argv: Sequence[str], env: Mapping[str, str], to_stderr: bool) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, 2, 1)] if to_stderr else []
    # what this interpreter ignores and subprocess would restore, too
    restored = [signal.SIGPIPE, signal.SIGXFSZ]
    return os.posix_spawn(argv[0], list(argv), env, file_actions=actions, setpgroup=0, setsigdef=restored)


class _Child:
    """The program while it runs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended = False
        self.warnings = 0
        self._was_asked_to_stop = False
        self._terminal: int | None = None  # its file number, once lent
        self._settings: list[Any] = []

    def send(self, number: int) -> None:
        """Send a signal to the whole group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # nothing of it is left

    # -- signals to us -----------------------------------------------------------------------------------

    @contextmanager
    def forwarding(self, limit_s: float | None) -> Iterator[None]:
        """Pass signals on meanwhile, and watch the time."""
        before = {}
        for name in FORWARDED:
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it, and the program inherits
                before[number] = signal.signal(number, self._forward)
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._out_of_time)
        if limit_s is not None:
            signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._was_asked_to_stop |= number == signal.SIGTSTP
        self.send(number)

    def _out_of_time(self, number: int, frame: FrameType | None) -> None:
        self.send(AT_THE_LIMIT[min(self.warnings, 2)])
        self.warnings += 1
        signal.setitimer(signal.ITIMER_REAL, GRACE_S)

    # -- what becomes of it ------------------------------------------------------------------------------

    def wait(self) -> None:
        """Wait for the end, and leave the process unreaped: its group is still its own then."""
        while True:
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
            if seen is None or seen.si_code != os.CLD_STOPPED:
                self.ended = True
                return
            os.waitid(os.P_PID, self.pid, os.WSTOPPED)  # it has been told now
            self._stopped(seen.si_status)

    def _stopped(self, number: int) -> None:
        """It stopped: for want of the terminal, or because somebody pressed Ctrl-Z."""
        if number in (signal.SIGTTIN, signal.SIGTTOU):
            if not self._lend_terminal():
                _stop_ourselves(number)  # we are in the background ourselves
                self._lend_terminal()
            self.send(signal.SIGCONT)
        elif number == signal.SIGTSTP and (self._was_asked_to_stop or self._terminal is not None):
            lent, self._was_asked_to_stop = self._terminal is not None, False
            self.take_terminal_back()
            _stop_ourselves(number)
            if lent:
                self._lend_terminal()
            self.send(signal.SIGCONT)

    # -- the terminal ------------------------------------------------------------------------------------

    def _lend_terminal(self) -> bool:
        """Make the program's group the foreground one, if ours is."""
        import termios

        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return False
        try:
            if os.tcgetpgrp(terminal) != os.getpgrp():
                os.close(terminal)
                return False
            self._settings = termios.tcgetattr(terminal)
            os.tcsetpgrp(terminal, self.pid)
        except OSError:
            os.close(terminal)
            return False
        self._terminal = terminal
        return True

    def take_terminal_back(self) -> None:
        """The terminal is ours again, and as it was."""
        if self._terminal is None:
            return
        import termios

        handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # or taking it would stop us
        try:
            os.tcsetpgrp(self._terminal, os.getpgrp())
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._settings)
        except (OSError, termios.error):
            pass  # it is gone
        finally:
            signal.signal(signal.SIGTTOU, handler)
            os.close(self._terminal)
            self._terminal = None


def _stop_ourselves(number: int) -> None:
    """Stop as if the signal had come to us without a handler; returns when we are continued."""
    handler = signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.signal(number, handler)


def _run_plainly(
    argv: Sequence[str], env: Mapping[str, str], limit_s: float | None, to_stderr: bool
) -> Ended:
    """The same without groups: the console itself sends Ctrl-C to both, and we wait."""
    began = time.monotonic()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(argv, env=env, stdout=2 if to_stderr else None)
        try:
            code, in_time = process.wait(limit_s), True
        except subprocess.TimeoutExpired:
            process.kill()
            code, in_time = process.wait(), False
    finally:
        signal.signal(signal.SIGINT, before)
    return Ended(code, in_time, time.monotonic() - began, 0.0, 0)
