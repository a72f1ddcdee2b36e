"""What the commands that run a program share: the mode asked for, and leaving as the program did."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

from lazyimp import _startup
from lazyimp.errors import UsageError, unknown_word

if TYPE_CHECKING:
    from lazyimp.running.foreground import Ended

AS_CONFIGURED = "1"
OUT_OF_TIME = 1
USAGE = "[options] (script | -m module | -c code | command) [arguments]"


def add_mode(parser: argparse.ArgumentParser) -> None:
    """Declare --mode and --eager."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--mode", help="safe, deep, all or 0; else what `python -X lazyimp` does here")
    how.add_argument("--eager", action="store_true", help="without lazy imports, as --mode 0")


def mode_of(options: argparse.Namespace) -> str:
    """The mode of the run, as a Trial has it; raises UsageError."""
    if options.eager:
        return _startup.OFF
    known = (*_startup.MODES, _startup.OFF)
    if options.mode is not None and options.mode not in known:
        raise UsageError(unknown_word("mode", options.mode, known), slug="unknown-mode")
    return options.mode or from_switches()


def from_switches() -> str:
    """The mode that our own switches name, for the program to follow."""
    try:
        word = _startup.asked(default=None)
    except _startup.Refused:
        word = None  # told when we started
    return AS_CONFIGURED if word in (None, _startup.OFF) else str(word)


def check_timeout(seconds: float | None) -> None:
    """Refuse a limit that leaves no time; raises UsageError."""
    if seconds is not None and seconds <= 0:
        raise UsageError(f"--timeout {seconds:g} leaves no time to run")


def shown_name(words: tuple[str, ...] | list[str]) -> str:
    """What a program is called in reports, from the words that start it: "train.py", "-m pkg.train"."""
    if words[0] == "-m" and len(words) > 1:
        return f"-m {words[1]}"
    return "-c" if words[0].startswith("-c") else words[0]


def as_shell_says(code: int) -> int:
    """An exit code as a shell shows it: 130 for a program that SIGINT ended."""
    return code if code >= 0 else 128 - code


def tell_end(ended: Ended, limit_s: float | None) -> int:
    """The exit status that a run leads to; says so where we ended it."""
    if not ended.in_time:
        print(f"lazyimp: interrupted after {limit_s:g} s, the time limit", file=sys.stderr)
        return OUT_OF_TIME
    return as_shell_says(ended.code)


def leave_like(ended: Ended, status: int) -> int:
    """`status`; where a signal ended the program by itself, the same signal ends us."""
    if ended.code >= 0 or not ended.in_time or os.name != "posix":
        return status
    sys.stdout.flush()
    sys.stderr.flush()
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core file is enough
    number = -ended.code
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return status  # the signal is blocked
