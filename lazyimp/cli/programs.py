"""From the words behind `--` to the Command that verify, bisect and tune run."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from subprocess import _args_from_interpreter_flags as interpreter_flags  # type: ignore[attr-defined]  # as multiprocessing does

from lazyimp.cli.run import BY_HAND
from lazyimp.cli.startup_file import is_active
from lazyimp.cli.targets import words_for
from lazyimp.errors import UsageError
from lazyimp.tuning.runs import Command

PYTHON = re.compile(r"(python|pypy)[\d.]*(\.exe)?")


def command_for(words: Sequence[str], once: bool = False) -> Command:
    """The command that `words` name: script, -m module, -c code, installed command, or `python ...`.

    Raises UsageError. The interpreter is ours, with its options, unless the words name one. What runs `once` may
    come from stdin.
    """
    words = list(words)
    if words and PYTHON.fullmatch(os.path.basename(words[0])):
        return Command((_found(words[0]), *words[1:]), tuple(words))
    start = [sys.executable, *interpreter_flags()]
    if not is_active():
        home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        start += ["-c", BY_HAND.format(home=home)]
    return Command((*start, *_target(words, once)), tuple(words))


def _target(words: list[str], once: bool) -> list[str]:
    """The words that the interpreter gets."""
    if not words:
        place = "to run" if once else "behind --"
        raise UsageError(f"name a script, -m module, -c code or a command {place}")
    if words[0] in ("-m", "-c"):
        if len(words) == 1:
            raise UsageError(f"say what {words[0]} shall run")
        return words
    if words[0].startswith("-") and words[0] != "-":
        raise UsageError(
            f"unknown option {words[0]!r} for the program; write `python {words[0]} ...` behind --"
        )
    if words[0] == "-" and not once:
        raise UsageError("a program that is run again and again cannot come from stdin")
    return words_for(words[0], words[1:])


def _found(name: str) -> str:
    """The interpreter `name`; a bare `python` is the one that runs us, wherever PATH leads."""
    if name in ("python", "python3"):
        return sys.executable
    path = shutil.which(name)
    if path is None:
        raise UsageError(f"no interpreter {name!r}")
    return path
