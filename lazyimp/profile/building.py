"""From a Record to its Profile."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lazyimp.profile import rows, timeline
from lazyimp.profile.findings import Seen, findings
from lazyimp.profile.phase_rows import phase_rows
from lazyimp.profile.phases import Span, mark_of, spans
from lazyimp.profile.places import OWN, Places, without_home
from lazyimp.profile.rows import Clock, seconds
from lazyimp.profile.tree import Tree
from lazyimp.profile.values import FAILED, NEVER, REIFIED, Batch, DeferralRow, Node, Process, Profile, Request
from lazyimp.record import Record

STEP = re.compile(r"(?:first|last) step|step \d+")
ENVIRONMENT = (
    "python",
    "implementation",
    "platform",
    "core",
    "mode",
    "lazyimp",
    "t0_source",
    "rank",
    "world_size",
)


@dataclass(frozen=True)
class _Run:
    """A record, and what everything in its profile is told from."""

    record: Record
    header: dict[str, object]
    places: Places
    tree: Tree
    t0: int
    batch: int | None
    end: int
    clock: Clock
    spans: list[Span]

    @property
    def until(self) -> int:
        """The first batch, or the end where there was none."""
        return self.end if self.batch is None else self.batch


@dataclass
class _Rows:
    """The rows of all processes."""

    nodes: list[Node] = field(default_factory=list)
    deferrals: list[DeferralRow] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)


def build_profile(record: Record, *, now: int | None = None) -> Profile:
    """What one run's record means; `now`, in monotonic ns, is the end of a run that has not ended."""
    run = _run(record, now)
    found = _Rows()
    _add(run, record, run.tree, -1, found)
    nodes, deferrals = list(found.nodes), list(found.deferrals)  # of the main process
    for child in record.children:
        _add_below(run, child, 0, found)
    phases = phase_rows(record, run.tree, run.spans, run.clock)
    batch = _batch(run)
    end_cpu = _end_cpu(record)
    ttfb_s = seconds(run.until - run.t0)
    return Profile(
        title=_title(run),
        environment=_environment(run),
        ttfb_s=ttfb_s,
        ttfb_cpu_s=seconds(end_cpu) if batch is None else batch.cpu_s,
        end_s=run.clock.at(run.end),
        end_cpu_s=seconds(end_cpu),
        complete=record.complete,
        batch=batch,
        first_step_excess_s=_first_step_excess(run),
        processes=tuple(found.processes),
        nodes=tuple(found.nodes),
        packages=tuple(rows.packages(run.tree, record.deferrals, run.places)),
        phases=tuple(phases),
        marks=tuple(rows.marks(record, run.clock)),
        deferrals=tuple(found.deferrals),
        files=tuple(rows.files(record, run.tree, run.clock, run.places)),
        findings=findings(_seen(run, nodes, deferrals, found.requests, ttfb_s)),
        counts=_counts(record, nodes, deferrals),
        requests=tuple(found.requests),
        zero_unix_ns=timeline.number(run.header, "unix_ns", 0) + run.clock.zero,
        exception=record.end.exception if record.end is not None else "",
    )


def _run(record: Record, now: int | None) -> _Run:
    header = timeline.told_header(record)
    places = Places(header, record.facts.get("sys_path"))
    zero = timeline.zero_of(record)
    t0 = timeline.t0_of(record, zero)
    batch = max(record.first_batch.at_ns, zero) if record.first_batch is not None else None
    tree = timeline.tree_of(record, 1, 0, places)
    end = timeline.end_of(record, tree, max(batch or 0, zero), now)
    parts = spans(record, tree, zero, t0, batch, end)
    return _Run(record, header, places, tree, t0, batch, end, Clock(zero, batch), parts)


def _add(run: _Run, record: Record, tree: Tree, parent: int, found: _Rows) -> None:
    """The rows of one process."""
    number = len(found.processes)
    found.nodes += rows.nodes(tree, number, run.clock, run.places, run.spans)
    found.deferrals += rows.deferrals(record, tree, number, len(found.deferrals) + 1, run.clock, run.places)
    found.requests += rows.requests(tree, run.places)
    found.processes.append(_process(run, record, tree, parent))


def _add_below(run: _Run, record: Record, parent: int, found: _Rows) -> None:
    """The rows of a process that another started, and of those below it."""
    number = len(found.processes)
    places = Places(
        timeline.told_header(record), record.facts.get("sys_path") or run.record.facts.get("sys_path")
    )
    offset = timeline.offset_of(record, run.record)
    _add(run, record, timeline.tree_of(record, len(found.nodes) + 1, offset, places), parent, found)
    for child in record.children:
        _add_below(run, child, number, found)


def _process(run: _Run, record: Record, tree: Tree, parent: int) -> Process:
    header = timeline.told_header(record)
    kind, name = timeline.main_of(header)
    rank = header.get("rank")
    role = "worker" if kind == "worker" else "main" if parent < 0 else "child"
    began = 0 if header.get("forked") else timeline.zero_of(record)
    return Process(
        pid=timeline.number(header, "pid", 0),
        parent=parent,
        role=role,
        main=run.places.shown(name) if kind == "script" else without_home(name),
        start_s=run.clock.at(began + tree.offset),
        end_s=run.clock.at(record.end.at_ns + tree.offset) if record.end is not None else None,
        imports=len(record.imports),
        modules=len({load.row.name for load in tree.loads if not load.row.error}),
        cpu_s=seconds(_end_cpu(record)),
        rank=rank if isinstance(rank, int) else None,
    )


