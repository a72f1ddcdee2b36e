"""The imports of one process as a tree: what was asked for again is folded in, own figures, who is hidden."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lazyimp.profile.places import Places
from lazyimp.record import FIRST_USE, STATEMENT, THERE, Deferral, Import, Record

MODULE_LEVEL = ("", "<module>")


@dataclass(slots=True)
class Load:
    """One import that was carried out; times in ns on the clock of the run's main process."""

    id: int
    row: Import
    parent: Load | None
    start: int
    end: int
    own_wall: int
    own_cpu: int
    own_minor: int
    own_major: int
    own_read: int
    own_rss: int
    hidden: bool = False
    deferral: Deferral | None = None  # whose first use it was


@dataclass
class Tree:
    """The loads of one process in the order of their starts, and who asked for them again."""

    loads: list[Load]
    again: list[tuple[Load, Load | None, Import]]  # the module, what was being loaded then, the row
    offset: int  # to add to the record's times
    by_row: dict[int, Load] = field(default_factory=dict)
    _threads: dict[int, list[Load]] = field(default_factory=dict)

    def roots(self, thread: int | None = 0) -> Iterator[Load]:
        """Loads that are not part of another; of one thread, or of all."""
        for load in self.loads:
            if load.parent is None and thread in (None, load.row.thread):
                yield load

    def of_thread(self, thread: int) -> list[Load]:
        """The loads of one thread, by start."""
        if not self._threads:
            for load in self.loads:
                self._threads.setdefault(load.row.thread, []).append(load)
        return self._threads.get(thread, [])

    def outermost(self, thread: int, start: int, end: int) -> list[Load]:
        """What a thread began to load from `start` to `end`, without what those loaded in turn."""
        loads, found = self.of_thread(thread), []
        place = bisect_left(loads, start, key=lambda load: load.start)
        while place < len(loads) and loads[place].start <= end:
            found.append(loads[place])
            after = bisect_left(loads, max(loads[place].end, loads[place].start), key=lambda load: load.start)
            place = max(place + 1, after)
        return found


def grow(record: Record, first_id: int, offset: int) -> Tree:
    """The tree of one record; its loads are numbered from `first_id` on."""
    rows = sorted(record.imports, key=lambda row: (row.id, row.start_ns))
    by_row: dict[int, Load | None] = {}
    loads: list[Load] = []
    again: list[Import] = []
    for row in rows:
        parent = by_row.get(row.parent) if row.parent < row.id else None
        if row.how == THERE:
            by_row.setdefault(row.id, parent)
            again.append(row)
            continue
        load = _load(row, first_id + len(loads), parent, offset)
        by_row[row.id] = load
        loads.append(load)
        if parent is not None:
            _take_from(parent, load)
    for load in loads:
        load.own_wall, load.own_cpu = max(load.own_wall, 0), max(load.own_cpu, 0)
        load.own_read, load.own_rss = max(load.own_read, 0), max(load.own_rss, 0)
        load.own_minor, load.own_major = max(load.own_minor, 0), max(load.own_major, 0)
    loads.sort(key=lambda load: (load.start, load.id))
    latest = {load.row.name: load for load in reversed(loads)}
    asked = [(latest[row.name], by_row.get(row.id), row) for row in again if row.name in latest]
    return Tree(loads, asked, offset, {key: load for key, load in by_row.items() if load is not None})


def _load(row: Import, number: int, parent: Load | None, offset: int) -> Load:
    wall = max(row.wall_ns, 0)
    start = row.start_ns + offset
    own = (wall, row.cpu_ns, row.minor_faults, row.major_faults, row.read_bytes, row.rss_bytes)
    return Load(number, row, parent, start, start + wall, *own)


def _take_from(parent: Load, load: Load) -> None:
    """What `load` took is not `parent`'s own."""
    parent.own_wall -= max(load.row.wall_ns, 0)
    parent.own_cpu -= load.row.cpu_ns
    parent.own_minor -= load.row.minor_faults
    parent.own_major -= load.row.major_faults
    parent.own_read -= load.row.read_bytes
    parent.own_rss -= load.row.rss_bytes


def tell_uses(tree: Tree, deferrals: Iterable[Deferral]) -> None:
    """Find out which deferral's first use made a load come."""
    used = [(each.use.at_ns + tree.offset, each) for each in deferrals if each.use is not None]
    used.sort(key=lambda each: (each[0], each[1].id))
    starts = [at for at, _ in used]
    for load in tree.loads:
        if load.row.use == FIRST_USE:
            load.deferral = _who_used(used, bisect_right(starts, load.start), load)


def _who_used(used: list[tuple[int, Deferral]], place: int, load: Load) -> Deferral | None:
    """The deferral of that name whose settling began last before the load and was not over."""
    for at, each in reversed(used[max(place - 200, 0) : place]):
        if (
            each.use is not None
            and load.start <= at + max(each.use.wall_ns, 0)
            and _leads(each, load.row.name)
        ):
            return each
    return None


def _leads(deferral: Deferral, name: str) -> bool:
    """Settling `deferral` may load module `name`: its target, one above it, or the submodule it takes."""
    full = f"{deferral.target}.{deferral.attribute}" if deferral.attribute else deferral.target
    return full == name or full.startswith(name + ".")


def tell_hidden(tree: Tree, main_files: set[str], places: Places, began: int | None) -> None:
    """Mark what the main program's own import statements did not load; `began`: when the program's first line ran."""
    by_name: dict[str, Load] = {}
    top_line = 0
    for load in tree.loads:
        if load.parent is not None:
            load.hidden = load.parent.hidden
        elif load.row.parent or (began is not None and load.start < began):
            load.hidden = False  # what it was part of is lost, or the interpreter's own start
        elif load.row.use == FIRST_USE:
            owner = by_name.get(load.deferral.module) if load.deferral is not None else None
            load.hidden = owner is not None and owner.hidden
        else:
            at_top = _at_top(load.row, main_files, places, top_line)
            top_line = max(top_line, load.row.line) if at_top else top_line
            load.hidden = not at_top
        by_name.setdefault(load.row.name, load)


def _at_top(row: Import, main_files: set[str], places: Places, top_line: int) -> bool:
    """A statement of the main program's own, outside its functions as far as the record can tell."""
    if row.use != STATEMENT or row.thread != 0 or places.shown(row.file) not in main_files:
        return False
    return row.line >= top_line if row.function is None else row.function in MODULE_LEVEL
