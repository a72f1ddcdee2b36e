"""Keeps the manifest of a record with what it was made from: while nothing of that changed, it need not be made again.

Making a manifest reads a record and the metadata of every installed distribution; a second run of the same program
would do the same work for the same result. Whatever is opened or listed meanwhile is noted (by an audit hook), as are
the files of all modules in the record and the folders on its sys.path; each with the time of its last change, which
nobody can set (st_ctime), its size and its inode. One that differs, is gone or has come makes the manifest anew.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import lazyimp
from lazyimp import __version__
from lazyimp.manifest.observe import sys_path_of
from lazyimp.manifest.outputs import own
from lazyimp.manifest.values import Manifest
from lazyimp.record import Record, read_record

FORMAT = 1
MOST_KEPT = 50
HEARD = ("open", "os.listdir", "os.scandir")
COARSE_NS = 20_000_000  # how far the clock of a file system may be behind
UNSETTLED = ("/proc/", "/sys/", "/dev/")  # the kernel's, which change by being looked at
Mark = list[int] | None


def kept(record: str, folder: str, make: Callable[[], Manifest], options: Iterable[str] = ()) -> Manifest:
    """The manifest of `record` as `options` have it: the one in `folder`, or what `make` gives."""
    path = os.path.join(folder, f"{_key(record, options)}.json")
    found = _read(path)
    if found is not None:
        return found
    began_ns = time.time_ns() - COARSE_NS
    with _Watch() as watch:
        manifest = make()
        names = {record, *files_of(read_record(record)), *watch.seen}
    marks = {name: mark_of(name) for name in names if not name.startswith(UNSETTLED)}
    if all(
        mark is None or mark[0] < began_ns for mark in marks.values()
    ):  # else one changed while it was read
        _write(path, manifest, marks)
    return manifest


def files_of(record: Record) -> set[str]:
    """The files of all modules of a record and the folders on its sys.path."""
    found = set(sys_path_of(record))
    for process in record.processes():
        found.update(each.origin for each in process.imports)
        found.update(origin for _, origin in process.present)
    return {each for each in found if os.path.isabs(each)}


def _key(record: str, options: Iterable[str]) -> str:
    words = [FORMAT, __version__, sys.version, sys.prefix, os.getcwd(), os.path.realpath(record), *options]
    base = os.path.dirname(lazyimp.__file__)
    code = sorted(
        glob.glob(os.path.join(glob.escape(base), "*", "*.py"))
    )  # what makes manifests may change, too
    return hashlib.sha256(json.dumps([words, [mark_of(each) for each in code]]).encode()).hexdigest()[:32]


def mark_of(path: str) -> Mark:
    """What changes when a file or the names in a folder change; None where there is nothing."""
    try:
        about = os.stat(path)
    except (OSError, ValueError):
        return None
    return [about.st_ctime_ns, about.st_size, about.st_ino]


class _Watch:
    """Notes what is opened and listed while it is entered. A hook of this kind cannot be taken away, only silenced."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.is_on = False
        self.thread = threading.get_ident()  # others do other work

    def __enter__(self) -> _Watch:
        self.is_on = True
        sys.addaudithook(self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        self.is_on = False

    def _heard(self, event: str, words: tuple[Any, ...]) -> None:
        if self.is_on and event in HEARD and threading.get_ident() == self.thread:
            path = words[0] if words[0] is not None else "."
            if isinstance(path, (str, bytes, os.PathLike)):
                self.seen.add(os.path.abspath(os.fsdecode(path)))


def _read(path: str) -> Manifest | None:
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if any(mark_of(name) != mark for name, mark in data["files"].items()):
            return None
        return own.from_data(data["manifest"], path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, own.ManifestError):
        return None


def _write(path: str, manifest: Manifest, marks: dict[str, Mark]) -> None:
    """Keep it, whole or not at all; what cannot be kept is made again next time."""
    text = json.dumps({"files": marks, "manifest": own.as_data(manifest)})
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".manifest-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
        _forget(folder)
    except OSError:
        pass


def _forget(folder: str) -> None:
    """Let the oldest go."""
    entries = sorted(
        (entry for entry in os.scandir(folder) if entry.name.endswith(".json")),
        key=lambda entry: entry.stat().st_mtime,
    )
    for entry in entries[:-MOST_KEPT]:
        os.unlink(entry.path)
