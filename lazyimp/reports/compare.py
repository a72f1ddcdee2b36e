"""A comparison for terminals: the verdict, then what became more and what became less, with its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lazyimp.profile import Change, Comparison, Side, Verdict
from lazyimp.reports.terminal import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    Cell,
    Column,
    Row,
    Style,
    Unit,
    amount,
    count,
    headed,
    table,
    wrapped,
)
from lazyimp.reports.words import phase_name

COLOURS = {"faster": GREEN, "slower": RED, "same": DIM, "inconclusive": YELLOW}
SAID = {"faster": "faster", "slower": "slower", "same": "no difference", "inconclusive": "inconclusive"}
LEAST_PART = 0.01  # of the time to first batch: smaller differences of phases and packages are left out


def render(found: Comparison, style: Style | None = None, *, limit: int | None = 12) -> str:
    """The report; `limit` is how many rows a table may have, None for all."""
    style = style or Style()
    unit = Unit.of(max(found.numbers[0].before, found.numbers[0].after))
    lines = [*_sides(found, style), *_verdict(found, style, unit), ""]
    names = (found.before.name, found.after.name)
    lines += _changes("", found.numbers, names, style, unit, None)
    least = LEAST_PART * max(found.numbers[0].before, found.numbers[0].after)
    phases = [
        replace(each, name=phase_name(each.name))
        for each in found.phases
        if max(each.before, each.after) >= least
    ]
    packages = [each for each in found.packages if abs(each.difference) >= least]
    for title, changes in (("phase", phases), ("package, own CPU", packages)):
        if changes:
            lines += ["", *_changes(title, changes, names, style, unit, limit)]
    lines += _modules(found, style, limit)
    for note in found.notes:
        lines += ["", *wrapped(f"note: {note}", style, code=YELLOW)]
    return "\n".join(lines) + "\n"


def _sides(found: Comparison, style: Style) -> list[str]:
    rows = [_side(side) for side in (found.before, found.after)]
    return table([Column(""), Column("", cut="right"), Column(""), Column("", drop=1)], rows, style)


def _side(side: Side) -> Row:
    mode = "eager" if side.mode == "0" else f"mode {side.mode}" if side.mode else ""
    return [Cell(side.name, BOLD), side.title, mode, Cell(count(side.runs, "runs"), DIM)]


def _verdict(found: Comparison, style: Style, unit: Unit) -> list[str]:
    verdict = found.verdict
    word = style.paint(SAID[verdict.word], f"{BOLD};{COLOURS[verdict.word]}")
    wall = found.numbers[0]
    told = "time to first batch" if verdict is wall.verdict else "CPU to first batch"
    lines = [f"{word}  {told} {_times(verdict.ratio)}"]
    return [*lines, *wrapped(_range(found, verdict, unit), style, indent=2, code=DIM)]


def _times(ratio: float) -> str:
    """How many times as long the median became, in per cent."""
    return f"{(ratio - 1) * 100:+.0f} %"


def _range(found: Comparison, verdict: Verdict, unit: Unit) -> str:
    """What the samples allow to say."""
    if verdict.low is None or verdict.high is None:
        least = min(found.before.runs, found.after.runs)
        return f"{count(least, 'runs')} a side cannot tell a difference from noise; four can"
    between = f"{signed(verdict.low, unit)} and {signed(verdict.high, unit)} {unit.name}"
    if verdict.word == "inconclusive":
        return (
            f"the difference lies between {between} (95 % sure): more runs, or a quieter machine, would tell"
        )
    return f"the difference lies between {between} (95 % sure)"


def signed(seconds: float, unit: Unit) -> str:
    """A difference with its sign."""
    text = unit.plain(abs(seconds))
    return text if not float(text.replace(",", "")) else f"{'-' if seconds < 0 else '+'}{text}"


def _changes(
    title: str, changes: Sequence[Change], names: tuple[str, str], style: Style, unit: Unit, limit: int | None
) -> list[str]:
    columns = [
        Column(title, cut="right", least=16),
        Column(names[0], ">"),
        Column(names[1], ">"),
        Column("change", ">"),
        Column("", ">", drop=1),
        Column("", drop=2),
    ]
    shown = changes if limit is None else changes[:limit]
    rows = [_change(each, unit) for each in shown]
    lines = table(columns, rows, style)
    if len(shown) < len(changes):
        lines.append(style.paint(f"and {len(changes) - len(shown):,} more", DIM))
    return lines


def _change(change: Change, unit: Unit) -> list[Cell]:
    before, after, difference = (
        number(change, value, unit) for value in (change.before, change.after, change.difference)
    )
    sign = "+" if change.difference > 0 and difference.strip("0.,") else ""
    part = _times(change.after / change.before) if change.before and difference.strip("0.,") else ""
    verdict = change.verdict.word if change.verdict is not None and change.verdict.is_clear else ""
    colour = "" if not sign and not difference.startswith("-") else RED if change.difference > 0 else GREEN
    name = f"{change.name} {unit.name}" if change.unit == "s" and change.verdict is not None else change.name
    return [
        Cell(name),
        Cell(before),
        Cell(after),
        Cell(sign + difference, colour),
        Cell(part, colour),
        Cell(SAID.get(verdict, ""), DIM),
    ]


def number(change: Change, value: float, unit: Unit) -> str:
    """A value in the change's unit."""
    if change.unit == "s":
        return signed(value, unit).removeprefix("+")
    return amount(value) if change.unit == "B" else f"{value:,.0f}"


def _modules(found: Comparison, style: Style, limit: int | None) -> list[str]:
    """Modules that came or went, the shortest names first: a package says more than its modules."""
    lines = []
    for title, names in (("no longer loaded", found.removed), ("newly loaded", found.added)):
        if names:
            tops = outermost(names)
            shown = tops if limit is None else tops[:limit]
            more = f" and {len(tops) - len(shown):,} more" if len(shown) < len(tops) else ""
            head = headed(title, f"{count(len(names), 'modules')} until the first batch", style)
            lines += ["", head, *wrapped(", ".join(shown) + more, style, indent=1)]
    return lines


def outermost(names: Sequence[str]) -> list[str]:
    """The names without those that are below another of them."""
    known = set(names)
    return [name for name in names if not any(above in known for above in _above(name))]


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:place]) for place in range(1, len(parts))]
