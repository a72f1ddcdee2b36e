"""Finds the file of a module on a sys.path by name, as the import system would, without importing anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence

ENDINGS = (".py", ".pyc")


def _nowhere(_: str) -> None:
    """Nothing is mapped."""


class Resolver:
    """Looks modules up below the folders and archives of one sys.path; what is asked for is remembered.

    `mapped` tells of a module's name where the finders of editable distributions look for it: the folder of a package,
    the file of a module (setuptools leaves out its ending), or the parts of a namespace. They are asked last.
    """

    def __init__(
        self, folders: Iterable[str], mapped: Callable[[str], Sequence[str] | None] = _nowhere
    ) -> None:
        self.folders = [each for each in folders if os.path.exists(each)]
        self.mapped = mapped
        self._listed: dict[str, frozenset[str]] = {}
        self._found: dict[str, tuple[str, list[str]]] = {}

    def file_of(self, name: str) -> str:
        """The file of a module, of a package its __init__; "" for a namespace, and where there is none."""
        return self._find(name)[0]

    def has(self, name: str) -> bool:
        """There is such a module or namespace; of the standard library, too."""
        file, places = self._find(name)
        return bool(file or places) or name in sys.stdlib_module_names

    def main_of(self, name: str) -> str:
        """The file that `python -m name` runs."""
        file, places = self._find(name)
        inside = next((_module(self._names(place), place, "__main__") for place in places), "")
        return inside or file

    def _find(self, name: str) -> tuple[str, list[str]]:
        """(file, folders that its submodules are in)."""
        known = self._found.get(name)
        if known is None:
            above, _, last = name.rpartition(".")
            known = self._among(self._find(above)[1] if above else self.folders, last)
            if not known[0]:
                known = self._by_finder(name, known[1])
            self._found[name] = known
        return known

    def _by_finder(self, name: str, halves: list[str]) -> tuple[str, list[str]]:
        """The same of what is mapped; where the path has a namespace of that name, only parts of it count."""
        parts = []
        for place in self.mapped(name) or ():
            folder, last = os.path.split(place)
            package = _module(self._names(place), place, "__init__")
            if package:
                if not halves:
                    return package, [place]
                continue
            module = place if os.path.isfile(place) else _module(self._names(folder), folder, last)
            if module and not halves:
                return module, []
            if os.path.isdir(place):
                parts.append(place)
        return "", [*halves, *parts]

    def _among(self, folders: list[str], name: str) -> tuple[str, list[str]]:
        halves = []
        for folder in folders:
            names = self._names(folder)
            inside = os.path.join(folder, name)
            if name in names:
                package = _module(self._names(inside), inside, "__init__")
                if package:
                    return package, [inside]
            module = _module(names, folder, name)
            if module:
                return module, []
            if name in names and (os.path.isdir(inside) or self._names(inside)):
                halves.append(inside)
        return "", halves

    def _names(self, folder: str) -> frozenset[str]:
        found = self._listed.get(folder)
        if found is None:
            try:
                found = frozenset(os.listdir(folder))
            except NotADirectoryError:
                found = self._packed(folder)
            except OSError:
                found = frozenset()
            self._listed[folder] = found
        return found

    def _packed(self, folder: str) -> frozenset[str]:
        """The names in a folder of an archive on the path, or in the archive itself."""
        inside = (each for each in self.folders if f"{folder}{os.sep}".startswith(each + os.sep))
        archive = next((each for each in inside if os.path.isfile(each)), "")
        if not archive or archive in self._listed:
            return frozenset()
        import zipfile  # few paths have an archive

        held: dict[str, set[str]] = {archive: set()}
        try:
            with zipfile.ZipFile(archive) as file:
                names = file.namelist()
        except (OSError, zipfile.BadZipFile):
            names = []
        for name in names:
            at = archive
            for part in filter(None, name.split("/")):
                held.setdefault(at, set()).add(part)
                at = os.path.join(at, part)
        self._listed.update({each: frozenset(found) for each, found in held.items()})
        return self._listed.get(folder, frozenset())


def _module(names: frozenset[str], folder: str, name: str) -> str:
    """The file of module `name` among the names of a folder; extensions first, as the import system has it."""
    compiled = [each for each in names if each.startswith(f"{name}.") and each.endswith((".so", ".pyd"))]
    plain = [name + ending for ending in ENDINGS if name + ending in names]
    return next((os.path.join(folder, each) for each in [*sorted(compiled), *plain]), "")
