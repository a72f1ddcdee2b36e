"""Finds the smallest set of import statements to keep eager, by testing sets of lazy ones; it runs nothing.

An item is (unit, importer, statement). `is_right(lazy)` says whether the program is right with exactly these
items lazy and all others eager. The search walks a fixed order: it keeps a front part that is known to be
right, and looks by halving for the first item whose addition makes it wrong, first among whole units, then
modules, then statements. That item is a culprit; it becomes eager and the walk goes on behind it. So each
culprit costs about the logarithm of the number of items, those that were suspected beforehand less, and those
that a culprit implies (what leads to its module) nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

Item = tuple[str, str, str]
IsRight = Callable[[frozenset[Item]], bool]

UNIT, MODULE, STATEMENT = 1, 2, 3
PARTNERS = 4  # more than that many together are not told apart


class OutOfBudget(Exception):
    """No more tests may be made."""


@dataclass(frozen=True)
class Culprit:
    """Items to keep eager: one statement, or all of a module or unit where the search stopped early.

    `partners` are the others that must be lazy, too, for the program to be wrong; then keeping any one of
    them eager is enough. `alone` says whether it is wrong with nothing else lazy; None: not tried. `implied`:
    it was not found but follows from one that was.
    """

    items: tuple[Item, ...]
    partners: tuple[Item, ...] = ()
    alone: bool | None = None
    implied: bool = False


@dataclass(frozen=True)
class Found:
    """What a search came to: `right` are the items that may be lazy together, and were tested so."""

    culprits: tuple[Culprit, ...]
    right: frozenset[Item]
    complete: bool
    tests: int


@dataclass
class Search:
    """One search; `level(tests made)` tells how far down to look for a culprit, `note` hears of progress.

    `implied(item)` are the items that most likely have to be eager where `item` has.
    """

    is_right: IsRight
    budget: int | None = None
    level: Callable[[int], int] = lambda tests: STATEMENT
    note: Callable[[str], None] = lambda text: None
    implied: Callable[[Item], Iterable[Item]] = lambda item: ()
    tests: int = 0
    _known: dict[frozenset[Item], bool] = field(default_factory=dict)

    def smallest_eager(
        self, items: Iterable[Item], likely: Sequence[str] = (), explain: bool = False
    ) -> Found:
        """The culprits among `items`; modules or units named in `likely` are suspected first.

        With `explain`, each culprit is also tried alone, and its partners are looked for.
        """
        order, suspects = ordered(items, likely)
        eager: set[Item] = set()
        culprits: list[Culprit] = []
        right = 0  # the first so many items of `order` are right without those in `eager`
        try:
            while not self._ask(order, len(order), eager, len(culprits)):
                start, end = self._first_wrong(order, right, suspects, eager, len(culprits))
                culprit = tuple(order[start:end])
                more = [
                    item for item in self.implied(culprit[0]) if item in items_left(order, eager, culprit)
                ]
                eager.update(culprit, more)
                culprits += [Culprit(culprit), *(Culprit((item,), implied=True) for item in more)]
                right = end
            right = len(order)
            if explain:
                culprits = [self._explained(each, order, eager) for each in culprits]
                culprits = self._needed(culprits, order)
        except OutOfBudget:
            kept = frozenset(order[:right]) - eager
            return Found(tuple(culprits), kept, right == len(order), self.tests)
        eager = {item for each in culprits for item in each.items}
        return Found(tuple(culprits), frozenset(order) - eager, True, self.tests)

    def assume(self, lazy: Iterable[Item], right: bool) -> None:
        """Take an answer that is known already."""
        self._known[frozenset(lazy)] = right

    def test(self, lazy: Iterable[Item]) -> bool:
        """Whether the program is right with these items lazy; an answer already known costs nothing."""
        key = frozenset(lazy)
        if key not in self._known:
            if self.budget is not None and self.tests >= self.budget:
                raise OutOfBudget
            self.tests += 1
            self._known[key] = self.is_right(key)
        return self._known[key]

    def _ask(self, order: Sequence[Item], count: int, eager: set[Item], found: int) -> bool:
        return self.test(item for item in order[:count] if item not in eager)

    def _first_wrong(
        self, order: Sequence[Item], right: int, suspects: int, eager: set[Item], found: int
    ) -> tuple[int, int]:
        """The place of the first culprit behind the `right` items: a statement, or a stretch of them."""
        start, end = right, len(order)
        deepest = self.level(self.tests)
        for level in (UNIT, MODULE, STATEMENT):
            if level > deepest:
                break
            cuts = _cuts(order, start, end, level)
            first = _nearest(cuts, suspects) if level == UNIT and start < suspects < end else None

            def wrong(count: int) -> bool:
                return not self._ask(order, count, eager, found)

            start, end = self._halve(cuts, start, wrong, first, found)
        return start, end

    def _halve(
        self, cuts: list[int], right: int, wrong: Callable[[int], bool], first: int | None, found: int
    ) -> tuple[int, int]:
        """(end of what is right, first cut that is wrong); the last cut is known to be wrong."""
        while len(cuts) > 1:
            middle = first if first is not None else _nearest(cuts, (right + cuts[-1]) // 2)
            first = None
            self.note(f"{cuts[-1] - right} suspects" + (f", {found} found" if found else ""))
            at = cuts.index(middle)
            if wrong(middle):
                cuts = cuts[: at + 1]
            else:
                right, cuts = middle, cuts[at + 1 :]
        return right, cuts[0]

    # -- evidence ---------------------------------------------------------------------------------------

    def _explained(self, culprit: Culprit, order: Sequence[Item], found: set[Item]) -> Culprit:
        """The culprit with what it takes beside it for the program to be wrong."""
        if not self.test(culprit.items):
            return replace(culprit, alone=True)
        if culprit.implied:
            return replace(culprit, alone=False)
        others = [item for item in order[: order.index(culprit.items[0])] if item not in found]
        together = list(culprit.items)
        partners: list[Item] = []
        if self.test([*others, *together]):
            return Culprit(culprit.items, alone=False)  # only with one found before; cannot be told apart
        while len(partners) < PARTNERS and self.test([*partners, *together]):
            fixed = [*partners, *together]

            def wrong(count: int, fixed: list[Item] = fixed, others: list[Item] = others) -> bool:
                return not self.test([*others[:count], *fixed])

            start, end = 0, len(others)
            for level in (UNIT, MODULE, STATEMENT):
                start, end = self._halve(_cuts(others, start, end, level), start, wrong, None, 1)
            partners.append(others[end - 1])
            others = others[: end - 1]
        return Culprit(culprit.items, tuple(partners), alone=False)

    def _needed(self, culprits: list[Culprit], order: Sequence[Item]) -> list[Culprit]:
        """Those that are needed together: one that only fails with others may be covered by one of them."""
        kept = list(culprits)
        for each in [culprit for culprit in culprits if not culprit.alone and len(culprits) > 1]:
            rest = {item for other in kept if other is not each for item in other.items}
            if self.test(item for item in order if item not in rest):
                kept.remove(each)
        return kept


def items_left(order: Iterable[Item], eager: set[Item], culprit: Sequence[Item]) -> set[Item]:
    """The items that are still lazy."""
    return set(order).difference(eager, culprit)


def ordered(items: Iterable[Item], likely: Sequence[str] = ()) -> tuple[list[Item], int]:
    """The items by unit and module, suspected ones first, and how many belong to suspected units."""
    place = {name: number for number, name in reversed(list(enumerate(likely)))}
    last = len(place)
    given = list(dict.fromkeys(items))
    units: dict[str, tuple[int, int]] = {}
    modules: dict[tuple[str, str], tuple[int, int]] = {}
    for number, (unit, module, _) in enumerate(given):
        rank = place.get(module, last)
        at = modules.setdefault((unit, module), (rank, number))
        best = min(place.get(unit, last), at[0], units.get(unit, (last, 0))[0])
        units[unit] = (best, units.get(unit, (0, number))[1])
    given.sort(key=lambda item: (units[item[0]], modules[item[:2]]))
    return given, sum(units[item[0]][0] < last for item in given)


def _cuts(order: Sequence[Item], start: int, end: int, level: int) -> list[int]:
    """Where, behind `start`, a unit, module or statement ends; the last is `end`."""
    ends = [at for at in range(start + 1, end) if order[at - 1][:level] != order[at][:level]]
    return [*ends, end]


def _nearest(cuts: list[int], place: int) -> int:
    """The cut nearest to `place`, but not the last one, which is known."""
    inner = cuts[:-1]
    at = bisect_left(inner, place)
    return min(inner[max(0, at - 1) : at + 1], key=lambda cut: abs(cut - place))
