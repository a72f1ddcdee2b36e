"""`lazyimp doctor`: what in this environment keeps lazyimp from working, or costs time at every start."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lazyimp import __version__
from lazyimp.cli.progress import Progress
from lazyimp.cli.startup_file import folders, is_active
from lazyimp.cli.style import BOLD, CYAN, DIM, Style

if TYPE_CHECKING:
    from lazyimp.doctor.examine import Group
    from lazyimp.doctor.values import Check

SCHEMA = "lazyimp-doctor/1"
HEALTHY, ILL = 0, 1
ROOM = 16  # the longest name


class Doctor:
    """Check that lazyimp works here, and find what makes every start slow."""

    name = "doctor"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", help="print JSON")
        how.add_argument("--bug-report", action="store_true", help="print a block to paste into a bug report")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Examine and report; 1 where lazyimp does not work."""
        from lazyimp.doctor.examine import Where, examine, worst
        from lazyimp.doctor.values import BAD

        progress = Progress("lazyimp doctor", only_on_terminal=True)
        try:
            groups = examine(Where(os.getcwd(), folders(), "" if is_active() else by_hand()), progress)
        finally:
            progress.end()
        status = ILL if worst(groups) == BAD else HEALTHY
        if options.json:
            print(json.dumps(as_json(groups, status), indent=2, sort_keys=True))
        elif options.bug_report:
            print("\n".join(["```text", *as_text(groups, Style(is_unicode=False)), "```"]))
        else:
            print("\n".join([*as_text(groups, Style.of(sys.stdout)), *_next(groups, Style.of(sys.stdout))]))
        return status


def by_hand() -> str:
    """The code that starts lazyimp where its start-up file is not read."""
    from lazyimp.cli.run import BY_HAND

    return BY_HAND.format(home=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def as_text(groups: Sequence[Group], style: Style) -> list[str]:
    """A line for each check, with its fix below."""
    version = ".".join(map(str, sys.version_info[:3]))
    lines = [style.paint(f"lazyimp {__version__}", BOLD) + f"  Python {version}, {sys.platform}"]
    for group in groups:
        lines += ["", style.paint(group.title, BOLD)]
        for check in group.checks:
            lines += _told(check, style)
    return lines


def _told(check: Check, style: Style) -> list[str]:
    first, *more = style.beside(check.name, check.evidence, ROOM, indent=4)
    lines = [f"  {style.mark(check.status)} {first[4:]}", *more]
    if check.fix:
        lines += [
            " " * (4 + ROOM) + style.paint(line, CYAN)
            for line in _wrapped_fix(f"{style.arrow()} {check.fix}", style.width - 4 - ROOM)
        ]
    return lines


def _wrapped_fix(text: str, width: int) -> list[str]:
    from lazyimp.cli.style import wrapped

    first, *more = wrapped(text, width)
    return [first, *("  " + line for line in more)]


def _next(groups: Sequence[Group], style: Style) -> list[str]:
    """What it comes to, and what to do."""
    checks = [check for group in groups for check in group.checks]
    bad = [check for check in checks if check.status == "bad"]
    notes = [check for check in checks if check.status == "note"]
    fine = len(checks) - len(bad) - len(notes)
    if bad:
        verdict = f"{len(bad)} of {len(checks)} checks failed; lazyimp does not work here."
    elif notes:
        verdict = f"lazyimp works. {fine} checks are fine, {len(notes)} worth a look."
    else:
        verdict = f"All {len(checks)} checks are fine."
    code = next((check.code for check in (*bad, *notes) if check.code), "")
    more = [f"lazyimp explain {code}"] if code else []
    more.append("lazyimp doctor --bug-report")
    return ["", style.paint(verdict, BOLD), style.paint("more: " + " | ".join(more), DIM)]


def as_json(groups: Sequence[Group], status: int) -> dict[str, object]:
    """The checks for machines."""
    return {
        "schema": SCHEMA,
        "exit_code": status,
        "version": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "checks": [
            {
                "group": group.title,
                **{key: value for key, value in vars(check).items() if value or key == "fix"},
            }
            for group in groups
            for check in group.checks
        ],
    }
