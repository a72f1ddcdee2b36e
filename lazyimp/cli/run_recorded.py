"""`lazyimp run --record` and `--report`: the same program, which writes down what it imports."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from lazyimp.cli import one_run, outputs, starting
from lazyimp.cli.programs import command_for


def run_recorded(options: argparse.Namespace, words: list[str]) -> int:
    """Become the program (--record), or run it and report on stderr at its end (--report)."""
    from lazyimp.running import recorded

    command = command_for(words, once=True)
    wish = recorded.Wish(options.mode or starting.from_switches(), summary=options.report)
    place = None if options.record is None else Path(options.record).absolute()
    if place is not None:
        outputs.check_place(options.record, False, "name another file")
        recorded.forget_record(place)
    if place is not None and not options.report:
        return _become(command.argv, recorded.environment_for(wish, place))
    kept, ended, profile = one_run.run(command, wish, "run")
    status = starting.tell_end(ended, None)
    outputs.show_run(profile, verbose=False)
    if place is not None:
        recorded.copy_record(kept.record, place)
    return starting.leave_like(ended, status)


def _become(argv: tuple[str, ...], env: dict[str, str]) -> int:
    """Run `argv` in place of this process, or (Windows) in a child; returns the exit status."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(argv[0], argv, env)
    return subprocess.call(argv, env=env)
