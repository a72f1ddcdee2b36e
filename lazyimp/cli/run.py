"""`lazyimp run`: becomes `python -X lazyimp`, so that status, signals and arguments are the program's own.

With --record it becomes just that, too; only --report stays beside the program, to say something at its end.
"""

import argparse
import os
import subprocess
import sys

from lazyimp import _startup
from lazyimp.cli.startup_file import is_active
from lazyimp.cli.targets import words_for
from lazyimp.errors import UsageError, unknown_word

# For an interpreter whose start-up file is missing (lazyimp on PYTHONPATH, or -S): the same start, by hand.
BY_HAND = "import sys; sys.path.insert(0, {home!r}); from lazyimp.cli.by_hand import go; go()"


class Run:
    """Run a script, -m module, -c code or an installed command with lazy imports."""

    name = "run"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the target, and -m or -c with its value, which is the target."""
        place = 0
        while place < len(words) and words[place].startswith("-") and words[place] != "-":
            word = words[place]
            if word == "--":
                return place + 1
            place += 2 if word in ("--mode", "--record", "-m", "-c") else 1
            if word.startswith(("-m", "-c")):
                break
        return min(place, len(words))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare --mode, --report, --record, -m and -c."""
        parser.usage = "lazyimp run [options] (script | -m module | -c code | command) [arguments]"
        parser.add_argument("--mode", help="safe, deep or all; else the one in [tool.lazyimp], else safe")
        parser.add_argument(
            "--report", action="store_true", help="a line at the first batch, a report at the end, on stderr"
        )
        parser.add_argument(
            "--record", metavar="FILE", help="write down what is imported, for `lazyimp report`"
        )
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument("-m", dest="module", help="run a module, as python -m does")
        kinds.add_argument("-c", dest="code", help="run code, as python -c does")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Become the program; returns only where a process cannot be replaced."""
        known = (*_startup.MODES, _startup.OFF)
        if options.mode is not None and options.mode not in known:
            raise UsageError(unknown_word("mode", options.mode, known), slug="unknown-mode")
        if options.report or options.record is not None:
            from lazyimp.cli.run_recorded import run_recorded

            return run_recorded(options, program_words(options, rest))
        return hand_over(interpreter(options.mode), program(options, rest))


def program_words(options: argparse.Namespace, rest: list[str]) -> list[str]:
    """The words that name the program and its arguments, as the user wrote them."""
    if options.module is not None:
        return ["-m", options.module, *rest]
    if options.code is not None:
        return ["-c", options.code, *rest]
    return rest


def program(options: argparse.Namespace, rest: list[str]) -> list[str]:
    """The words that name the program and its arguments; raises UsageError."""
    words = program_words(options, rest)
    if not words:
        raise UsageError("name a script, -m module, -c code or a command to run")
    return words if options.module or options.code is not None else words_for(words[0], words[1:])


def interpreter(mode: str | None) -> list[str]:
    """This interpreter with the options it was started with, and lazyimp on."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    mode = mode or _startup.mode
    return [sys.executable, *flags, "-X", f"lazyimp={mode}" if mode else "lazyimp"]


def hand_over(start: list[str], target: list[str]) -> int:
    """Run `start` and `target` in place of this process, or (Windows) in a child; returns the exit status."""
    if not is_active():
        home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        start = [*start, "-c", BY_HAND.format(home=home)]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(start[0], start + target)
    return subprocess.call(start + target)
