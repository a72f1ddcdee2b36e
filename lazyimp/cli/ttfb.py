"""`lazyimp ttfb`: the way to the first batch, of one run or of several ways to run by turns."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from lazyimp.cli import one_run, starting
from lazyimp.cli.progress import program_words, split_options
from lazyimp.errors import UsageError

if TYPE_CHECKING:
    from lazyimp.profile import Profile
    from lazyimp.running.until import Until
    from lazyimp.tuning.runs import Command

WITH_VALUE = ("--mode", "-n", "--interleave", "--until", "--timeout", "--normalise", "-o", "--output")
MOST_ROUNDS = 50


class Ttfb:
    """Run a program to its first batch and show where the time went; -n 5 compares eager and lazy runs."""

    name = "ttfb"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the program."""
        return split_options(words, WITH_VALUE)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = f"lazyimp ttfb {starting.USAGE}"
        one_run.add_options(parser)
        parser.add_argument(
            "--keep-going", action="store_true", help="go on after the first batch, to the end"
        )
        parser.add_argument(
            "--until",
            metavar="WHEN",
            help="forward (the first batch enters the model; the default), fetch, step, mark:NAME, or seconds",
        )
        parser.add_argument(
            "-n", type=int, metavar="N", help="compare: N rounds that count, after one that warms (5)"
        )
        parser.add_argument(
            "--interleave",
            metavar="A,B",
            help="compare: eager,lazy, or other modes; the first is the reference",
        )
        parser.add_argument(
            "--normalise", action="append", default=[], metavar="REGEX", help="compare: mask in outputs"
        )

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Measure one run, or compare several."""
        from lazyimp.cli.programs import command_for
        from lazyimp.running.until import until

        mode = one_run.check_options(options)
        when = until(options.until)
        compares = options.n is not None or options.interleave is not None
        _check(options, compares)
        command = command_for(program_words(rest), once=not compares)
        if compares:
            from lazyimp.cli.ttfb_rounds import compare

            return compare(options, command, when)
        return one(options, command, mode, when)


def _check(options: argparse.Namespace, compares: bool) -> None:
    """Refuse what does not go together; raises UsageError."""
    if compares and (options.mode or options.eager):
        raise UsageError("--interleave names the modes; leave --mode and --eager out")
    if compares and options.keep_going:
        raise UsageError("runs that are compared stop at the first batch; leave --keep-going out")
    if compares and options.output:
        raise UsageError("-o is for one run; `lazyimp compare` writes about two")
    if options.n is not None and not 1 <= options.n <= MOST_ROUNDS:
        raise UsageError(f"-n {options.n} is not between 1 and {MOST_ROUNDS}")
    for pattern in options.normalise:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"--normalise {pattern!r} is no regular expression: {error}") from None


# -- one run -------------------------------------------------------------------------------------------


def one(options: argparse.Namespace, command: Command, mode: str, when: Until) -> int:
    """Run once, in the foreground, and report on stderr."""
    from lazyimp.running.recorded import Wish

    cut_s = None if options.keep_going else when.seconds
    wish = Wish(
        mode,
        stop=None if options.keep_going else when.stop,
        steps=options.keep_going,
        summary=options.keep_going,
        limit_s=options.timeout if cut_s is None else cut_s,
    )
    before = (lambda profile: tell_mark(profile, when)) if when.mark else None
    return one_run.run_and_report(options, command, wish, Ttfb.name, cut=cut_s is not None, before=before)


def tell_mark(profile: Profile, when: Until) -> None:
    """Say when the mark that was asked for came."""
    from lazyimp.reports.terminal import Unit

    found = when.measured(profile)
    if found is None:
        print(f"lazyimp: {when.shown} never came", file=sys.stderr)
    else:
        unit = Unit.of(found[0])
        print(
            f"lazyimp: {when.shown} after {unit.full(found[0])}, CPU {unit.full(found[1])}", file=sys.stderr
        )
