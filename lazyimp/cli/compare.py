"""`lazyimp compare`: two runs side by side."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lazyimp.cli import outputs
from lazyimp.errors import UsageError

if TYPE_CHECKING:
    from lazyimp.profile import Change, Comparison, Profile

FORMATS = ("html", "json", "md")
SCHEMA = "lazyimp-compare/1"


class Compare:
    """Compare two recorded runs: times, phases, packages, and what only one of them loaded."""

    name = "compare"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "before",
            nargs="?",
            help="a record, the folder of a run, or a report as JSON; else the last A/B runs",
        )
        parser.add_argument("after", nargs="?", help="the other one; else the last run in this folder")
        outputs.add_format(parser, FORMATS)

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Read both, compare, write."""
        name = options.format or outputs.by_output(options.output)
        if name not in (*FORMATS, outputs.TEXT):
            raise UsageError(f"a comparison cannot be written as {name}; use {', '.join(FORMATS)} or text")
        before, after, names = sides(options)
        if name == outputs.TEXT and options.output in (None, "-"):
            print(in_words(before, after, names), end="")
            return 0
        place = options.output or "-"
        if name == outputs.HTML and options.output is None:
            place = outputs.file_name(after[0], ".compare.html")
        outputs.write(place, rendered(before, after, names, name), options.force)
        return 0


def sides(options: argparse.Namespace) -> tuple[list[Profile], list[Profile], tuple[str, str]]:
    """What is compared, and what the sides are called; raises UsageError."""
    from lazyimp.running import store

    if options.before is not None:
        pair = options.before, options.after or str(store.last_run().record)
        return [outputs.read([pair[0]])[0]], [outputs.read([pair[1]])[0]], short_names(*pair)
    for run in store.runs_here():
        names = [*run.about.get("sides", ())][:2]
        files = [[run.folder / each for each in run.about["sides"][name]] for name in names]
        if len(names) == 2 and all(file.is_file() for side in files for file in side):
            one, other = ([outputs.profile_at(file) for file in side] for side in files)
            return one, other, (names[0], names[1])
    raise UsageError("name two records to compare; `lazyimp ttfb -n 5 SCRIPT` makes them")


def short_names(before: str, after: str) -> tuple[str, str]:
    """What the sides are called: the files' names without endings, where these tell them apart."""
    paths = (place.replace("\\", "/").rstrip("/") for place in (before, after))
    one, other = (path.rpartition("/")[2].partition(".")[0][:12] for path in paths)
    return (one, other) if one and other and one != other else ("before", "after")


def in_words(before: Sequence[Profile], after: Sequence[Profile], names: tuple[str, str]) -> str:
    """The comparison for a terminal."""
    from lazyimp.profile import compare
    from lazyimp.reports import compare as report
    from lazyimp.reports.terminal import Style

    return report.render(compare(before, after, names), Style.of(sys.stdout))


def rendered(before: Sequence[Profile], after: Sequence[Profile], names: tuple[str, str], name: str) -> str:
    """The comparison in a format; the page shows the run in the middle of each side."""
    if name == outputs.HTML:
        from lazyimp.reports import html

        return html.render(
            *(sorted(side, key=lambda each: each.ttfb_s)[(len(side) - 1) // 2] for side in (before, after))
        )
    from lazyimp.profile import compare
    from lazyimp.reports import output

    found = compare(before, after, names)
    if name == "json":
        return json.dumps(plain(found), indent=2, sort_keys=True)
    return output.rendered_comparison(found, name)


def plain(found: Comparison) -> dict[str, Any]:
    """The comparison as plain values."""
    return {
        "schema": SCHEMA,
        "exit_code": 0,
        **{
            side: {"name": each.name, "program": each.title, "mode": each.mode, "runs": each.runs}
            for side, each in (("before", found.before), ("after", found.after))
        },
        **{key: [_change(each) for each in getattr(found, key)] for key in ("numbers", "phases", "packages")},
        "added": list(found.added),
        "removed": list(found.removed),
        "notes": list(found.notes),
    }


def _change(each: Change) -> dict[str, Any]:
    values = {"before": each.before, "after": each.after, "difference": each.difference}
    rounded = {key: round(value, 6) for key, value in values.items()}
    return {"name": each.name, "unit": each.unit, **rounded}
