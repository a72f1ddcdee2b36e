"""What may be tried inside the distributions that a recipe closes: imports that nothing there depends on.

To look for what breaks statement by statement would take hundreds of runs. So the order in which the program
loads the distribution's modules is followed, as a tree of who has whom loaded first; where no module of a
branch does anything beyond binding names, told from its code, nothing else needs the branch to be loaded, and
all statements that import from it are deferred together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lazyimp.tuning.search import Item
from lazyimp.tuning.statements import Reader, Statement

WORTH = 0.03  # a part of the modules loaded by the first batch; fewer are not worth runs


@dataclass(frozen=True)
class Attempt:
    """The statements of one closed distribution to be deferred together, and how many modules that saves."""

    unit: str
    items: frozenset[Item]
    modules: int


def split(
    reader: Reader, known: Mapping[Item, Statement]
) -> tuple[frozenset[Item], dict[str, frozenset[Item]]]:
    """The items outside closed distributions, and those inside, by distribution."""
    inside: dict[str, set[Item]] = {}
    for item, each in known.items():
        unit = reader.closed_around(each)
        if unit:
            inside.setdefault(unit, set()).add(item)
    taken = {item for items in inside.values() for item in items}
    return frozenset(known) - taken, {unit: frozenset(items) for unit, items in inside.items()}


def attempts(
    reader: Reader,
    known: Mapping[Item, Statement],
    inside: Mapping[str, Iterable[Item]],
    loaded: frozenset[str],
) -> list[Attempt]:
    """What is worth trying, most modules first; `loaded` are those loaded by the first batch otherwise."""
    found = []
    for unit, items in inside.items():
        tops = {
            part.partition(".")[0] for item in items for part in (known[item].importer, known[item].target)
        }
        free = without_effect(reader, tops)
        chosen = frozenset(item for item in items if only_loads(reader, known[item], free))
        count = len(free & loaded)
        if chosen and count >= WORTH * len(loaded):
            found.append(Attempt(unit, chosen, count))
    return sorted(found, key=lambda each: (-each.modules, each.unit))


def only_loads(reader: Reader, each: Statement, free: frozenset[str]) -> bool:
    """The statement loads modules in `free` alone, beside a package that something else loads anyway."""
    below = [f"{each.target}.{name}" for name in each.names or ()]
    if each.target in free:
        return all(name in free for name in below if name in reader.modules)
    is_first = reader.tree().get(each.target, ("", each))[1] is each
    return bool(below) and not is_first and all(name in free for name in below)


def without_effect(reader: Reader, tops: Iterable[str]) -> frozenset[str]:
    """The modules under these top-level names that have only such modules loaded that do nothing else."""
    wanted, tree = set(tops), reader.tree()
    names = [name for name in tree if name.partition(".")[0] in wanted]
    marked: set[str] = set()
    for name in names:
        if name not in marked and reader.effect(name) is not None:
            while name not in marked and name.partition(".")[0] in wanted:
                marked.add(name)
                name = tree[name][0]
    return frozenset(names) - marked - wanted


def by_subpackage(items: Sequence[Item], known: Mapping[Item, Statement]) -> dict[Item, Item]:
    """The items under names that the search sorts by the target's subpackage."""

    def renamed(item: Item) -> Item:
        return item[0], ".".join(known[item].target.split(".")[:2]), f"{item[1]} -> {item[2]}"

    return {renamed(item): item for item in items}
