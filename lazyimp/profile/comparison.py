"""Two profiles, or two sets of them, side by side: what became more, what became less, and whether that is noise."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lazyimp.profile.phases import AFTER
from lazyimp.profile.ranks import ProfileError
from lazyimp.profile.spread import Verdict, judge
from lazyimp.profile.values import Profile

SECONDS, COUNT, BYTES = "s", "", "B"


@dataclass(frozen=True)
class Side:
    """One side: what it is called, and how many runs of which program it is."""

    name: str
    title: str
    mode: str
    runs: int


@dataclass(frozen=True)
class Change:
    """One number on both sides, medians of the runs; `low` and `high` are the least and the most of each."""

    name: str
    unit: str  # "s", "B" or "" for a count
    before: float
    after: float
    before_range: tuple[float, float]
    after_range: tuple[float, float]
    verdict: Verdict | None  # None where it is no time

    @property
    def difference(self) -> float:
        """How much more it became."""
        return self.after - self.before


@dataclass(frozen=True)
class Comparison:
    """The sides, their numbers, phases and packages; the verdict is that on time to first batch."""

    before: Side
    after: Side
    numbers: tuple[Change, ...]
    phases: tuple[Change, ...]
    packages: tuple[Change, ...]  # own processor seconds, the largest difference first
    added: tuple[str, ...]  # modules of every run after and of none before
    removed: tuple[str, ...]
    notes: tuple[str, ...]  # what makes the sides hard to compare

    @property
    def verdict(self) -> Verdict:
        """On time to first batch, by processor time where wall time does not answer."""
        wall, cpu = self.numbers[0].verdict, self.numbers[1].verdict
        assert wall is not None and cpu is not None
        return wall if wall.is_clear or not cpu.is_clear else cpu


def compare(
    before: Sequence[Profile], after: Sequence[Profile], names: tuple[str, str] = ("before", "after")
) -> Comparison:
    """`after` against `before`; raises ProfileError where a side has no run."""
    if not before or not after:
        raise ProfileError("a comparison needs at least one run on either side")
    old, new = [_modules(each) for each in before], [_modules(each) for each in after]
    return Comparison(
        before=_side(before, names[0]),
        after=_side(after, names[1]),
        numbers=tuple(_numbers(before, after)),
        phases=tuple(_phases(before, after)),
        packages=tuple(_packages(before, after)),
        added=tuple(sorted(new[0].intersection(*new).difference(*old))),
        removed=tuple(sorted(old[0].intersection(*old).difference(*new))),
        notes=tuple(_notes(before, after)),
    )


def _modules(profile: Profile) -> set[str]:
    """What the main process loaded before its first batch."""
    return {node.name for node in profile.nodes if node.before_batch and not node.error and not node.process}


def _side(profiles: Sequence[Profile], name: str) -> Side:
    first = profiles[0]
    return Side(name, first.title, first.environment.get("mode", ""), len(profiles))


def _change(
    name: str,
    unit: str,
    before: Sequence[Profile],
    after: Sequence[Profile],
    of: Callable[[Profile], float],
    judged: bool = False,
) -> Change:
    old, new = [of(each) for each in before], [of(each) for each in after]
    return Change(
        name,
        unit,
        statistics.median(old),
        statistics.median(new),
        (min(old), max(old)),
        (min(new), max(new)),
        judge(old, new) if judged else None,
    )


def _numbers(before: Sequence[Profile], after: Sequence[Profile]) -> Iterable[Change]:
    def all_before_batch(profile: Profile) -> float:
        return sum(row.imports_wall_s for row in profile.phases if row.name != AFTER)

    yield _change("time to first batch", SECONDS, before, after, lambda each: each.ttfb_s, judged=True)
    yield _change("CPU to first batch", SECONDS, before, after, lambda each: each.ttfb_cpu_s, judged=True)
    yield _change("imports until then", SECONDS, before, after, all_before_batch)
    yield _change("CPU in all", SECONDS, before, after, lambda each: each.end_cpu_s)
    yield _change("modules until then", COUNT, before, after, lambda each: len(_modules(each)))
    yield _change("modules in all", COUNT, before, after, lambda each: each.counts.get("modules", 0))
    yield _change("hidden imports", COUNT, before, after, lambda each: each.counts.get("hidden", 0))
    yield _change(
        "memory by then", BYTES, before, after, lambda each: each.batch.rss_bytes if each.batch else 0
    )


def _phases(before: Sequence[Profile], after: Sequence[Profile]) -> Iterable[Change]:
    """Each phase with the rest that belongs to it, in the order in which either side has them."""
    for name in _in_order([[row.name for row in each.phases] for each in (*before, *after)]):
        yield _change(name, SECONDS, before, after, lambda each, name=name: _wall_of(each, name))  # type: ignore[misc]


def _wall_of(profile: Profile, name: str) -> float:
    return sum(row.wall_s for row in profile.phases if row.name == name)


def _in_order(lists: Iterable[Sequence[str]]) -> list[str]:
    """All names; a name that an earlier list lacks comes behind the one it follows."""
    found: list[str] = []
    for names in lists:
        place = 0
        for name in names:
            if name in found:
                place = found.index(name) + 1
            else:
                found.insert(place, name)
                place += 1
    return found


def _packages(before: Sequence[Profile], after: Sequence[Profile]) -> list[Change]:
    old, new = [_cpu_of_packages(each) for each in before], [_cpu_of_packages(each) for each in after]
    found = []
    for name in sorted({name for each in (*old, *new) for name in each}):
        ours, theirs = [each.get(name, 0.0) for each in old], [each.get(name, 0.0) for each in new]
        medians = statistics.median(ours), statistics.median(theirs)
        ranges = (min(ours), max(ours)), (min(theirs), max(theirs))
        found.append(Change(name, SECONDS, *medians, *ranges, None))
    return sorted(found, key=lambda change: (-abs(change.difference), change.name))


def _cpu_of_packages(profile: Profile) -> dict[str, float]:
    """Own processor seconds by package, in the main process before its first batch."""
    found: dict[str, int] = {}
    for node in profile.nodes:
        if node.before_batch and not node.process:
            found[node.package] = found.get(node.package, 0) + round(node.self_cpu_s * 1e9)
    return {name: cpu / 1e9 for name, cpu in found.items()}


def _notes(before: Sequence[Profile], after: Sequence[Profile]) -> Iterable[str]:
    sides = (before, after)
    titles = [sorted({each.title for each in side}) for side in sides]
    if titles[0] != titles[1]:
        yield f"the programs differ: {', '.join(titles[0])} against {', '.join(titles[1])}"
    for key, what in (("python", "Python"), ("platform", "platform"), ("cpus", "number of processors")):
        told = [sorted({each.environment.get(key, "") for each in side}) for side in sides]
        if told[0] != told[1]:
            yield f"the {what} differs: {', '.join(told[0])} against {', '.join(told[1])}"
    missing = sum(each.batch is None for side in sides for each in side)
    if 0 < missing < len(before) + len(after):
        yield f"{missing} of {len(before) + len(after)} runs had no first batch and count to their end"
    crashed = sum(not each.complete for side in sides for each in side)
    if crashed:
        yield f"{crashed} of {len(before) + len(after)} runs did not reach their end"
