"""Remembers the SHA-256 of large files: one that was not touched since need not be read again for each plan."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time

LARGE_BYTES = 8 << 20  # below, reading is as quick as looking it up
MOST_KEPT = 1000
COARSE_NS = 20_000_000  # how far the clock of a file system may be behind
Mark = list[int]


def digest_of(path: str, folder: str = "") -> tuple[str, int]:
    """The SHA-256 and the size of a file; `folder` is where what is known is kept ("": nowhere). Raises OSError."""
    mark = _mark(path)
    known = _read(folder) if folder and mark[1] >= LARGE_BYTES else {}
    found = known.get(path)
    if found is not None and found[0] == mark:
        return str(found[1]), mark[1]
    began_ns = time.time_ns() - COARSE_NS
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    settled = mark[0] < began_ns and _mark(path) == mark  # nobody wrote to it meanwhile, nor may have
    if folder and size >= LARGE_BYTES and settled:
        _write(folder, {**known, path: (mark, digest.hexdigest())})
    return digest.hexdigest(), size


def _mark(path: str) -> Mark:
    about = os.stat(path)  # nobody can set the time of the last change
    return [about.st_ctime_ns, about.st_size, about.st_ino, about.st_dev]


def _read(folder: str) -> dict[str, tuple[Mark, str]]:
    try:
        with open(os.path.join(folder, "digests.json"), encoding="utf-8") as file:
            rows = json.load(file)
        return {str(path): (list(mark), str(digest)) for path, (mark, digest) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(folder: str, rows: dict[str, tuple[Mark, str]]) -> None:
    kept = dict(list(rows.items())[-MOST_KEPT:])
    with contextlib.suppress(OSError):  # what cannot be kept is read again
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".digests-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.replace(temporary, os.path.join(folder, "digests.json"))
