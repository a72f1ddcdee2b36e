"""Rows of a run's report up to its command: what was done here, then what the job waited for there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lazyimp.ship.carrying import Shipped
from lazyimp.ship.channels.talk import printable

Row = tuple[str, float, str]


def rows_before(done: Shipped, state: dict[str, Any], remark: Callable[[str, Shipped], str]) -> list[Row]:
    """Name, seconds and remark of each step, in their order."""
    asked, started = state.get("asked_ns", 0), state.get("started_ns", 0)
    queued = max(started - asked, 0) / 1e9
    there = "ray" in state
    rows = [
        (name, seconds, remark(name, done))
        for name, seconds in done.steps.items()
        if name != "start" and not (there and name == "build")
    ]
    rows.append(("ask to start", max(done.steps.get("start", 0.0) - (0 if there else queued), 0.0), ""))
    if not started:
        rest = max(state.get("ended_ns", asked) - asked, 0) / 1e9
        return [*rows, ("queue", rest, "the command never began")]
    if not there:
        return [*rows, ("queue", queued, _in_queue(state))]
    return [*rows, *_on_ray(state, asked, started)]


def clock_line(done: Shipped, state: dict[str, Any]) -> str:
    """How far the other clock is off, and which one that is."""
    whose = "the head's clock" if "ray" in state else "the host's clock"
    known = f"{whose} is {done.offset_s * 1e3:+.2f} ms from ours, known to {done.offset_error_s * 1e3:.2f} ms"
    if state.get("slurm") or "ray" in state:
        known += "; that of the job's node is taken to be the same"
    return known


def _in_queue(state: dict[str, Any]) -> str:
    if not state.get("slurm"):
        return "until the command began"
    number, node = printable(str(state["slurm"])), printable(str(state.get("node", "a node")))
    return f"in Slurm's queue (job {number}), until the command began on {node}"


def _on_ray(state: dict[str, Any], asked: int, started: int) -> list[Row]:
    """Ray chooses a node, builds the environment there unless the node has it, and starts a process in it."""
    node, runner, built = (
        printable(str(state.get("node", "a node"))),
        state.get("runner_ns", started),
        state.get("built_ns"),
    )
    if (
        isinstance(built, list)
        and len(built) == 2
        and all(type(each) is int for each in built)
        and built[0] >= asked
    ):
        return [
            ("queue", (built[0] - asked) / 1e9, "until Ray began to build"),
            ("build", max(built[1] - built[0], 0) / 1e9, f"by Ray on {node}"),
            ("start", max(started - built[1], 0) / 1e9, "until the command began"),
        ]
    return [
        ("queue", max(runner - asked, 0) / 1e9, f"until Ray had a process on {node}"),
        ("build", 0.0, "reused"),
        ("start", max(started - runner, 0) / 1e9, "until the command began"),
    ]
