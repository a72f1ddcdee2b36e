"""Inputs of a job: files of this machine, or folders with all regular files in them, by their names there."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping

from lazyimp.manifest.secrets import secret_name, secret_text
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import blob_of
from lazyimp.ship.values import Blob

MOST_FILES = 100_000


def inputs_of(wanted: Mapping[str, str], cache: str = "") -> tuple[Blob, ...]:
    """The blobs for `wanted` (path in the working folder -> file or folder here), their digests kept in `cache`.

    Raises ShipError.
    """
    found: dict[str, Blob] = {}
    seen: dict[str, str] = {}
    for name, path in sorted(wanted.items()):
        _check(name)
        for each, file in _files(name.rstrip("/"), path):
            folded = unicodedata.normalize("NFC", each).casefold()
            if seen.setdefault(folded, each) != each or each in found:
                raise ShipError(
                    f"input {each!r} is there twice, or differs from {seen[folded]!r} in its case only"
                )
            found[each] = blob_of(file, each, cache)
            if len(found) > MOST_FILES:
                raise ShipError(
                    f"the inputs are more than {MOST_FILES} files; pack them, or mount them there"
                )
    return tuple(found.values())


def _check(name: str) -> None:
    parts = name.rstrip("/").split("/")
    if not name or any(part in ("", ".", "..") for part in parts) or set("\0\\") & set(name):
        raise ShipError(f"input {name!r} is no path in the working folder; write it relative to that")


def _files(name: str, path: str) -> Iterator[tuple[str, str]]:
    """A file, or those below a folder; links in a folder are followed within it only."""
    if not os.path.isdir(path):
        yield name, path
        return
    base = os.path.realpath(path)
    for folder, folders, files in os.walk(path):
        folders.sort()
        for each in [*files, *(one for one in folders if os.path.islink(os.path.join(folder, one)))]:
            file = os.path.join(folder, each)
            if os.path.islink(file) and not os.path.realpath(file).startswith(base + os.sep):
                raise ShipError(
                    f"{file!r} is a link that leads out of {path!r}; name what it leads to as an input"
                )
            if os.path.isdir(file):
                raise ShipError(f"{file!r} is a link to a folder; name that as an input")
            if not stat.S_ISREG(os.stat(file).st_mode):
                raise ShipError(f"{file!r} is no regular file; leave it out of {path!r}")
            inside = os.path.relpath(file, path).replace(os.sep, "/")
            secret = secret_name(inside) or secret_text(file)
            if secret:
                raise ShipError(
                    f"{file!r} looks like a secret ({secret}); name it as an input of its own to send it"
                )
            yield f"{name}/{inside}", file
