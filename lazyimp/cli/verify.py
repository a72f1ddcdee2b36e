"""`lazyimp verify`: does a program come to the same with lazy imports?"""

import argparse
import json
import re
import sys
import time

from lazyimp import _startup
from lazyimp.errors import UsageError, unknown_word

SAME, DIFFERENT = 0, 1
VALUED = ("--mode", "-n", "--runs", "--timeout", "--normalise")
PROGRAM = ("--", "-m", "-c", "-")  # where the words of the program begin


class Verify:
    """Run a command eagerly and lazily, several times, and compare what it comes to."""

    name = "verify"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of `--`, or of the first word that is none of ours."""
        place = 0
        while place < len(words) and words[place].startswith("-") and words[place] not in PROGRAM:
            place += 2 if words[place] in VALUED else 1
        return min(place, len(words))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp verify [options] [--] (script | -m module | -c code | command) [arguments]"
        parser.add_argument("--mode", help="safe, deep or all; else what `python -X lazyimp` does here")
        parser.add_argument(
            "-n", "--runs", type=int, default=2, help="how often each side runs, at least 2 (default 2)"
        )
        parser.add_argument(
            "--timeout", type=float, default=600.0, metavar="S", help="seconds a run may take (default 600)"
        )
        parser.add_argument(
            "--normalise",
            action="append",
            default=[],
            metavar="REGEX",
            help="mask what matches in the output of all runs; may be repeated",
        )
        parser.add_argument("--strict", action="store_true", help="registries that differ count, too")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Verify and report; 0 where everything is the same, 1 where something differs."""
        from lazyimp.cli import verify_report
        from lazyimp.cli.programs import command_for
        from lazyimp.cli.style import Style
        from lazyimp.tuning.runs import Trial
        from lazyimp.tuning.verify import Verifier

        _check(options)
        command = command_for(rest[1:] if rest[:1] == ["--"] else rest)
        begun = time.monotonic()
        progress = Progress(sys.stderr.isatty())
        verifier = Verifier(
            command,
            Trial(options.mode or "1"),
            options.runs,
            options.timeout,
            options.normalise,
            options.strict,
            tell=progress.tell,
        )
        try:
            found = verifier.verify()
        finally:
            progress.clear()
        if options.json:
            print(json.dumps(verify_report.as_json(found, options.strict), indent=2, sort_keys=True))
        else:
            style = Style.of(sys.stdout)
            print("\n".join(verify_report.as_text(found, options.strict, time.monotonic() - begun, style)))
        return SAME if found.is_same(options.strict) else DIFFERENT


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be done; raises UsageError."""
    if options.mode is not None and options.mode not in _startup.MODES:
        raise UsageError(unknown_word("mode", options.mode, _startup.MODES), slug="unknown-mode")
    if options.runs < 2:
        raise UsageError(f"-n {options.runs} is too few; what varies by itself shows in two runs at least")
    if options.timeout <= 0:
        raise UsageError(f"--timeout {options.timeout:g} leaves no time to run")
    for pattern in options.normalise:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"--normalise {pattern!r} is no regular expression: {error}") from None


class Progress:
    """One line on a terminal that says what is being run; nothing elsewhere."""

    def __init__(self, is_terminal: bool) -> None:
        self.is_terminal = is_terminal

    def tell(self, what: str) -> None:
        """Show `what` in place of what was shown."""
        if self.is_terminal:
            print(f"\r\x1b[K{what} ...", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Leave the line empty."""
        if self.is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
