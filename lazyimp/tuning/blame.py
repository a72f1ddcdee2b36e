"""Names the module, and the import statement, behind a difference, from runs that noted who does what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lazyimp.tuning import text
from lazyimp.tuning.compare import Difference
from lazyimp.tuning.runs import Outcome

Row = Mapping[str, Any]


def attributed(
    difference: Difference, eager: Outcome, lazy: Outcome, normalise: Sequence[str] = ()
) -> Difference:
    """`difference` with module, importer and statement, where `eager` and `lazy` tell them."""
    if difference.module:
        return difference
    finder = {
        "stdout": _by_line,
        "stderr": _by_line,
        "warning": _by_warning,
        "random": _by_effect,
        "side_effect": _by_effect,
    }.get(difference.kind)
    row = finder(difference, eager, lazy, normalise) if finder is not None else None
    guess = _suspect(eager, lazy) if row is None and difference.is_wrong else None
    found = row or guess
    if found is None:
        return difference
    place = f"{found['file']}:{found['line']}"
    return replace(
        difference,
        module=found["module"],
        importer=found["importer"],
        statement=place,
        is_guess=row is None,
    )


def _suspect(eager: Outcome, lazy: Outcome) -> Row | None:
    """The module that may be behind it: it failed on one side only, or is the only one with effects."""
    return _failed_on_one_side(eager, lazy) or _only_one_with_effects(eager, lazy)


def _failed_on_one_side(eager: Outcome, lazy: Outcome) -> Row | None:
    """What made its importer fail in the eager run and was not tried lazily, or failed in the lazy one."""
    ours, theirs = _failures(eager), _failures(lazy)
    for row in _rows(eager):
        importer = row["importer"]
        if (
            row["failed"]
            and row["module"] not in theirs
            and ours.get(importer)
            and theirs.get(importer) == ""
        ):
            return row
    return next((row for row in _rows(lazy) if row["failed"] and ours.get(row["module"]) == ""), None)


def _failures(outcome: Outcome) -> dict[str, str]:
    """{module: how its last execution failed, or ""}."""
    return {row["module"]: row["failed"] for row in _rows(outcome)}


def _only_one_with_effects(eager: Outcome, lazy: Outcome) -> Row | None:
    """The one module that has effects and is not executed in the lazy run, if there is but one."""
    executed = _failures(lazy)
    found = [row for row in _rows(eager) if row["effects"] and row["module"] not in executed]
    return found[0] if len(found) == 1 else None


def _rows(outcome: Outcome) -> list[Row]:
    return list((outcome.observation or {}).get("blame", ()))


def _by_line(difference: Difference, eager: Outcome, lazy: Outcome, normalise: Sequence[str]) -> Row | None:
    """Who writes the line: in the eager run where it is missing, in the lazy run where it is too many."""
    sides = ((eager, difference.expected), (lazy, difference.got))
    for outcome, line in sides:
        shown = text.read(getattr(outcome, difference.kind), normalise)
        if line in shown.lines:
            row = _writer(outcome, difference.kind, shown.offsets[shown.lines.index(line)])
            if row is not None:
                return _in_eager_order(row, eager)
    return None


def _by_warning(
    difference: Difference, eager: Outcome, lazy: Outcome, normalise: Sequence[str]
) -> Row | None:
    outcome, name = (eager, difference.expected) if difference.expected else (lazy, difference.got)
    for stream in ("stderr", "stdout"):
        at = text.read(getattr(outcome, stream), normalise).warned_at.get(name)
        row = None if at is None else _writer(outcome, stream, at)
        if row is not None:
            return _in_eager_order(row, eager)
    return None


def _by_effect(difference: Difference, eager: Outcome, lazy: Outcome, _: Sequence[str]) -> Row | None:
    """Who changed the registry: in one run only, or else in both."""
    if difference.kind == "random":
        area, keys = (
            "random",
            [name for name in ("random", "numpy", "torch") if f" {name} " in difference.text],
        )
    else:
        area, keys = difference.text.partition(":")[0], None
    theirs = {row["module"] for row in _rows(lazy) if _touches(row, area, keys)}
    ours = [row for row in _rows(eager) if _touches(row, area, keys)]
    only_eager = [row for row in ours if row["module"] not in theirs]
    names = {row["module"] for row in ours}
    only_lazy = [row for row in _rows(lazy) if _touches(row, area, keys) and row["module"] not in names]
    found = [*only_eager, *(_in_eager_order(row, eager) for row in only_lazy)]
    return found[0] if found else None


def _touches(row: Row, area: str, keys: Sequence[str] | None) -> bool:
    changed = row["effects"].get(area)
    return bool(changed) and (keys is None or bool(set(keys) & set(changed)))


def _writer(outcome: Outcome, stream: str, offset: int) -> Row | None:
    """The row of the module that wrote what stands at `offset`."""
    for row in _rows(outcome):
        if any(begin <= offset < end for begin, end in row[stream]):
            return row
    return None


def _in_eager_order(row: Row, eager: Outcome) -> Row:
    """The row of the same module in the eager run: its statement is the one that loads it without lazyimp."""
    return next((each for each in _rows(eager) if each["module"] == row["module"]), row)
