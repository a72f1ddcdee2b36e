"""Puts files out of the page cache without root, and looks whether they are out."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import mmap
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lazyimp.errors import UnsupportedError
from lazyimp.mounts import is_remote
from lazyimp.record import Record
from lazyimp.running.machine import file_system

NOT_FILES = ("/proc/", "/sys/", "/dev/")
WRITTEN_S = 300.0  # after this time what a file holds has reached the disk


@dataclass(frozen=True)
class Evicted:
    """What was put out: `left_bytes` stayed in memory although asked, None where that cannot be seen."""

    files: int
    size_bytes: int
    left_bytes: int | None
    remote: dict[str, int] = field(default_factory=dict)  # kind of file system -> files

    @property
    def notes(self) -> list[str]:
        """What the cold figures do not show."""
        found = []
        if self.left_bytes is None:
            found.append("whether the files left the page cache cannot be seen here")
        elif self.left_bytes > self.size_bytes // 20:
            found.append(f"{self.left_bytes >> 20} MB stayed in the page cache: other processes use them")
        for kind, count in sorted(self.remote.items()):
            found.append(
                f"{count} files lie on {kind}, whose servers keep what they read; only a fresh node is truly cold"
            )
        return found


def files_of(record: Record) -> list[str]:
    """The files that a run read: modules with their bytecode, native libraries, and what it opened."""
    found: set[str] = set()
    for each in record.processes():
        for origin in (*(one.origin for one in each.imports), *(origin for _, origin in each.present)):
            found.update((origin, _bytecode(origin)) if origin.endswith(".py") else (origin,))
        found.update(each.libraries)
        found.update(one.path for one in each.opened if not one.writes)
    here = str(record.header.get("cwd") or os.getcwd())
    paths = (os.path.join(here, name) for name in found if name and not name.startswith("<"))
    return sorted(path for path in paths if not path.startswith(NOT_FILES) and os.path.isfile(path))


def _bytecode(source: str) -> str:
    try:
        return importlib.util.cache_from_source(source)
    except (NotImplementedError, ValueError):
        return source


def check_supported() -> None:
    """Raise UnsupportedError where files cannot be put out."""
    if not hasattr(os, "posix_fadvise"):
        raise UnsupportedError("this system does not let a program put files out of the page cache")


def evict(paths: Iterable[str]) -> Evicted:
    """Put the files out of the page cache, where that is supported."""
    sizes = {path: size for path in paths if (size := _evict(path)) is not None}
    kept = [resident(path) for path in sizes]
    left = None if None in kept else sum(each or 0 for each in kept)
    kinds = Counter[str]()
    for folder, count in Counter(os.path.dirname(path) for path in sizes).items():
        kind = file_system(folder + os.sep)
        if is_remote(kind):  # others keep what we put out here
            kinds[kind] += count
    return Evicted(len(sizes), sum(sizes.values()), left, dict(kinds))


def _evict(path: str) -> int | None:
    """Put one file out; gives its size, or None where it cannot be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        facts = os.fstat(file)
        if time.time() - facts.st_mtime < WRITTEN_S:
            with contextlib.suppress(OSError):
                os.fdatasync(file)  # what has not been written yet would stay
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        return facts.st_size
    except OSError:
        return None
    finally:
        os.close(file)


def resident(path: str) -> int | None:
    """How many bytes of a file are in the page cache; None where the system does not tell.

    Linux answers for files that we own or may write to; of others it says that all of it is there.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        if not (os.access(path, os.W_OK) or os.stat(path).st_uid == os.geteuid()):
            return None
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            return _resident(file.fileno(), size) if size else 0
    except (OSError, AttributeError):
        return None


def _resident(file: int, size: int) -> int | None:
    system = ctypes.CDLL(None, use_errno=True)
    system.mmap.restype = ctypes.c_void_p
    system.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    system.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
    system.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    where = system.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file, 0)
    if where in (None, ctypes.c_void_p(-1).value):
        return None
    pages = ctypes.create_string_buffer((size + mmap.PAGESIZE - 1) // mmap.PAGESIZE)
    try:
        if system.mincore(where, size, pages) != 0:
            return None
        return min(size, mmap.PAGESIZE * sum(page & 1 for page in pages.raw))
    finally:
        system.munmap(where, size)
