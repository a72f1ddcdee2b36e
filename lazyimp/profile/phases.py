"""The phases of a start: what somebody claimed, the innermost claim first; the rest belongs to the phase before it.

Times are ns on the clock of the main process. The spans tile the time from T0 to the first batch (or to the end).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from lazyimp.profile.tree import MODULE_LEVEL, Load, Tree
from lazyimp.record import FIRST_USE, Record

JOINED_NS = 5_000_000  # a shorter rest between two phases of one name is part of them
APART_NS = 20_000_000  # own code that runs longer between two imports of the main program is a rest
MOST_DETAILS = 8  # of one phase
AFTER = "first-batch"


@dataclass(frozen=True)
class Span:
    """One phase or rest; `cpu` and `major` are what its thread took, None where nobody measured it."""

    name: str
    start: int
    end: int
    claimed: bool = True
    detail: str = ""
    cpu: int | None = None
    major: int | None = None

    @property
    def wall(self) -> int:
        """How long."""
        return self.end - self.start


def spans(record: Record, tree: Tree, zero: int, t0: int, batch: int | None, end: int) -> list[Span]:
    """The phases from T0 to `batch`, in order, and the one after it; to `end` where there was no first batch."""
    until = end if batch is None else batch
    claims = [*_start_claims(record, zero, t0), *_told(record), *_main_imports(record, tree)]
    claims = [_clip(each, t0, until) for each in claims]
    claims = sorted((each for each in claims if each.wall > 0), key=lambda each: (each.start, -each.end))
    tiles = _joined(_measured(claims, list(_tiles(claims, t0, until))))
    if batch is not None and end > batch:
        tiles.append(Span(AFTER, batch, end))
    return tiles


def _start_claims(record: Record, zero: int, t0: int) -> list[Span]:
    """Before the program's first line."""
    told = {phase.name for phase in record.phases}
    site = mark_of(record, "site")
    hook = min(max(mark_of(record, "hook") or 0, zero), site if site is not None else 0)
    claims = [Span("queue", t0, zero), Span("interp", zero, hook)]
    if site is not None:
        claims.append(Span("site", hook, site))
    return [each for each in claims if each.name not in told]


def mark_of(record: Record, name: str) -> int | None:
    """When the first mark of that name was set."""
    return min((mark.at_ns for mark in record.marks if mark.name == name), default=None)


def _told(record: Record) -> list[Span]:
    return [
        Span(
            each.name,
            each.start_ns,
            each.start_ns + max(each.wall_ns, 0),
            True,
            each.detail,
            each.cpu_ns,
            each.major_faults,
        )
        for each in record.phases
    ]


def _main_imports(record: Record, tree: Tree) -> list[Span]:
    """Where the main program's own import statements ran, one after the other."""
    main = mark_of(record, "main")
    if any(phase.name == "main-imports" for phase in record.phases):
        return []
    site = mark_of(record, "site") or 0
    began = main if main is not None else site
    before = [load.start for load in tree.roots() if site <= load.start < began]
    began = min([began, *before])  # the packages above a program that was named with -m
    found: list[Span] = []
    told = sorted((each.start_ns, each.start_ns + max(each.wall_ns, 0)) for each in record.phases)
    last = began
    for load in tree.roots():
        if load.start < began or not _is_main(load):
            continue
        apart = load.start - last > APART_NS or _any_between(told, last, load.start)
        if found and not apart:
            found[-1] = replace(found[-1], end=max(load.end, found[-1].end))
        else:
            found.append(Span("main-imports", load.start if apart else last, load.end))
        last = load.end
    if main is not None and not (found and found[0].start == began):
        found.insert(0, Span("main-imports", began, began + 1))  # so that the rest has a name
    return found


