"""The tables of a profile, each from the trees: nodes, packages, deferrals, files, marks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from lazyimp.profile.phases import Span
from lazyimp.profile.places import INSTALLED, OWN, STDLIB, Places
from lazyimp.profile.tree import MODULE_LEVEL, Load, Tree
from lazyimp.profile.values import (
    FAILED,
    NEVER,
    REIFIED,
    DeferralRow,
    FileRow,
    MarkRow,
    Node,
    Package,
    Request,
)
from lazyimp.record import FAILED as HOW_FAILED
from lazyimp.record import Deferral, Mark, Record

USES = ("statement", "first use", "call")
KINDS = ("binding", "proxy", "submodule")
SLOW_NS = 1_000_000  # a module whose file took longer, without what it imports, is listed
MOST_FILES = 400


@dataclass(frozen=True)
class Clock:
    """From ns on the main process's clock to seconds since the profile's zero."""

    zero: int
    batch: int | None

    def at(self, ns: int) -> float:
        """When."""
        return (ns - self.zero) / 1e9

    def is_before_batch(self, ns: int) -> bool:
        """Whether that moment came before the first batch, or there was none."""
        return self.batch is None or ns <= self.batch


def seconds(ns: int) -> float:
    """How long."""
    return ns / 1e9


def top(name: str) -> str:
    """The top-level name."""
    return name.partition(".")[0]


def nodes(tree: Tree, process: int, clock: Clock, places: Places, spans: Sequence[Span]) -> list[Node]:
    """One node for each load."""
    starts = [span.start for span in spans]
    return [_node(load, process, clock, places, _phase(load, starts, spans)) for load in tree.loads]


def _phase(load: Load, starts: list[int], spans: Sequence[Span]) -> str:
    return spans[max(bisect_right(starts, load.start) - 1, 0)].name if spans else ""


def _node(load: Load, process: int, clock: Clock, places: Places, phase: str) -> Node:
    row = load.row
    error = row.error or ("unknown" if row.how == HOW_FAILED else "")
    function = row.function or ""
    return Node(
        id=load.id,
        parent=load.parent.id if load.parent is not None else 0,
        process=process,
        thread=row.thread,
        name=row.name,
        package=top(row.name),
        file=places.shown(row.file),
        line=row.line,
        start_s=clock.at(load.start),
        wall_s=seconds(load.end - load.start),
        cpu_s=seconds(max(row.cpu_ns, 0)),
        self_wall_s=seconds(load.own_wall),
        self_cpu_s=seconds(load.own_cpu),
        minor_faults=row.minor_faults,
        major_faults=row.major_faults,
        read_bytes=row.read_bytes,
        rss_bytes=row.rss_bytes,
        origin=places.shown(row.origin),
        error=error if row.how == HOW_FAILED else "",
        use=USES[row.use] if 0 <= row.use < len(USES) else USES[0],
        hidden=load.hidden,
        before_batch=clock.is_before_batch(load.end),
        phase=phase,
        function="" if function in MODULE_LEVEL else function,
    )


def packages(tree: Tree, deferrals: Sequence[Deferral], places: Places) -> list[Package]:
    """Each top-level name of the main process, the costliest first."""
    loads: dict[str, list[Load]] = {}
    for load in tree.loads:
        if load.row.how != HOW_FAILED:
            loads.setdefault(top(load.row.name), []).append(load)
    leads: dict[str, int] = {}
    for each in deferrals:
        leads[top(each.target)] = leads.get(top(each.target), 0) + 1
    rows = [_package(name, of_it, leads.get(name, 0), places) for name, of_it in loads.items()]
    return sorted(rows, key=lambda row: (-row.wall_s, row.name))


def _package(name: str, loads: list[Load], deferred: int, places: Places) -> Package:
    kinds = [places.kind(load.row.origin) for load in loads]
    kind = next((each for each in (OWN, INSTALLED, STDLIB) if each in kinds), kinds[0])
    return Package(
        name=name,
        kind=kind,
        modules=len({load.row.name for load in loads}),
        wall_s=seconds(sum(load.own_wall for load in loads)),
        cpu_s=seconds(sum(load.own_cpu for load in loads)),
        rss_bytes=sum(load.own_rss for load in loads),
        read_bytes=sum(load.own_read for load in loads),
        hidden_modules=len({load.row.name for load in loads if load.hidden}),
        deferred=deferred,
        first=min(load.id for load in loads),
    )


def deferrals(
    record: Record, tree: Tree, process: int, first: int, clock: Clock, places: Places
) -> list[DeferralRow]:
    """One row for each deferral, numbered from `first` on."""
    by_deferral: dict[int, Load] = {}
    for load in tree.loads:
        if load.deferral is not None:
            by_deferral.setdefault(load.deferral.id, load)
    return [
        _deferral(each, first + place, by_deferral.get(each.id), tree, process, clock, places)
        for place, each in enumerate(record.deferrals)
    ]


def _deferral(
    each: Deferral, number: int, load: Load | None, tree: Tree, process: int, clock: Clock, places: Places
) -> DeferralRow:
    use = each.use
    began = use.at_ns + tree.offset if use is not None else 0
    loaded: list[Load] = []
    if use is not None and load is not None:
        loaded = tree.outermost(load.row.thread, began, began + max(use.wall_ns, 0))
    verdict = NEVER if use is None else FAILED if use.error else REIFIED
    return DeferralRow(
        id=number,
        process=process,
        module=each.module,
        bound=each.bound,
        target=f"{each.target}:{each.attribute}" if each.attribute else each.target,
        file=places.shown(each.file),
        line=each.line,
        kind=KINDS[each.kind] if 0 <= each.kind < len(KINDS) else KINDS[0],
        verdict=verdict,
        used_file=places.shown(use.file) if use is not None else "",
        used_line=use.line if use is not None else 0,
        used_by=use.function if use is not None else "",
        used_s=clock.at(began) if use is not None else None,
        wall_s=seconds(max(use.wall_ns, 0)) if use is not None else 0.0,
        before_batch=use is not None and clock.is_before_batch(began),
        loaded=tuple(each.id for each in loaded),
    )


def files(record: Record, tree: Tree, clock: Clock, places: Places) -> list[FileRow]:
    """Modules whose file was slow, or was read from disk, the slowest first; then other files, then libraries."""
    slow = [load for load in tree.loads if _is_file(load) and _is_slow(load)]
    slow.sort(key=lambda load: (-load.own_wall, load.id))
    rows = [
        FileRow(
            places.shown(load.row.origin),
            "module",
            clock.at(load.start),
            load.row.name,
            seconds(load.own_wall),
            load.own_read,
            load.own_major,
        )
        for load in slow[:MOST_FILES]
    ]
    for each in sorted(record.opened, key=lambda each: (each.at_ns, each.path)):
        during = tree.by_row.get(each.during)
        module = during.row.name if during is not None else ""
        rows.append(
            FileRow(places.shown(each.path), "data", clock.at(each.at_ns + tree.offset), module, 0.0, 0, 0)
        )
    libraries = sorted({places.shown(path) for path in record.libraries})
    rows += [FileRow(path, "library", 0.0, "", 0.0, 0, 0) for path in libraries]
    return rows


def _is_file(load: Load) -> bool:
    return "/" in load.row.origin or "\\" in load.row.origin


def _is_slow(load: Load) -> bool:
    return load.own_wall >= SLOW_NS or load.own_major > 0 or load.own_read > 0


def marks(record: Record, clock: Clock) -> list[MarkRow]:
    """The named instants and the first batch, in their order."""
    told = list(record.marks)
    batch = record.first_batch
    if batch is not None:
        told.append(Mark("first batch", batch.at_ns, batch.counters))
    rows = [
        MarkRow(each.name, clock.at(each.at_ns), seconds(each.counters.cpu_ns), each.counters.modules)
        for each in told
    ]
    return sorted(rows, key=lambda row: (row.at_s, row.name))


def requests(tree: Tree, places: Places) -> list[Request]:
    """Who else asked for a module."""
    found = {
        (load.id, places.shown(row.file), row.line, during.id if during is not None else 0)
        for load, during, row in tree.again
        if row.file
    }
    return [Request(*each) for each in sorted(found)]
