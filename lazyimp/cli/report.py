"""`lazyimp report`: what a record says, as text, HTML, or for another tool."""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp.cli import outputs
from lazyimp.errors import UsageError

if TYPE_CHECKING:
    from lazyimp.profile import Profile

GZIP = b"\x1f\x8b"  # how such files begin; the torch profiler writes them, too


class Report:
    """Show where a recorded run's start-up time went: the last run here, or the one in a file."""

    name = "report"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "files",
            nargs="*",
            metavar="FILE",
            help="a record, the folder of a run, a report as JSON, or the records of a job's ranks",
        )
        outputs.add_format(parser, tuple(outputs.MEANING))
        parser.add_argument(
            "-v", "--verbose", action="store_true", help="all phases, packages and other tables"
        )
        parser.add_argument(
            "--beside",
            metavar="TRACE",
            help="with --trace: add it to this trace, as the torch profiler writes",
        )
        parser.add_argument("--open", action="store_true", help="open the page in a browser")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Read, render, write."""
        if options.open and options.format not in (None, outputs.HTML):
            raise UsageError("--open shows a page; leave the other format out")
        name = options.format or (outputs.HTML if options.open else outputs.by_output(options.output))
        if options.beside is not None and name != outputs.TRACE:
            raise UsageError("--beside is about traces; add --trace, or -o FILE.trace.json")
        profile, record = outputs.read(options.files)
        if name == outputs.TEXT and options.output in (None, "-"):
            outputs.show(profile, sys.stdout, options.verbose)
            return 0
        place = options.output or (outputs.file_name(profile) if name == outputs.HTML else "-")
        if name == outputs.RECORD:
            outputs.write_all([place], record, profile, options.force)
            return 0
        text = with_trace(profile, options.beside) if options.beside else outputs.rendered(profile, name)
        outputs.write(place, text, options.force)
        if options.open:
            open_in_browser(place)
        return 0


def with_trace(profile: Profile, path: str) -> str:
    """The trace in `path` with the profile's events added; raises OutputError."""
    from lazyimp.reports import chrome

    try:
        data = Path(path).read_bytes()
        text = gzip.decompress(data) if data[:2] == GZIP else data
        return chrome.render(profile, beside=text.decode("utf-8"))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise outputs.OutputError(f"cannot read trace {path!r}: {error}") from None


def open_in_browser(path: str) -> None:
    """Show a file; raises OutputError where there is nothing to show it with."""
    import webbrowser

    if path == "-" or not webbrowser.open(Path(path).resolve().as_uri()):
        raise outputs.OutputError(f"no browser to open {path!r} with")
