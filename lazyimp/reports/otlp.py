"""OpenTelemetry spans as OTLP/JSON: what `POST /v1/traces` takes, and the collector's file receiver.

One span for the start, from T0 to the first batch, with the marks as its events; one below it for each phase, and
below those the imports. A TRACEPARENT makes the start part of a trace that somebody else began.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from lazyimp import __version__
from lazyimp.profile import Node, PhaseRow, Process, Profile

LEAST_S = 0.001  # back ends bill by the span
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
INTERNAL, ERROR = 1, 2
Span = dict[str, Any]


def render(profile: Profile, *, traceparent: str = "", service: str = "", least_s: float = LEAST_S) -> str:
    """The document; imports shorter than `least_s` get no span, and neither does what they contain."""
    return json.dumps(_document(profile, traceparent, service, least_s), separators=(",", ":")) + "\n"


def _document(profile: Profile, traceparent: str, service: str, least_s: float) -> dict[str, Any]:
    spans = _Spans(profile, traceparent)
    by_process: dict[int, list[Span]] = {0: [spans.start(), *spans.phases()]}
    for process, span in spans.imports(least_s):
        by_process.setdefault(process, []).append(span)
    scope = {"name": "lazyimp", "version": __version__}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _resource(profile, profile.processes[place], service)},
                "scopeSpans": [{"scope": scope, "spans": by_process[place]}],
            }
            for place in sorted(by_process)
        ]
    }


def _resource(profile: Profile, process: Process, service: str) -> list[Span]:
    told: dict[str, object] = {
        "service.name": service or profile.title or "python",
        "process.pid": process.pid,
        "process.runtime.name": profile.environment.get("implementation", ""),
        "process.runtime.version": profile.environment.get("python", ""),
        "lazyimp.mode": profile.environment.get("mode", ""),
        "lazyimp.role": process.role,
    }
    rank: dict[str, object] = {} if process.rank is None else {"lazyimp.rank": process.rank}
    return _attributes({**told, **rank})


def _attributes(values: dict[str, object]) -> list[Span]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value != ""]


def _value(value: object) -> Span:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


class _Spans:
    """The spans of one profile; their ids follow from the trace and from what they stand for."""

    def __init__(self, profile: Profile, traceparent: str) -> None:
        self.profile = profile
        given = TRACEPARENT.fullmatch(traceparent.strip())
        seed = f"{profile.title} {profile.zero_unix_ns} {profile.processes[0].pid}"
        self.trace = given[1] if given else hashlib.sha256(seed.encode()).hexdigest()[:32]
        self.parent = given[2] if given else ""

    def id(self, what: str) -> str:
        """The id of the span that stands for something."""
        return hashlib.sha256(f"{self.trace} {self.profile.zero_unix_ns} {what}".encode()).hexdigest()[:16]

    def at(self, seconds: float) -> str:
        """A time, as OTLP has it."""
        return str(max(self.profile.zero_unix_ns + round(seconds * 1e9), 0))

    def span(
        self, what: str, parent: str, name: str, start_s: float, wall_s: float, values: dict[str, object]
    ) -> Span:
        """One span."""
        above = {"parentSpanId": parent} if parent else {}
        times = {
            "startTimeUnixNano": self.at(start_s),
            "endTimeUnixNano": self.at(start_s + max(wall_s, 0.0)),
        }
        ids = {"traceId": self.trace, "spanId": self.id(what), **above}
        return {**ids, "name": name, "kind": INTERNAL, **times, "attributes": _attributes(values)}

    def start(self) -> Span:
        """The whole start."""
        profile = self.profile
        until = profile.batch.at_s if profile.batch is not None else profile.end_s
        values: dict[str, object] = {f"lazyimp.{key}": value for key, value in sorted(profile.counts.items())}
        if profile.batch is not None:
            values |= {"lazyimp.rule": profile.batch.rule, "lazyimp.confidence": profile.batch.confidence}
        span = self.span(
            "start", self.parent, "time to first batch", until - profile.ttfb_s, profile.ttfb_s, values
        )
        events = [{"name": mark.name, "timeUnixNano": self.at(mark.at_s)} for mark in profile.marks]
        return {**span, "events": events}

    def phases(self) -> Iterator[Span]:
        """A span for each phase."""
        for place, row in enumerate(self.profile.phases):
            yield self.span(
                f"phase {place}",
                self.id("start"),
                row.name if row.claimed else f"{row.name}, rest",
                row.start_s,
                row.wall_s,
                {"lazyimp.cpu_s": row.cpu_s, "lazyimp.imports": row.imports, "lazyimp.detail": row.detail},
            )

    def imports(self, least_s: float) -> Iterator[tuple[int, Span]]:
        """(process, span) for each import that is long enough, as all those that it is part of."""
        kept: set[int] = set()
        for node in sorted(self.profile.nodes, key=lambda node: (node.process, node.start_s, node.id)):
            if node.wall_s >= least_s and (not node.parent or node.parent in kept):
                kept.add(node.id)
                yield node.process, self.one_import(node)

    def one_import(self, node: Node) -> Span:
        """The span of one import."""
        values: dict[str, object] = {
            "code.file.path": node.file,
            "code.line.number": node.line,
            "code.function.name": node.function,
            "lazyimp.origin": node.origin,
            "lazyimp.hidden": node.hidden,
            "lazyimp.asked_by": node.use,
            "lazyimp.own_s": node.self_wall_s,
            "lazyimp.cpu_s": node.cpu_s,
        }
        parent = self.id(f"import {node.parent}") if node.parent else self.id(self.around(node))
        span = self.span(
            f"import {node.id}", parent, f"import {node.name}", node.start_s, node.wall_s, values
        )
        return {**span, "status": {"code": ERROR, "message": node.error}} if node.error else span

    def around(self, node: Node) -> str:
        """The phase that an outermost import is part of."""
        rows = list(enumerate(self.profile.phases))
        return next((f"phase {place}" for place, row in rows if _holds(row, node)), "start")


def _holds(row: PhaseRow, node: Node) -> bool:
    return row.start_s <= node.start_s < row.start_s + row.wall_s
