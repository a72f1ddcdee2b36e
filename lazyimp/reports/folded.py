"""Folded stacks for flamegraph.pl, inferno and the like: `phase;module;module microseconds`, own times."""

from __future__ import annotations

from lazyimp.profile import Profile
from lazyimp.reports.tracks import slices, tracks


def render(profile: Profile) -> str:
    """The lines, sorted; times by the wall clock."""
    took: dict[str, int] = {}
    for track in tracks(profile):
        process = profile.processes[track.process]
        above = [] if track.process == 0 else [f"{process.role} {process.pid}"]
        above += [] if track.thread == 0 else [f"thread {track.thread}"]
        inside: dict[int, int] = {}
        for each in slices(track):
            wall = each.end_ns - each.start_ns
            own = wall - inside.pop(each.node.id, 0)
            if each.above:
                inside[each.above[-1].id] = inside.get(each.above[-1].id, 0) + wall
            root = each.above[0] if each.above else each.node
            frames = [*above, root.phase, *(node.name for node in each.above), each.node.name]
            stack = ";".join(_frame(frame) for frame in frames if frame)
            took[stack] = took.get(stack, 0) + max(own, 0)
    lines = [f"{stack} {round(ns / 1000)}" for stack, ns in sorted(took.items()) if round(ns / 1000)]
    return "\n".join(lines) + "\n" if lines else ""


def _frame(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name.replace(";", ":"))
