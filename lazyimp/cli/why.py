"""`lazyimp why` (`lazyimp explain`): who had a module loaded, at what cost, and which rule decided about it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lazyimp.cli import outputs
from lazyimp.errors import LazyimpError

if TYPE_CHECKING:
    from lazyimp.profile import Why as Found

SCHEMA = "lazyimp-why/1"
MOST = 8


class Why:
    """Say why a module was loaded: the statement, the rule that decided, the line that used it, the cost."""

    name = "why"
    words: str | None = None  # how many words may stand in the module's place, as argparse has it

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "module", nargs=self.words, help="a module's dotted name, or a distribution's name"
        )
        parser.add_argument(
            "file", nargs="?", help="a record, or the folder of a run; else the last run here"
        )
        parser.add_argument(
            "--all", action="store_true", help="every place that asked, not only the first ones"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Look the module up and tell."""
        from lazyimp.profile import ProfileError, why
        from lazyimp.reports import why as report
        from lazyimp.reports.terminal import Style

        profile, record = outputs.read([options.file] if options.file else [])
        decided, note = rules(record)
        try:
            found = why(profile, options.module, modules_of=modules_of, decided=decided)
        except ProfileError as error:
            raise outputs.OutputError(f"{error} (looked at: {profile.title})", slug=error.slug) from None
        if options.json:
            print(json.dumps(plain(found, note()), indent=2, sort_keys=True))
            return 0
        print(report.render(found, Style.of(sys.stdout), limit=None if options.all else MOST), end="")
        if note():
            print(f"lazyimp: {note()}", file=sys.stderr)
        return 0


def rules(record: Path | None) -> tuple[Callable[[str, str], str], Callable[[], str]]:
    """What tells the rule behind a statement, and afterwards why it could not."""
    from lazyimp.codes import of_reason
    from lazyimp.record import read_one
    from lazyimp.tuning.recorded_decision import RecordedRules

    if record is None:
        return (lambda module, target: ""), (lambda: "the rule is told from a record, and this is a report")
    known = RecordedRules(read_one(record))

    def decided(module: str, target: str) -> str:
        try:
            words, reason = known.said(module, target)
            code = of_reason(reason) if reason else ""
            return f"{words} ({code})" if code else words
        except LazyimpError as error:  # no extension here, or a configuration that has changed for the worse
            known.note = str(error)
            return ""

    return decided, (lambda: known.note)


def modules_of(distribution: str) -> list[str]:
    """The top-level modules that an installed distribution of that name brings."""
    from importlib import metadata

    try:
        found = metadata.distribution(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return []
    told = (found.read_text("top_level.txt") or "").split()
    tops = {
        path.parts[0].partition(".")[0] for path in found.files or () if path.suffix in (".py", ".so", ".pyd")
    }
    return sorted({*told, *(top for top in tops if top.isidentifier())})


def plain(found: Found, note: str) -> dict[str, Any]:
    """What was found as plain values."""
    return {"schema": SCHEMA, "exit_code": 0, **asdict(found), "note": note or None}
