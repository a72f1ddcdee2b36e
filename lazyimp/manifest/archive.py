"""Packs a part of local code into one file: the same files give the same bytes, on any machine and at any time."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from typing import IO, Protocol

from lazyimp.errors import LazyimpError
from lazyimp.manifest.values import LocalFile, LocalPart


class ArchiveError(LazyimpError):
    """Local code that cannot be packed."""

    slug = "archive"


def file_name(part: LocalPart) -> str:
    """What the archive of a part is called: by its content."""
    return f"{part.digest.partition(':')[2]}.tar.gz"


def write_archive(part: LocalPart, folder: str) -> str:
    """Write the archive of `part` into `folder`, unless it is there; its path. Raises ArchiveError."""
    path = os.path.join(folder, file_name(part))
    if os.path.exists(path):
        return path
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".archive-")
    try:
        with os.fdopen(handle, "wb") as file:
            pack(part, file)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def pack(part: LocalPart, file: IO[bytes]) -> None:
    """Write a tar.gz whose bytes depend on names, contents and executable bits alone."""
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for each in sorted(part.files, key=lambda each: each.name):
            tar.addfile(_member(each), io.BytesIO(content(each)))


def _member(each: LocalFile) -> tarfile.TarInfo:
    member = tarfile.TarInfo(each.name)
    member.size = each.size_bytes
    member.mode = 0o755 if each.executable else 0o644
    return member


class Hashed(Protocol):
    """A file, and the hash that it had when it was noted."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""


def content(each: Hashed, noted: str = "the manifest was made; make the manifest again") -> bytes:
    """The bytes as they were when it was noted, which `noted` says with the way out; raises ArchiveError else."""
    when, _, way_out = noted.partition("; ")
    try:
        with open(each.path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ArchiveError(f"cannot read {each.path!r}: {error.strerror}; {way_out}") from None
    if hashlib.sha256(data).hexdigest() != each.sha256:
        raise ArchiveError(f"{each.path!r} has changed since {when}; {way_out}")
    return data
