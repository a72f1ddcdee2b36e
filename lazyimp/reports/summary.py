"""The summary: one line with the time to first batch, its parts, and what lazy imports did."""

from __future__ import annotations

from collections.abc import Sequence

from lazyimp.profile import Node, PhaseRow, Profile
from lazyimp.reports import picks
from lazyimp.reports.terminal import Unit, clean, count
from lazyimp.reports.words import AFTER, IMPORTS, OWN_CODE, phase_name

LEAST_PART = 0.02  # of the whole; smaller parts are not named
DEAR_PART = 0.4  # of a phase: a hidden import that takes so much of it is named


def render(profile: Profile) -> str:
    """The line, without its end."""
    unit = Unit.of(profile.ttfb_s)
    what = "TTFB" if profile.batch is not None else "no first batch, end after"
    parts = " · ".join(f"{name} {unit.plain(wall)}{note}" for name, wall, note in _parts(profile))
    line = (
        f"lazyimp: {what} {unit.full(profile.ttfb_s)}  ({parts})"
        if parts
        else f"lazyimp: {what} {unit.full(profile.ttfb_s)}"
    )
    return clean(f"{line}  {_counts(profile)}")


def _parts(profile: Profile) -> list[tuple[str, float, str]]:
    """Phases with the rest behind them, in order; what is short is added up."""
    walls: dict[str, float] = {}
    notes: dict[str, str] = {}
    hidden = picks.hidden(profile)
    for row in profile.phases:
        if row.name != AFTER:
            name = OWN_CODE if row.name == IMPORTS and not row.claimed else phase_name(row.name)
            walls[name] = walls.get(name, 0.0) + row.wall_s
            notes[name] = notes.get(name) or _note(hidden, row)
    least = LEAST_PART * profile.ttfb_s
    found = [(name, wall, notes[name]) for name, wall in walls.items() if wall >= least]
    rest = sum(wall for wall in walls.values() if wall < least)
    return [*found, ("other", rest, "")] if rest >= least / 4 and found else found


def _note(hidden: Sequence[Node], row: PhaseRow) -> str:
    """The hidden import that a phase spent its time on."""
    dear = [
        node
        for node in hidden
        if row.start_s <= node.start_s < row.start_s + row.wall_s and node.wall_s >= DEAR_PART * row.wall_s
    ]
    return f" [imports {dear[0].name}]" if dear else ""


def _counts(profile: Profile) -> str:
    counts = profile.counts
    told = [count(counts.get("modules", 0), "modules")]
    if counts.get("deferred"):
        told += [f"{counts['deferred']:,} deferred", f"{counts.get('never', 0):,} never used"]
    return ", ".join(told)
