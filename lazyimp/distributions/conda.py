"""What conda knows about a prefix: conda-meta/*.json, one package each."""

from __future__ import annotations

import functools
import json
import os
import re
from typing import NamedTuple


class CondaPackage(NamedTuple):
    """A package that conda installed; `url` without credentials, `files` relative to the prefix."""

    name: str
    version: str
    build: str
    channel: str
    url: str
    sha256: str
    files: tuple[str, ...]


class CondaPrefix:
    """The conda packages of one prefix, read when first asked for."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    @functools.cached_property
    def packages(self) -> tuple[CondaPackage, ...]:
        """All of them; files that cannot be read are left out."""
        folder = os.path.join(self.prefix, "conda-meta")
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
        except OSError:
            return ()
        found = (_read(os.path.join(folder, name)) for name in names)
        return tuple(each for each in found if each is not None)

    @functools.cached_property
    def _owners(self) -> dict[str, CondaPackage]:
        return {name: each for each in self.packages for name in each.files}

    def owner(self, path: str) -> CondaPackage | None:
        """The package that installed the file at an absolute path."""
        below = os.path.relpath(path, self.prefix).replace(os.sep, "/") if self.packages else ""
        return self._owners.get(below)


def _read(path: str) -> CondaPackage | None:
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        return CondaPackage(
            data["name"],
            str(data["version"]),
            str(data.get("build", "")),
            without_secrets(str(data.get("channel", ""))),
            without_secrets(str(data.get("url", ""))),
            str(data.get("sha256", "")),
            tuple(data.get("files", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def without_secrets(url: str) -> str:
    """`url` without user names, passwords and conda's tokens."""
    url = re.sub(r"(?<=//)[^/@\s]*@", "", url)
    return re.sub(r"/t/[^/]+/", "/", url)
