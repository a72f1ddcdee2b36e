"""Unpacks an archive that may be hostile: regular files and folders only, below one new folder, within limits.

tarfile's own `data` filter is not enough on the interpreters in use (CVE-2025-4517, CVE-2025-4330, CVE-2024-12718),
so nothing of it is used but its reader of headers.
"""

import gzip
import hashlib
import os
import tarfile
import unicodedata
import zlib

from lazyimp.ship.host.paths import Refused, inside

MOST_FILES = 200_000
MOST_BYTES = 64 << 30
LARGEST_FILE = 32 << 30
TOO_MUCH = "the archive holds more than an archive of code may hold"
MOST_RATIO = 200  # an archive that grows more than this is a bomb


def extract(archive, folder, most_files=MOST_FILES, most_bytes=MOST_BYTES):
    """Unpack a tar.gz into a new, empty folder; returns [(name, size, sha256, executable)], or raises Refused."""
    allowed = min(most_bytes, max(MOST_RATIO * os.path.getsize(archive), 64 << 20))
    listed, seen, members = [], {}, 0
    try:
        with gzip.open(archive) as packed, tarfile.open(fileobj=_Limited(packed, allowed), mode="r|") as tar:
            for member in tar:
                name = _checked(member, seen)
                members += 1
                if members > most_files:
                    raise Refused(TOO_MUCH)
                if member.isdir():
                    os.makedirs(inside(folder, name), mode=0o700, exist_ok=True)
                    continue
                if not 0 <= member.size <= min(allowed, LARGEST_FILE):
                    raise Refused(TOO_MUCH)
                executable = bool(member.mode & 0o100)
                digest = _write(tar.extractfile(member), inside(folder, name), member.size, executable)
                listed.append((name, member.size, digest, executable))
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise Refused(f"the archive cannot be unpacked: {error}") from None
    return listed


class _Limited:
    """What a bomb unpacks to, up to a limit: headers count, too."""

    def __init__(self, file, most):
        self.file, self.left = file, most + (1 << 20)

    def read(self, size):
        data = self.file.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise Refused(TOO_MUCH)
        return data


def _checked(member, seen):
    """The member's name, if it is a file or a folder that may be made."""
    name = member.name
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise Refused(f"{name!r} is no regular file")
    parts = name.split("/")
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in parts) or ":" in parts[0]:
        raise Refused(f"{name!r} is no name of a file in an archive of code")
    for at in range(1, len(parts) + 1):
        here = ("/".join(parts[:at]), at < len(parts) or member.isdir())
        folded = unicodedata.normalize("NFC", here[0]).casefold()
        known = seen.setdefault(folded, here)
        if known is not here and (known != here or not here[1]):
            raise Refused(f"{name!r} is there twice, or differs from another name in its case only")
    return name


def _write(source, path, size, executable):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    digest, left = hashlib.sha256(), size
    with os.fdopen(os.open(path, flags, 0o700 if executable else 0o600), "wb") as file:
        while left:
            block = source.read(min(left, 1 << 20))
            if not block:
                raise Refused(f"{path!r} is shorter than the archive says")
            digest.update(block)
            file.write(block)
            left -= len(block)
    return digest.hexdigest()


def digest_of(listed):
    """The digest of a part: as lazyimp.manifest.local.digest_of has it."""
    digest = hashlib.sha256()
    for name, _, sha256, executable in sorted(listed):
        digest.update(f"{sha256} {'x' if executable else '-'} {name}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
