"""Chrome Trace Event JSON: for Perfetto, chrome://tracing, and together with a trace of the torch profiler.

A complete event for each import, with the phases on a line of their own above; an instant for each mark, for the
first batch, and for each first use that loaded something. `ts` is in microseconds since `baseTimeNanoseconds`, as
in the traces of the torch profiler. Threads are numbered so that none is one of the operating system's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lazyimp.profile import Node, Process, Profile, ProfileError
from lazyimp.reports.tracks import slices, tracks

PHASES_THREAD = 1_000_001
Event = dict[str, Any]


def render(profile: Profile, *, beside: str = "") -> str:
    """The trace; `beside` is the text of another, whose events and base it takes over. Raises ProfileError."""
    alone: Event = {"baseTimeNanoseconds": profile.zero_unix_ns, "traceEvents": []}
    other = _other(beside) if beside else alone
    base = other.get("baseTimeNanoseconds", 0)
    trace = _Trace(profile, (profile.zero_unix_ns - base) / 1000)
    about = {"title": profile.title, **profile.environment, "ttfb_s": profile.ttfb_s}
    ours = [*trace.names(), *trace.phases(), *trace.imports(), *trace.instants()]
    document = {
        "displayTimeUnit": "ms",
        **other,
        "baseTimeNanoseconds": base,
        "otherData": {key: str(value) for key, value in sorted(about.items())},
        "traceEvents": [*other["traceEvents"], *ours],
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def _other(text: str) -> Event:
    """Another trace; one that is only a list of events counts from the beginning of unix time."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    found = {"traceEvents": found} if isinstance(found, list) else found
    if not isinstance(found, dict) or not isinstance(found.get("traceEvents"), list):
        raise ProfileError("what is to stand beside the profile is no Chrome trace")
    return found


class _Trace:
    """The events of one profile, `shift` microseconds after their base."""

    def __init__(self, profile: Profile, shift: float) -> None:
        self.profile = profile
        self.shift = shift
        told = [process.pid for process in profile.processes]
        # ranks of several hosts may have one pid
        self.pids = told if len(set(told)) == len(told) else [place + 1 for place in range(len(told))]

    def at(self, seconds: float) -> float:
        """When, as the trace has it."""
        return round(seconds * 1e6 + self.shift, 3)

    def thread(self, thread: int) -> int:
        """The number of a thread's line."""
        return PHASES_THREAD + 1 + thread

    def names(self) -> Iterator[Event]:
        """What processes and threads are called, and their order."""
        for place, process in enumerate(self.profile.processes):
            pid = self.pids[place]
            order = process.rank if process.rank is not None else place
            yield _about("process_name", pid, pid, {"name": _process_name(process)})
            yield _about("process_sort_index", pid, pid, {"sort_index": order})
        for track in tracks(self.profile):
            pid, tid = self.pids[track.process], self.thread(track.thread)
            name = "imports" if track.thread == 0 else f"imports, thread {track.thread}"
            yield _about("thread_name", pid, tid, {"name": name})
        if self.profile.phases:
            yield _about("thread_name", self.pids[0], PHASES_THREAD, {"name": "phases"})
            yield _about("thread_sort_index", self.pids[0], PHASES_THREAD, {"sort_index": -1})

    def phases(self) -> Iterator[Event]:
        """A slice for each phase."""
        for row in self.profile.phases:
            details = {"cpu_s": row.cpu_s, "imports": row.imports, "imports_s": row.imports_wall_s}
            name = row.name if row.claimed else f"{row.name}, rest"
            yield self.slice(
                name,
                "phase",
                self.pids[0],
                PHASES_THREAD,
                row.start_s,
                row.wall_s,
                {**details, **({"detail": row.detail} if row.detail else {})},
            )

    def imports(self) -> Iterator[Event]:
        """A slice for each import."""
        for track in tracks(self.profile):
            pid, tid = self.pids[track.process], self.thread(track.thread)
            for each in slices(track):
                node, took = each.node, (each.end_ns - each.start_ns) / 1e9
                yield self.slice(node.name, _kind(node), pid, tid, each.start_ns / 1e9, took, _details(node))

    def slice(
        self, name: str, kind: str, pid: int, tid: int, start_s: float, wall_s: float, details: Event
    ) -> Event:
        """A complete event."""
        times = {"ts": self.at(start_s), "dur": round(wall_s * 1e6, 3)}
        return {"ph": "X", "name": name, "cat": kind, "pid": pid, "tid": tid, **times, "args": details}

    def instants(self) -> Iterator[Event]:
        """Marks, and first uses that loaded something."""
        main = {"pid": self.pids[0], "tid": PHASES_THREAD}
        for mark in self.profile.marks:
            is_batch = self.profile.batch is not None and mark.name == "first batch"
            details: Event = {"cpu_s": mark.cpu_s, "modules": mark.modules}
            scope = "g" if is_batch else "p"
            yield {
                "ph": "i",
                "s": scope,
                "name": mark.name,
                "cat": "mark",
                **main,
                "ts": self.at(mark.at_s),
                "args": details,
            }
        for row in self.profile.deferrals:
            if row.loaded and row.used_s is not None and row.process < len(self.pids):
                where = {"pid": self.pids[row.process], "tid": self.thread(0)}
                places = {"deferred": f"{row.file}:{row.line}", "used": f"{row.used_file}:{row.used_line}"}
                name = f"first use of {row.target.replace(':', '.')}"
                yield {
                    "ph": "i",
                    "s": "t",
                    "name": name,
                    "cat": "first use",
                    **where,
                    "ts": self.at(row.used_s),
                    "args": places,
                }


def _about(name: str, pid: int, tid: int, args: Event) -> Event:
    return {"ph": "M", "name": name, "pid": pid, "tid": tid, "args": args}


def _process_name(process: Process) -> str:
    return f"{process.role}: {process.main}" if process.main else process.role


def _kind(node: Node) -> str:
    return ",".join(["import", *(["hidden"] if node.hidden else []), *(["failed"] if node.error else [])])


def _details(node: Node) -> Event:
    """What is shown when an import is selected; nothing that says nothing."""
    told: Event = {
        "asked at": f"{node.file}:{node.line}" if node.file else "",
        "function": node.function,
        "origin": node.origin,
        "asked by": node.use,
        "own_ms": round(node.self_wall_s * 1e3, 3),
        "cpu_ms": round(node.cpu_s * 1e3, 3),
        "rss_bytes": node.rss_bytes,
        "read_bytes": node.read_bytes,
        "major_faults": node.major_faults,
        "error": node.error,
    }
    return {key: value for key, value in told.items() if value not in ("", 0)}
