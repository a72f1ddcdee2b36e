"""Several records of one job: the profile of its slowest rank, with what all ranks came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lazyimp.errors import LazyimpError
from lazyimp.profile.building import build_profile
from lazyimp.profile.phases import AFTER
from lazyimp.profile.values import Process, Profile, Rank
from lazyimp.record import Record


class ProfileError(LazyimpError):
    """A profile that cannot be made or read, or that does not hold what was asked for."""

    slug = "profile"


def merge(records: Sequence[Record], *, now: int | None = None) -> Profile:
    """One job's profile: the slowest rank's, and a row for each rank; raises ProfileError for no record."""
    if not records:
        raise ProfileError("there is no record to merge; name the records of the job's ranks")
    profiles = [build_profile(record, now=now) for record in records]
    if len(profiles) == 1:
        return profiles[0]
    numbers = _numbers(profiles)
    order = sorted(range(len(profiles)), key=lambda place: numbers[place])
    slowest = max(order, key=lambda place: (profiles[place].batch is not None, profiles[place].ttfb_s))
    processes = list(_processes(profiles[slowest], numbers[slowest], 0.0, 0))
    for place in order:
        if place != slowest:
            later = (profiles[place].zero_unix_ns - profiles[slowest].zero_unix_ns) / 1e9
            processes += _processes(profiles[place], numbers[place], later, len(processes))
    ranks = [_rank(profiles[place], numbers[place]) for place in order]
    return replace(profiles[slowest], processes=tuple(processes), ranks=tuple(ranks))


def _numbers(profiles: Sequence[Profile]) -> list[int]:
    """Each profile's rank; the places, where one rank is told of two or none of one."""
    told = [profile.processes[0].rank for profile in profiles]
    numbers = [rank for rank in told if rank is not None]
    return numbers if len(set(numbers)) == len(profiles) else list(range(len(profiles)))


def _processes(profile: Profile, rank: int, later_s: float, first: int) -> list[Process]:
    """A rank's processes on the clock of the slowest rank, behind `first` others."""
    return [
        replace(
            each,
            parent=each.parent + first if each.parent >= 0 else -1,
            role=f"rank {rank}" if each.parent < 0 else each.role,
            start_s=round(each.start_s + later_s, 9),
            end_s=round(each.end_s + later_s, 9) if each.end_s is not None else None,
            rank=rank,
        )
        for each in profile.processes
    ]


def _rank(profile: Profile, rank: int) -> Rank:
    walls: dict[str, int] = {}
    before = [row for row in profile.phases if row.name != AFTER]
    for row in before:
        walls[row.name] = walls.get(row.name, 0) + round(row.wall_s * 1e9)
    return Rank(
        rank=rank,
        ttfb_s=profile.ttfb_s,
        ttfb_cpu_s=profile.ttfb_cpu_s,
        imports_wall_s=sum(round(row.imports_wall_s * 1e9) for row in before) / 1e9,
        modules=profile.counts["modules"],
        is_complete=profile.complete,
        phases=tuple((name, wall / 1e9) for name, wall in walls.items()),
    )
