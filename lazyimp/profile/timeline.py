"""When things happened in one process: its zero, T0, the first batch, its end; and its imports on that clock."""

from __future__ import annotations

from collections.abc import Mapping

from lazyimp.profile.phases import mark_of
from lazyimp.profile.places import Places
from lazyimp.profile.tree import Tree, grow, tell_hidden, tell_uses
from lazyimp.record import Record

ANOTHER_HOST_NS = 2_000_000_000  # clocks that differ by more are of different machines


def number(header: Mapping[str, object], key: str, default: int) -> int:
    """A whole number in a header."""
    value = header.get(key)
    return value if isinstance(value, int) and abs(value) < 2**63 else default


def told_header(record: Record) -> dict[str, object]:
    """The header with what became known later."""
    later: dict[str, object] = {
        key: record.facts[key] for key in ("main", "core", "mode") if key in record.facts
    }
    return {**record.header, **later}


def main_of(header: Mapping[str, object]) -> tuple[str, str]:
    """What kind of program it was, and its name."""
    main = header.get("main")
    if not isinstance(main, dict):
        return "", ""
    return str(main.get("kind", "")), str(main.get("name", ""))


def zero_of(record: Record) -> int:
    """When the process started; recording began at 0."""
    mono = number(record.header, "mono_ns", 0)
    return min(number(record.header, "start_mono_ns", mono) - mono, 0)


def t0_of(record: Record, zero: int) -> int:
    """Where time to first batch counts from; never after the process's start."""
    header = record.header
    told, begun = number(header, "t0_unix_ns", 0), number(header, "unix_ns", 0)
    if header.get("t0_source") == "process start" or not (told and begun):
        return zero
    return min(told - begun, zero)


def end_of(record: Record, tree: Tree, least: int, now: int | None) -> int:
    """When the process ended, or the last that is known of it; `now` is monotonic."""
    if record.end is not None:
        return max(record.end.at_ns, least)
    last = [load.end - tree.offset for load in tree.loads]
    last += [each.start_ns + max(each.wall_ns, 0) for each in record.phases]
    last += [each.at_ns for each in record.marks]
    last += [each.at_ns for each in record.opened]
    last += [each.at_ns for each in record.deferrals]
    last += [each.use.at_ns + max(each.use.wall_ns, 0) for each in record.deferrals if each.use is not None]
    if now is not None:
        last.append(now - number(record.header, "mono_ns", 0))
    return max([least, *last])


def offset_of(child: Record, main: Record) -> int:
    """What to add to the times of `child` to have them on the clock of `main`."""
    by_monotonic = number(child.header, "mono_ns", 0) - number(main.header, "mono_ns", 0)
    by_wall = number(child.header, "unix_ns", 0) - number(main.header, "unix_ns", 0)
    return by_monotonic if abs(by_monotonic - by_wall) < ANOTHER_HOST_NS else by_wall


def tree_of(record: Record, first_id: int, offset: int, places: Places) -> Tree:
    """The imports of one process, with what their uses and the main program's statements tell of them."""
    tree = grow(record, first_id, offset)
    tell_uses(tree, record.deferrals)
    began = mark_of(record, "main")
    began = mark_of(record, "site") if began is None else began
    began = None if began is None else began + offset
    tell_hidden(tree, _main_files(record, tree, places, began), places, began)
    return tree


def _main_files(record: Record, tree: Tree, places: Places, began: int | None) -> set[str]:
    """The main program's file, as it is shown; by the record, else whoever imports first."""
    kind, name = main_of(told_header(record))
    if kind == "script":
        return {places.shown(name)}
    found = {places.shown(each.file) for each in record.deferrals if each.module == "__main__"}
    if kind == "module" and not found:
        ends = (f"/{name.replace('.', '/')}.py", f"/{name.replace('.', '/')}/__main__.py")
        files = {places.shown(load.row.file) for load in tree.roots()}
        found = {file for file in files if f"/{file}".endswith(ends)}
    if not found and kind != "worker":
        after = (load for load in tree.roots() if began is None or load.start >= began)
        found = {places.shown(load.row.file) for load in [*after][:1]}
    return found
