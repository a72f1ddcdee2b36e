"""Whose a file is, and the name by which it is shown: short, and without the folder of anybody's home."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

BUILTIN, STDLIB, INSTALLED, OWN = "builtin", "stdlib", "installed", "own"
_NO_FILES = ("", "built-in", "frozen")
_SITE = re.compile(r"^.*/(?:site|dist)-packages/")
_HOME = re.compile(
    r"(?<![\w.~-])(?:/root|(?:[A-Za-z]:)?/(?:[\w.-]+/){0,3}home/[^/\s'\"]+|(?:[A-Za-z]:)?/[Uu]sers/[^/\s'\"]+)(?![^/\s'\"])"
)


class Places:
    """The folders of one run, by its record's header and the `sys_path` it told."""

    def __init__(self, header: Mapping[str, object], sys_path: object = None) -> None:
        self._stdlib = tuple(_folders(header.get("stdlib")))
        self._cwd = next(iter(_folders([header.get("cwd")])), "")
        self._prefixes = tuple(_folders([header.get("prefix"), header.get("base_prefix")]))
        roots = {folder: "" for folder in _folders(sys_path) if not _is_above(folder, self._prefixes)}
        roots |= {self._cwd: ""} if self._cwd else {}
        roots |= {folder: folder.rpartition("/")[2] + "/" for folder in self._stdlib}
        self._roots = sorted(roots.items(), key=lambda each: (-len(each[0]), each))
        self._shown: dict[str, str] = {}
        self._kinds: dict[str, str] = {}

    def shown(self, path: str) -> str:
        """The name to show for a file."""
        found = self._shown.get(path)
        if found is None:
            found = self._shown[path] = self._shorten(_forward(path))
        return found

    def _shorten(self, path: str) -> str:
        if not _is_absolute(path):
            return path.removeprefix("./")
        site = _SITE.match(path)
        if site:
            return path[site.end() :]
        for root, name in self._roots:
            if path.startswith(root + "/"):
                return name + path[len(root) + 1 :]
        return without_home(path)

    def in_a_command(self, path: str) -> str:
        """The name by which a command in the folder of the run finds a file of the program."""
        found = _forward(path)
        return (
            found.removeprefix(self._cwd + "/")
            if self._cwd and _is_absolute(found)
            else found.removeprefix("./")
        )

    def kind(self, origin: str) -> str:
        """BUILTIN, STDLIB, INSTALLED or OWN."""
        found = self._kinds.get(origin)
        if found is None:
            found = self._kinds[origin] = self._kind(_forward(origin))
        return found

    def _kind(self, path: str) -> str:
        if path in _NO_FILES or path.startswith("<frozen"):
            return BUILTIN
        if _SITE.match(path):
            return INSTALLED
        if _is_under(path, self._stdlib):
            return STDLIB
        if self._cwd and path.startswith(self._cwd + "/"):
            return OWN
        return INSTALLED if _is_under(path, self._prefixes) else OWN


def without_home(text: str) -> str:
    """`text` with "..." for the folders of people's homes in it."""
    return _HOME.sub("...", text) if "/" in text else text


def _folders(value: object) -> Iterable[str]:
    """The absolute folders in a list of them, without the slash at the end."""
    for each in value if isinstance(value, (list, tuple)) else ():
        folder = _forward(each).rstrip("/") if isinstance(each, str) else ""
        if _is_absolute(folder):
            yield folder


def _forward(path: str) -> str:
    return path.replace("\\", "/")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or path[1:3] == ":/"


def _is_under(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(folder + "/") for folder in folders)


def _is_above(folder: str, others: Iterable[str]) -> bool:
    return any(other == folder or other.startswith(folder + "/") for other in others)
