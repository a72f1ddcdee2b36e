"""One installed distribution: its name and version from its folder's name, the rest read when it is asked for."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lazyimp.distributions.listed import Listed, Row

if TYPE_CHECKING:
    from importlib_metadata import PathDistribution

EGG_LINK = ".egg-link"
SMALL_BYTES = 4096  # of a RECORD: it lists its metadata and next to nothing else


def canonical(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


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
        """The same for importlib-metadata, which few need: it is loaded here."""
        from pathlib import Path

        from importlib_metadata import PathDistribution

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
        """The values of a key of its metadata."""
        return self._head.get(key.lower(), [])

    @functools.cached_property
    def _head(self) -> dict[str, list[str]]:
        """Its metadata by lower-case keys, without the long text that follows."""
        text = self.text("METADATA") or self.text("PKG-INFO")
        if "\r" in text[:4096]:
            text = text.replace("\r\n", "\n")
        found: dict[str, list[str]] = {}
        values: list[str] = []
        for line in text[: text.find("\n\n") + 1 or len(text)].split("\n"):
            if line[:1] in (" ", "\t"):
                if values:
                    values[-1] = f"{values[-1]} {' '.join(line.split())}".strip()
                continue
            key, _, value = line.partition(":")
            values = found.setdefault(key.lower(), [])
            values.append(" ".join(value.split()))
        return {key: [each for each in several if each] for key, several in found.items()}

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
        if not 0 < self.listed.outline.text_bytes <= SMALL_BYTES:
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
            if not os.path.exists(os.path.join(self.metadata_folder, name)):
                continue
            try:
                found = json.loads(self.text(name) or "null")
            except ValueError:
                continue
            if isinstance(found, dict):
                return {**found, "provenance": True} if name.startswith("provenance") else found
        return {}

    @property
    def has_record(self) -> bool:
        """It lists its files."""
        return self.listed.outline.text_bytes > 0

    @functools.cached_property
    def listed(self) -> Listed:
        """Its RECORD."""
        return Listed(os.path.join(self.metadata_folder, "RECORD"))

    @functools.cached_property
    def installed_at(self) -> float:
        """When its RECORD was written, in seconds; 0 without one."""
        try:
            return os.stat(os.path.join(self.info, "RECORD")).st_mtime
        except OSError:
            return 0.0

    def rows(self) -> Iterator[Row]:
        """Its RECORD, as written."""
        return self.listed.rows()

    @functools.cached_property
    def size_bytes(self) -> int:
        """The size of its files, as RECORD says."""
        return self.listed.outline.size_bytes

    def paths(self) -> list[str]:
        """The absolute paths of its files, without looking at the disk."""
        if not self.has_record:
            return [self._absolute(each) for each in self._installed_files()]
        outside = frozenset(self.listed.outline.outside)
        start = self.site + os.sep
        return [
            self._absolute(row.path) if row.path in outside else start + row.path.replace("/", os.sep)
            for row in self.rows()
        ]

    def outside(self) -> list[str]:
        """The absolute paths of those that are not written as they are found below the site."""
        names = self.listed.outline.outside if self.has_record else self._installed_files()
        return [self._absolute(each) for each in names]

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
