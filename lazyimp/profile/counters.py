"""What the process came to between its marks, dealt out to the phases between them.

A mark says what the whole process had used by then. Of what came between two marks, each span gets first what was
measured of it (its thread's time, its imports); what is left goes to the time for which nothing was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from lazyimp.profile.phases import Span
from lazyimp.record import Counters, Record

Anchor = tuple[int, int]  # when, and what the process had come to


def anchors(record: Record, zero: int, field: str) -> list[Anchor]:
    """What a counter came to, as often as the record says it: neither time nor value ever falls."""
    told: list[tuple[int, Counters]] = [(mark.at_ns, mark.counters) for mark in record.marks]
    if record.first_batch is not None:
        told.append((record.first_batch.at_ns, record.first_batch.counters))
    if record.end is not None:
        told.append((record.end.at_ns, record.end.counters))
    found: list[Anchor] = [(zero, 0)]
    values = [(at, int(getattr(counters, field))) for at, counters in told]
    if field == "cpu_ns":
        begun = record.header.get("cpu_ns")
        values.append((0, begun if isinstance(begun, int) else 0))
    for at, value in sorted(values):
        if at > found[-1][0] and value > 0 and value >= found[-1][1]:
            found.append((at, value))
    return found


def deal_out(spans: Sequence[Span], told: Sequence[Anchor], known: Sequence[int]) -> list[int]:
    """How much of the counter each span took; `known` is what was measured of each."""
    times = [at for at, _ in told]
    shares: dict[int, list[tuple[int, int, float]]] = {}  # window -> (span, wall, known)
    for place, span in enumerate(spans):
        for start, end in _cut(span, times):
            share = known[place] * (end - start) / span.wall
            shares.setdefault(bisect_left(times, end), []).append((place, end - start, share))
    found = [0.0] * len(spans)
    for window, parts in shares.items():
        took = told[window][1] - told[window - 1][1] if 0 < window < len(told) else None
        for place, value in zip((part[0] for part in parts), _dealt(parts, took), strict=True):
            found[place] += value
    return [round(each) for each in found]


def _cut(span: Span, times: Sequence[int]) -> Iterable[tuple[int, int]]:
    """The parts of a span between the anchors."""
    inside = times[bisect_right(times, span.start) : bisect_left(times, span.end)]
    return zip([span.start, *inside], [*inside, span.end], strict=True)


def _dealt(parts: list[tuple[int, int, float]], took: int | None) -> list[float]:
    """`took` for the parts of one window: the known, and the rest by the time that it does not explain."""
    known = [each[2] for each in parts]
    rest = 0.0 if took is None else took - sum(known)
    if took is None or not rest:
        return known
    if rest < 0:
        return [each * took / sum(known) for each in known]
    idle = [max(wall - value, 0.0) for _, wall, value in parts]
    if not sum(idle):
        idle = [float(wall) for _, wall, _ in parts]
    return [value + rest * free / sum(idle) for value, free in zip(known, idle, strict=True)]
