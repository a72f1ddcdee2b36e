"""Finds the file of a module on a sys.path by name, as the import system would, without importing anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

ENDINGS = (".py", ".pyc")


class Resolver:
    """Looks modules up below the folders of one sys.path; what is asked for is remembered."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = [each for each in folders if os.path.isdir(each)]
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
            known = self._found[name] = self._among(self._find(above)[1] if above else self.folders, last)
        return known

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
            if name in names and os.path.isdir(inside):
                halves.append(inside)
        return "", halves

    def _names(self, folder: str) -> frozenset[str]:
        found = self._listed.get(folder)
        if found is None:
            try:
                found = frozenset(os.listdir(folder))
            except OSError:
                found = frozenset()
            self._listed[folder] = found
        return found


def _module(names: frozenset[str], folder: str, name: str) -> str:
    """The file of module `name` among the names of a folder; extensions first, as the import system has it."""
    compiled = [each for each in names if each.startswith(f"{name}.") and each.endswith((".so", ".pyd"))]
    plain = [name + ending for ending in ENDINGS if name + ending in names]
    return next((os.path.join(folder, each) for each in [*sorted(compiled), *plain]), "")
