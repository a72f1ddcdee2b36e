"""Whether the machine can keep what was read: memory that is left for the page cache."""

from __future__ import annotations

import os

from lazyimp.doctor.values import GOOD, NOTE, Check

LITTLE = 1 << 30  # what a framework's files take, roughly
MEMINFO = "/proc/meminfo"
CGROUP = "/sys/fs/cgroup"


def page_cache(meminfo: str = MEMINFO, cgroup: str = CGROUP) -> Check | None:
    """Memory that can hold files; None where that cannot be told."""
    machine = _available(meminfo)
    limit = _left_in_group(cgroup)
    known = [each for each in (machine, limit) if each is not None]
    if not known:
        return None
    left = min(known)
    facts: dict[str, object] = {"bytes": left}
    where = " by this container's limit" if limit is not None and left == limit else ""
    said = f"{left / (1 << 30):.1f} GiB can hold files{where}"
    if left < LITTLE:
        said += ": what a framework reads may be gone before the next start, which is then a cold one"
        return Check("page cache", NOTE, said, "more memory, or fewer processes beside it", facts=facts)
    return Check("page cache", GOOD, said, facts=facts)


def _available(path: str) -> int | None:
    for line in _lines(path):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return None


def _left_in_group(folder: str) -> int | None:
    """What a control group leaves: its limit without what cannot be dropped; None without a limit."""
    limit, used = _lines(os.path.join(folder, "memory.max")), _lines(os.path.join(folder, "memory.current"))
    if not limit or not used or not limit[0].isdigit() or not used[0].isdigit():
        return None
    cached = 0
    for line in _lines(os.path.join(folder, "memory.stat")):
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "active_file"):
            cached += int(value)
    return max(0, int(limit[0]) - int(used[0]) + cached)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
