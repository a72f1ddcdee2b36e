"""What is shown of a plan, and of a run that came back: where its time went, from here to its first batch."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

from lazyimp.cli.ship_waiting import Row, clock_line, rows_before
from lazyimp.record import RecordError, read_record
from lazyimp.reports.terminal import Style
from lazyimp.ship.amounts import shown as size
from lazyimp.ship.carrying import Shipped, is_same_kind, own_uv
from lazyimp.ship.channels import Channel
from lazyimp.ship.following import exit_status, fetch
from lazyimp.ship.planning import digest_name
from lazyimp.ship.values import EnvironmentWish, JobWish, Lack, Plan

FORMAT, VERSION = "lazyimp-ship-report", 1
POINTS = {"main": "interpreter", "first batch": "to first batch"}  # the end of each


def plan_lines(plan: Plan, lack: Lack) -> list[str]:
    """What would be sent, built, reused, refused."""
    free = f", {size(lack.free_bytes)} free" if lack.free_bytes else ""
    lines = [f"to {plan.destination} ({lack.system}, {lack.machine}{free})"]
    if plan.store:
        lines.append(f"  through {plan.store}: what is sent goes there first, and the host fetches it")
    if plan.environment is not None:
        wish = plan.environment
        word = "build " if lack.environment else "reuse "
        lines.append(f"  {word} environment {wish.name[:12]}: {_inside(wish)}")
        for each in wish.wheels:
            word = "send  " if lack.environment and each.sha256 in lack.blobs else "reuse "
            lines.append(f"  {word} {each.name} ({size(each.size_bytes)})")
    for part in plan.parts:
        new = [each for each in part.files if digest_name(part) in lack.parts and each.sha256 in lack.files]
        total = size(sum(each.size_bytes for each in new))
        word = "send  " if new else "reuse "
        count = f"{len(new)}/{len(part.files)} files, {total}" if new else f"{len(part.files)} files"
        lines.append(f"  {word} code {part.name} ({count}) from {part.root}")
    for each in plan.job.inputs:
        word = "send  " if each.sha256 in lack.blobs else "reuse "
        lines.append(f"  {word} input {each.name} ({size(each.size_bytes)})")
    for one in plan.refused:
        lines.append(f"  {'refuse' if one.blocks else 'note  '} {one.what}: {one.why}; {one.way_out}")
    if plan.environment is not None and lack.environment and lack.uv:
        sent = own_uv() is not None and is_same_kind(lack)
        lines.append(
            "  send   uv, which the host lacks" if sent else "  build  uv, which the host lacks, by its pip"
        )
    lines += [f"  choose {each}" for each in plan.notes]
    lines += [f"  secret {each}, from here when it runs" for each in plan.job.secrets]
    words = _shown_words(plan.job)
    lines.append(f"  run    {words}" + (f" in image {plan.job.image}" if plan.job.image else ""))
    return lines


def _shown_words(job: JobWish) -> str:
    """The command as a shell would take it, but for the names in braces that the host fills in."""
    cut = len(job.command) - job.arguments
    filled = [
        each if re.fullmatch(r"[\w@%+=:,./{}-]+", each) else shlex.quote(each) for each in job.command[:cut]
    ]
    return " ".join([*filled, *map(shlex.quote, job.command[cut:])])


def _inside(wish: EnvironmentWish) -> str:
    """What an environment holds, and of how many distributions the installer checks the hash."""
    lines = [*wish.requirements.splitlines(), *wish.accelerated.splitlines()]
    count = len(lines) + len(wish.wheels)
    hashed = sum(" --hash=" in line for line in lines) + len(wish.wheels)
    made = "conda and Python" if wish.conda else "Python"
    return f"{made} {wish.python}, {count} distributions, {hashed} of them by hash"


@dataclass(frozen=True)
class Times:
    """Where the time of a run went: (phase, seconds, remark), in their order; seconds to the first batch, if any."""

    rows: tuple[Row, ...]
    first_batch_s: float | None


def times_of(channel: Channel, done: Shipped, state: dict[str, Any]) -> Times:
    """The phases here, as they were measured, and there, as the job's state and its record tell them."""
    rows = rows_before(done, state, _remark)
    first, more = _marks(channel, done, state)
    rows += more
    if state.get("ended_ns") and state.get("started_ns"):
        rows.append(("whole run", (state["ended_ns"] - state["started_ns"]) / 1e9, ""))
    return Times(tuple(rows), first)


def show_report(times: Times, done: Shipped, state: dict[str, Any]) -> None:
    """Where the time went, on stderr."""
    style = Style.of(sys.stderr)
    print(style.paint(f"\n{done.job}: {state['state']}", "1"), file=sys.stderr)
    for name, seconds, remark in times.rows:
        print(f"  {name:<16}{seconds:9.3f} s  {remark}".rstrip(), file=sys.stderr)
    if times.first_batch_s is not None:
        print(f"  time to first batch, from `lazyimp ship` on: {times.first_batch_s:.3f} s", file=sys.stderr)
    print(f"  {clock_line(done, state)}", file=sys.stderr)


def report_json(times: Times, done: Shipped, state: dict[str, Any], destination: str) -> str:
    """The same as JSON: times in seconds, `clock` how far the host's is ahead of ours and how surely that is known."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "job": done.job,
        "destination": destination,
        "state": state["state"],
        "exit_status": exit_status(state),
        "phases": [
            {"name": name, "seconds": seconds, "remark": remark} for name, seconds, remark in times.rows
        ],
        "first_batch_s": times.first_batch_s,
        "sent": {"files": done.sent_files, "bytes": done.sent_bytes, "new_to_store_bytes": done.stored_bytes},
        "environment_reused": done.environment_reused,
        "clock": {"offset_s": done.offset_s, "error_s": done.offset_error_s},
    }
    return json.dumps(value, indent=2) + "\n"


def _remark(name: str, done: Shipped) -> str:
    if name == "upload":
        if not done.sent_files:
            return "nothing to send"
        stored = "" if done.stored_bytes is None else f"; {size(done.stored_bytes)} of it new to the store"
        files = "1 file" if done.sent_files == 1 else f"{done.sent_files} files"
        return f"{files}, {size(done.sent_bytes)}{stored}"
    if name == "build":
        return "reused" if done.environment_reused else "built"
    return ""


def _marks(
    channel: Channel, done: Shipped, state: dict[str, Any]
) -> tuple[float | None, list[tuple[str, float, str]]]:
    """Seconds to the first batch since we were asked, and what the program's own record says of its start."""
    with tempfile.TemporaryDirectory(prefix="lazyimp-ship-") as folder:
        if "record.jsonl" not in fetch(channel, done.job, folder, "records"):
            return None, []
        try:
            record = read_record(os.path.join(folder, "record.jsonl"))
        except RecordError:
            return None, []
    zero, began = int(str(record.header["unix_ns"])), int(state["started_ns"])  # both on the host's clock
    points = [(mark.name, zero + mark.at_ns) for mark in record.marks if mark.name == "main"]
    if record.first_batch is not None:
        points.append(("first batch", zero + record.first_batch.at_ns))
    rows, before, first = [], began, None
    for name, at in points:
        rows.append((POINTS[name], max(at - before, 0) / 1e9, ""))
        before = at
        if name == "first batch":
            first = (at - done.asked_ns) / 1e9 - done.offset_s
    imported = sum(each.wall_ns for each in record.imports if not each.parent) / 1e9
    rows.append(("imports", imported, f"{len(record.imports)} modules, in the program's process"))
    return first, rows
