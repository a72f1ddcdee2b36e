"""One installed distribution: its name and version from its folder's name, the rest read when it is asked for."""

from __future__ import annotations

import csv
import functools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from importlib_metadata import PathDistribution

EGG_LINK = ".egg-link"


_ODD = ('"', "\\", ":", "../", "\n/")  # in a RECORD: quoted, of Windows, outside the site, absolute


def _is_odd(line: str) -> bool:
    """A line of RECORD whose path is quoted, absolute, of Windows, or leads out of the site."""
    return line[:1] in ("/", '"', ".") or line[1:2] == ":" or "\\" in line or "/../" in line


def canonical(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Row(NamedTuple):
    """A line of RECORD: the path as it is written, `sha256=...` or "", the size or -1."""

    path: str
    digest: str
    size_bytes: int


class Distribution:
    """A `.dist-info`, `.egg-info` or `.egg-link` below `site`, one entry of sys.path.

    `name` is canonical. Everything read from files is "" or empty where the file is not there or cannot be read.
    """

    def __init__(self, info: str, site: str) -> None:
        self.info = info
        self.site = site
        stem, _, _ = os.path.basename(info).rpartition(".")
        name, dash, version = stem.partition("-")
        if info.endswith(EGG_LINK) or not dash:
            # a folder's name without a version: `setup.py develop`, and source trees
            name, version = self._named() or (stem, "")
        elif info.endswith(".egg-info"):
            version = re.sub(r"-py\d[\d.]*$", "", version)
        self.name = canonical(name)
        self.version = version

    def __repr__(self) -> str:
        return f"<{self.name} {self.version} at {self.info}>"

    def _named(self) -> tuple[str, str] | None:
        name = str(self.metadata.metadata["Name"] or "") if os.path.isdir(self.metadata_folder) else ""
        return (name, str(self.metadata.version or "")) if name else None

    @functools.cached_property
    def metadata_folder(self) -> str:
        """The folder of its metadata files: its own, or of the source tree that an egg-link names."""
        if not self.info.endswith(EGG_LINK):
            return self.info
        root = self.text("").split("\n")[0].strip()
        stem = os.path.basename(self.info).removesuffix(EGG_LINK).replace("-", "_")
        return os.path.join(root, f"{stem}.egg-info")

    @functools.cached_property
    def metadata(self) -> PathDistribution:
        """The same for importlib-metadata."""
        return PathDistribution(Path(self.metadata_folder))

    def text(self, name: str) -> str:
        """The text of one of its metadata files; of the egg-link itself for ""."""
        path = os.path.join(self.metadata_folder, name) if name else self.info
        try:
            with open(path, "rb") as file:
                return file.read().decode("utf-8", "surrogateescape")
        except OSError:
            return ""

    @functools.cached_property
    def display(self) -> str:
        """The name as its author writes it."""
        return self._header("Name") or self.name

    def _header(self, key: str) -> str:
        return next(iter(self._headers(key)), "")

    def _headers(self, key: str) -> list[str]:
        """The values of a key of its metadata, read without the long text that follows the headers."""
        found = re.findall(rf"^{key}:[ \t]*(.+(?:\n[ \t].+)*)$", self._head, re.MULTILINE | re.IGNORECASE)
        return [" ".join(each.split()) for each in found]

    @functools.cached_property
    def _head(self) -> str:
        text = self.text("METADATA") or self.text("PKG-INFO")
        return text.replace("\r\n", "\n").partition("\n\n")[0]

    @functools.cached_property
    def requires(self) -> tuple[str, ...]:
        """Its requirements as written, with their markers."""
        written = self._headers("Requires-Dist")
        if written or self.info.endswith(".dist-info"):
            return tuple(written)
        try:
            return tuple(self.metadata.requires or ())
        except Exception:  # metadata that cannot be parsed requires nothing we can tell
            return ()

    @functools.cached_property
    def wheel_tags(self) -> tuple[str, ...]:
        """The compatibility tags of the wheel it was installed from; none where it is not said."""
        return tuple(re.findall(r"^Tag:[ \t]*(\S+)", self.text("WHEEL"), re.MULTILINE))

    def only_requires(self, name: str, version: str) -> bool:
        """It installs nothing itself, and requires that very version of another: its name for one platform."""
        text = self._record
        if not text or len(text) > 4096:
            return False
        if any(os.path.basename(self.info) not in row.path for row in self.rows()):
            return False
        exact = re.compile(rf"([\w.-]+)\s*\(?==\s*{re.escape(version)}\b")
        found = [exact.match(line) for line in self.requires]
        return any(each and canonical(each.group(1)) == name for each in found)

    @functools.cached_property
    def installer(self) -> str:
        """Who installed it: pip, uv, conda, debian, ..."""
        return self.text("INSTALLER").strip()

    @functools.cached_property
    def direct_url(self) -> dict[str, object]:
        """Where it was installed from, if not from an index (PEP 610), else from provenance_url.json (PEP 710)."""
        for name in ("direct_url.json", "provenance_url.json"):
            if self._record and name not in self._record:
                continue
            try:
                found = json.loads(self.text(name) or "null")
            except ValueError:
                continue
            if isinstance(found, dict):
                return {**found, "provenance": True} if name.startswith("provenance") else found
        return {}

    @functools.cached_property
    def has_record(self) -> bool:
        """It lists its files."""
        return bool(self._record)

    @functools.cached_property
    def _record(self) -> str:
        return self.text("RECORD")

    def row(self, path: str) -> Row | None:
        """The line of its RECORD for a path below its site, written plainly; the others are in `rows`."""
        rest = self._lines.get(path)
        if rest is None:
            return None
        digest, _, size = rest.rpartition(",")
        return Row(path, digest, int(size) if size.isdigit() else -1)

    @functools.cached_property
    def _lines(self) -> dict[str, str]:
        """The lines of RECORD by what stands before the first comma: the path, of those written plainly."""
        return dict(line.partition(",")[::2] for line in self._record.splitlines())

    @functools.cached_property
    def installed_at(self) -> float:
        """When its RECORD was written, in seconds; 0 without one."""
        try:
            return os.stat(os.path.join(self.info, "RECORD")).st_mtime
        except OSError:
            return 0.0

    def rows(self) -> Iterator[Row]:
        """Its RECORD, as written."""
        for row in csv.reader(self._record.splitlines()):
            if row and row[0]:
                path, digest, size = (*row, "", "")[:3]
                yield Row(path, digest, int(size) if size.isdigit() else -1)

    @functools.cached_property
    def size_bytes(self) -> int:
        """The size of its files, as RECORD says."""
        return sum(map(int, re.findall(r",(\d+)\r?$", self._record, re.MULTILINE)))

    def paths(self) -> list[str]:
        """The absolute paths of its files, without looking at the disk."""
        text = self._record
        if not text:
            return [self._absolute(each) for each in self._installed_files()]
        start = self.site + os.sep
        lines = text.splitlines()
        plain = [start + line.partition(",")[0] for line in lines]
        # what is quoted, absolute, outside the site or of Windows gave no path above that there could be
        odd = [line for line in lines if _is_odd(line)] if any(each in text for each in _ODD) else []
        return plain + [self._absolute(row[0]) for row in csv.reader(odd) if row and row[0]]

    def _absolute(self, path: str) -> str:
        """A path of RECORD, which may lead out of the site or be absolute."""
        return os.path.normpath(os.path.join(self.site, path.replace("\\", os.sep)))

    def _installed_files(self) -> list[str]:
        """What setuptools' old records name, relative to the metadata's folder."""
        listed = self.text("installed-files.txt").splitlines()
        return [os.path.relpath(os.path.join(self.info, each), self.site) for each in listed]

    @functools.cached_property
    def top_level(self) -> tuple[str, ...]:
        """Its top-level names, where it says so (most do not)."""
        return tuple(self.text("top_level.txt").split())
