"""The phases as rows: how long, how much of that imports took, and whose."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from lazyimp.profile.counters import anchors, deal_out
from lazyimp.profile.phases import Span
from lazyimp.profile.places import without_home
from lazyimp.profile.rows import Clock, seconds, top
from lazyimp.profile.tree import Load, Tree
from lazyimp.profile.values import PhaseRow
from lazyimp.record import Record

COSTLIEST = 6  # packages named for a phase


def phase_rows(record: Record, tree: Tree, spans: Sequence[Span], clock: Clock) -> list[PhaseRow]:
    """One row for each span."""
    inside = [_inside(tree, span) for span in spans]
    roots = list(tree.roots())
    walls = _walls(roots, spans)
    imports_cpu = [sum(load.own_cpu for load in loads) for loads in inside]
    known_cpu = [
        span.cpu if span.cpu is not None else cpu for span, cpu in zip(spans, imports_cpu, strict=True)
    ]
    major = [sum(load.own_major for load in loads) for loads in inside]
    known_major = [max(span.major or 0, count) for span, count in zip(spans, major, strict=True)]
    read = [sum(load.own_read for load in loads) for loads in inside]
    cpu_of = deal_out(spans, anchors(record, clock.zero, "cpu_ns"), known_cpu)
    major_of = deal_out(spans, anchors(record, clock.zero, "major_faults"), known_major)
    read_of = deal_out(spans, anchors(record, clock.zero, "read_bytes"), read)
    return [
        PhaseRow(
            name=span.name,
            start_s=clock.at(span.start),
            wall_s=seconds(span.wall),
            cpu_s=seconds(cpu_of[place]),
            imports=len(inside[place]),
            imports_wall_s=seconds(walls[place]),
            imports_cpu_s=seconds(imports_cpu[place]),
            hidden_imports=sum(load.hidden for load in inside[place]),
            major_faults=major_of[place],
            read_bytes=read_of[place],
            claimed=span.claimed,
            detail=without_home(span.detail),
            packages=_costliest(inside[place]),
        )
        for place, span in enumerate(spans)
    ]


def _inside(tree: Tree, span: Span) -> list[Load]:
    """What began to load in that span, in all threads."""
    first = bisect_left(tree.loads, span.start, key=lambda load: load.start)
    last = bisect_left(tree.loads, span.end, key=lambda load: load.start)
    return tree.loads[first:last]


def _walls(roots: Sequence[Load], spans: Sequence[Span]) -> list[int]:
    """How much of each span the main thread's imports took."""
    found = [0] * len(spans)
    place = 0
    for load in roots:
        while place < len(spans) and spans[place].end <= load.start:
            place += 1
        later = place
        while later < len(spans) and spans[later].start < load.end:
            found[later] += max(min(load.end, spans[later].end) - max(load.start, spans[later].start), 0)
            later += 1
    return found


def _costliest(loads: Sequence[Load]) -> tuple[tuple[str, float], ...]:
    """Packages and their own processor seconds."""
    by_package: dict[str, int] = {}
    for load in loads:
        by_package[top(load.row.name)] = by_package.get(top(load.row.name), 0) + load.own_cpu
    ranked = sorted(by_package.items(), key=lambda each: (-each[1], each[0]))
    return tuple((name, seconds(cpu)) for name, cpu in ranked[:COSTLIEST])