def _title(run: _Run) -> str:
    kind, name = timeline.main_of(run.header)
    if kind == "script":
        return run.places.shown(name)
    if kind == "module":
        return f"-m {name}"
    return {"code": "-c", "stdin": "-"}.get(kind) or without_home(name) or "python"


def _environment(run: _Run) -> dict[str, str]:
    """Versions and names that are fit to be shown."""
    shown = {key: run.header[key] for key in ENVIRONMENT if run.header.get(key) is not None}
    found = {key: without_home(str(value)) for key, value in shown.items() if isinstance(value, (str, int))}
    cpus, tuned = run.record.facts.get("cpus"), run.record.facts.get("profile")
    if isinstance(tuned, str) and tuned:
        found["profile"] = os.path.basename(tuned)
    return {**found, "cpus": str(cpus)} if isinstance(cpus, int) else found


def _end_cpu(record: Record) -> int:
    """The process's own processor time at its end, or the last that is known."""
    if record.end is not None:
        return max(record.end.counters.cpu_ns, 0)
    told = [each.counters.cpu_ns for each in record.marks]
    told += [record.first_batch.counters.cpu_ns] if record.first_batch is not None else []
    begun = timeline.number(record.header, "cpu_ns", 0)
    imports = sum(max(row.cpu_ns, 0) for row in record.imports if not row.parent)
    return max([*told, begun + imports, 0])


def _batch(run: _Run) -> Batch | None:
    batch = run.record.first_batch
    if batch is None:
        return None
    counters = batch.counters
    rejected = sorted((each.rule, run.clock.at(each.at_ns), each.why) for each in run.record.rejected)
    return Batch(
        rule=batch.rule,
        framework=batch.framework,
        confidence=batch.confidence,
        at_s=run.clock.at(run.until),
        cpu_s=seconds(max(counters.cpu_ns, 0)),
        modules=counters.modules,
        rss_bytes=counters.rss_bytes,
        major_faults=counters.major_faults,
        read_bytes=counters.read_bytes,
        rejected=tuple(sorted(rejected, key=lambda each: each[1])),
    )


def _first_step_excess(run: _Run) -> float | None:
    """What the first step took more than the median of those behind it, as far as their ends were marked."""
    ends = [mark.at_ns for mark in run.record.marks if STEP.fullmatch(mark.name)]
    if run.batch is None or len(ends) < 2:
        return None
    ends.sort()
    others = sorted(after - before for before, after in pairwise(ends))
    middle = (others[(len(others) - 1) // 2] + others[len(others) // 2]) // 2
    return seconds(ends[0] - run.batch - middle)


def _counts(record: Record, nodes: Sequence[Node], deferrals: Sequence[DeferralRow]) -> dict[str, int]:
    """Of the main process. A submodule that is reachable from its package is no statement of its own."""
    statements = [row for row in deferrals if row.kind != "submodule"]
    return {
        "modules": len({node.name for node in nodes if not node.error}),
        "imports": len(record.imports),
        "hidden": sum(node.hidden for node in nodes),
        "deferred": len(statements),
        "never": sum(row.verdict == NEVER for row in statements),
        "reified": sum(row.verdict == REIFIED for row in statements),
        "failed": sum(bool(node.error) for node in nodes),
        "late": sum(row.verdict == FAILED for row in statements),
    }


def _framework(record: Record) -> str:
    """The package whose first batch it was; rules begin with its name."""
    batch = record.first_batch
    name = "" if batch is None else batch.framework or batch.rule.partition(":")[0]
    return {"scikit-learn": "sklearn"}.get(name, name)


def _seen(
    run: _Run,
    nodes: Sequence[Node],
    deferrals: Sequence[DeferralRow],
    requests: Sequence[Request],
    ttfb_s: float,
) -> Seen:
    kind, name = timeline.main_of(run.header)
    named = {"script": run.places.in_a_command(name), "module": f"-m {name}", "command": name}
    began = mark_of(run.record, "site")
    files = {each.use.file for each in run.record.deferrals if each.use is not None}
    files -= {"<string>"} if kind == "command" else set()  # the line that starts an installed command
    return Seen(
        program=without_home(named.get(kind, "")) or "PROGRAM",
        mode=str(run.header.get("mode", "")),
        is_tuned=bool(run.record.facts.get("profile")),
        framework=_framework(run.record),
        exception=run.record.end.exception if run.record.end is not None else "",
        ttfb_s=ttfb_s,
        nodes=nodes,
        deferrals=deferrals,
        requests=requests,
        own_files=frozenset(run.places.shown(file) for file in files if run.places.kind(file) == OWN),
        site_s=run.clock.at(began) if began is not None else 0.0,
    )
