"""What a measurement should be read with: cores, load, memory, and how busy others kept the machine meanwhile."""

from __future__ import annotations

import os
from typing import Any

import psutil


class Watch:
    """Looks at the machine from its making to `facts()`."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    def facts(self, own_cpu_s: float) -> dict[str, Any]:
        """cores, load (of the last minute), memory_bytes, others (the part of all cores' time that went elsewhere).

        `own_cpu_s` is what the measured programs computed meanwhile.
        """
        return {
            "cores": cores(),
            "load": round(psutil.getloadavg()[0], 2),
            "memory_bytes": psutil.virtual_memory().total,
            "others": others(self._before, psutil.cpu_times(), own_cpu_s),
        }


def cores() -> int:
    """The cores this process may use."""
    try:
        return len(psutil.Process().cpu_affinity())
    except (AttributeError, psutil.Error):  # no such call on macOS
        return psutil.cpu_count() or 1


def others(before: Any, after: Any, own_cpu_s: float) -> float | None:
    """The part of the time of all cores that neither we nor idleness had; None where too little passed."""
    total = sum(after) - sum(before)
    idle = sum(getattr(after, name, 0.0) - getattr(before, name, 0.0) for name in ("idle", "iowait"))
    # what guests computed counts as user time already
    twice = sum(getattr(after, name, 0.0) - getattr(before, name, 0.0) for name in ("guest", "guest_nice"))
    total -= twice
    return round(max(0.0, min(1.0, (total - idle - own_cpu_s) / total)), 2) if total > 0.05 else None


def file_system(path: str) -> str:
    """The kind of file system that `path` lies on ("ext4", "nfs4"), or ""."""
    found, kind = "", ""
    for each in psutil.disk_partitions(all=True):
        mount = each.mountpoint.rstrip(os.sep) + os.sep
        if path.startswith(mount) and len(mount) >= len(found):
            found, kind = mount, each.fstype
    return kind