def _is_main(load: Load) -> bool:
    """The main program asked for it outside its functions, by a statement or by first using what one deferred."""
    if load.hidden or load.row.use != FIRST_USE:
        return not load.hidden
    deferral = load.deferral
    return (
        deferral is not None
        and deferral.use is not None
        and deferral.module == "__main__"
        and deferral.use.file == deferral.file
        and deferral.use.function in MODULE_LEVEL
    )


def _any_between(told: list[tuple[int, int]], start: int, end: int) -> bool:
    first, last = bisect_left(told, (start, start)), bisect_right(told, (end, end))
    return any(ends <= end for _, ends in told[first:last])


def _clip(span: Span, start: int, end: int) -> Span:
    begins, ends = max(span.start, start), min(span.end, end)
    return replace(span, start=begins, end=ends) if begins < ends else replace(span, start=begins, end=begins)


def _tiles(claims: list[Span], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The time from `start` to `end` in parts, each with the place of the innermost claim, -1 for none."""
    cuts = sorted({start, end, *(each.start for each in claims), *(each.end for each in claims)})
    active: list[tuple[int, int, int]] = []  # latest start first, then earliest end
    place = 0
    for begins, ends in pairwise(cuts):
        while place < len(claims) and claims[place].start <= begins:
            heapq.heappush(active, (-claims[place].start, claims[place].end, -place))
            place += 1
        while active and active[0][1] <= begins:
            heapq.heappop(active)
        yield (-active[0][2] if active else -1), begins, ends


def _measured(claims: list[Span], tiles: list[tuple[int, int, int]]) -> Iterator[Span]:
    """The parts as spans, each with its share of what its claim took without the claims inside that."""
    own_wall = [0] * len(claims)
    for place, start, end in tiles:
        if place >= 0:
            own_wall[place] += end - start
    cpu, major = _own([each.cpu for each in claims], claims), _own([each.major for each in claims], claims)
    before = "interp"
    for place, start, end in tiles:
        if place < 0:
            yield Span(before, start, end, claimed=False)
            continue
        before, share = claims[place].name, (end - start) / own_wall[place]
        claim = replace(claims[place], cpu=_share(cpu[place], share), major=_share(major[place], share))
        yield replace(claim, start=start, end=end)


def _own(values: list[int | None], claims: list[Span]) -> list[int | None]:
    """What was measured of each claim, less what was measured of those directly inside it."""
    own, open_ones = list(values), list[int]()
    for place, claim in enumerate(claims):
        while open_ones and claims[open_ones[-1]].end < claim.end:
            open_ones.pop()
        outer = own[open_ones[-1]] if open_ones else None
        if outer is not None:
            own[open_ones[-1]] = max(outer - (values[place] or 0), 0)
        open_ones.append(place)
    return own


def _share(value: int | None, share: float) -> int | None:
    return None if value is None else round(value * share)


def _joined(tiles: Iterable[Span]) -> list[Span]:
    """Neighbours of one name as one, short rests between them included."""
    found: list[Span] = []
    for each in tiles:
        if found and _continues(found[-1], each):
            found[-1] = _together(found[-1], each)
        elif len(found) > 1 and each.claimed and _is_gap(found[-2], found[-1], each):
            gap = found.pop()
            found[-1] = _together(_together(found[-1], gap), each)
        else:
            found.append(each)
    return found


def _continues(one: Span, other: Span) -> bool:
    return one.name == other.name and one.claimed == other.claimed


def _is_gap(one: Span, gap: Span, other: Span) -> bool:
    return one.claimed and one.name == other.name and not gap.claimed and gap.wall < JOINED_NS


def _together(one: Span, other: Span) -> Span:
    details = list(dict.fromkeys(filter(None, [*one.detail.split(", "), *other.detail.split(", ")])))
    cpu = None if one.cpu is None and other.cpu is None else (one.cpu or 0) + (other.cpu or 0)
    major = None if one.major is None and other.major is None else (one.major or 0) + (other.major or 0)
    return replace(one, end=other.end, detail=", ".join(details[:MOST_DETAILS]), cpu=cpu, major=major)
