"""The imports of each thread as openings and closings in order of time, properly nested whatever a record says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lazyimp.profile import Node, Process, Profile


@dataclass(frozen=True)
class Track:
    """One thread of one process."""

    process: int
    thread: int
    nodes: tuple[Node, ...]  # by start

    def name(self, processes: Sequence[Process]) -> str:
        """What to call it."""
        process = processes[self.process]
        thread = "main thread" if self.thread == 0 else f"thread {self.thread}"
        return f"{process.role} {process.pid}, {thread}" if len(processes) > 1 else thread


@dataclass(frozen=True, slots=True)
class Slice:
    """One import on its track, in ns, and those it is part of, the outermost first."""

    node: Node
    start_ns: int
    end_ns: int
    above: tuple[Node, ...]


def tracks(profile: Profile) -> list[Track]:
    """The threads that imported something; the main one of each process first."""
    found: dict[tuple[int, int], list[Node]] = {}
    for node in profile.nodes:
        if 0 <= node.process < len(profile.processes):
            found.setdefault((node.process, node.thread), []).append(node)
    return [
        Track(*key, tuple(sorted(found[key], key=lambda node: (node.start_s, node.id))))
        for key in sorted(found)
    ]


def changes(track: Track) -> Iterator[tuple[bool, Node, int]]:
    """(it opens, the node, when in ns), in order; what opened last closes first."""
    open_ones: list[tuple[Node, int]] = []
    now = round(track.nodes[0].start_s * 1e9) if track.nodes else 0
    for node in track.nodes:
        start = round(node.start_s * 1e9)
        while open_ones and open_ones[-1][0].id != node.parent:
            closed, end = open_ones.pop()
            now = max(now, min(start, end))
            yield False, closed, now
        most = open_ones[-1][1] if open_ones else None
        now = max(start, now) if most is None else min(max(start, now), most)
        end = now + max(round(node.wall_s * 1e9), 0)
        open_ones.append((node, end if most is None else min(end, most)))
        yield True, node, now
    while open_ones:
        closed, end = open_ones.pop()
        now = max(now, end)
        yield False, closed, now


def slices(track: Track) -> Iterator[Slice]:
    """The imports of a track with their times, each after what it contains."""
    opened: list[tuple[Node, int]] = []
    for opens, node, at in changes(track):
        if opens:
            opened.append((node, at))
        else:
            _, start = opened.pop()
            yield Slice(node, start, at, tuple(each for each, _ in opened))
