"""Local code: which folders and files of the user's own have to travel, and as what."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from lazyimp.distributions import Distribution, Environment
from lazyimp.manifest import binaries, elf
from lazyimp.manifest.files import Collector, Found, fingerprint
from lazyimp.manifest.owners import Owner
from lazyimp.manifest.values import ARCHIVES, LocalFile, LocalPart, Requirement, Target, Undecided
from lazyimp.record import Record

# What of a distribution's metadata programs ask for; the name it has in a .dist-info.
METADATA_FILES = {
    "METADATA": "METADATA",
    "PKG-INFO": "METADATA",
    "entry_points.txt": "entry_points.txt",
    "top_level.txt": "top_level.txt",
}


@dataclass
class Root:
    """Local code below one folder: units (packages and modules) to take whole, and single data files."""

    path: str
    distribution: str = ""
    units: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


class LocalCode:
    """Gathers what is local while owners are found, and makes parts of it at the end."""

    def __init__(self, environment: Environment, include: Iterable[str] = ()) -> None:
        self.environment = environment
        self.include = tuple(include)
        self.roots: dict[tuple[str, str], Root] = {}

    def add(self, owner: Owner, path: str) -> None:
        """A local file was needed."""
        name = owner.distribution.name if owner.distribution is not None else ""
        root = self._place(owner, path)
        found = self.roots.setdefault((root, name), Root(root, name))
        if root.endswith(ARCHIVES) and os.path.isfile(root):
            return  # the archive travels as it is
        unit = unit_of(root, path)
        (
            found.units
            if unit.endswith((".py", ".pyc", *binaries.SUFFIXES)) or os.path.isdir(unit)
            else found.files
        ).add(unit)

    def _place(self, owner: Owner, path: str) -> str:
        """The folder on sys.path that the file is below."""
        if owner.kind != "editable" or owner.distribution is None:
            return owner.root
        how = self.environment.editables[owner.distribution.name]
        for folder in sorted(how.folders, key=len, reverse=True):
            if path.startswith(folder.rstrip(os.sep) + os.sep):
                return folder
        for name, place in how.modules:
            if path == place or path.startswith(place.rstrip(os.sep) + os.sep):
                up = place
                for _ in name.split("."):
                    up = os.path.dirname(up)
                return up
        return how.root

    def is_below_code(self, path: str) -> bool:
        """A data file that lies below a root of local code, other than the root of everything."""
        return any(root and path.startswith(root.rstrip(os.sep) + os.sep) for root, _ in self.roots)

    def parts(
        self, requirements: Iterable[Requirement], target: Target
    ) -> tuple[tuple[LocalPart, ...], list[Undecided]]:
        """The parts that travel, and what could not be decided."""
        parts: list[LocalPart] = []
        undecided: list[Undecided] = []
        self._take_named()
        for key in sorted(self.roots):
            found = self._collect(self.roots[key])
            undecided += found.undecided + _unfit(found.files, target) + self._hidden(self.roots[key])
            if found.files:
                parts.append(self._part(self.roots[key], found.files))
        for each in requirements:
            distribution = self.environment.named(each.name)
            if each.travels and each.kind != "editable" and distribution is not None:
                found = _installed(distribution, self.include)
                undecided += found.undecided + _unfit(found.files, target)
                parts.append(_make(each.name, distribution.site, each.kind, found.files, each.name))
        return tuple(_named_apart(parts)), undecided + self._not_taken(parts)

    def _take_named(self) -> None:
        """Add what --include names below code of the program, whether the run opened it or not."""
        for path in map(os.path.abspath, self.include):
            above = [key for key in self.roots if key[0] and path.startswith(key[0].rstrip(os.sep) + os.sep)]
            if above and os.path.exists(path):
                self.roots[max(above, key=lambda key: len(key[0]))].files.add(path)

    def _not_taken(self, parts: list[LocalPart]) -> list[Undecided]:
        taken = [os.path.abspath(file.path) for part in parts for file in part.files]
        return [
            Undecided(
                each,
                "--include names it, and it is in no folder of the program's code",
                "put it there, or send it with the job as an input",
                True,
            )
            for each in self.include
            if os.path.exists(each) and not any(_is_below(path, os.path.abspath(each)) for path in taken)
        ]

    def _hidden(self, root: Root) -> list[Undecided]:
        """Namespace packages of which a distribution has a regular one: there, only that one would be seen."""
        found = []
        for unit in sorted(root.units):
            top = os.path.relpath(unit, root.path).split(os.sep)[0]
            folder = os.path.join(root.path, top)
            if not os.path.isdir(folder) or os.path.exists(os.path.join(folder, "__init__.py")):
                continue
            for site in self.environment.sites:
                owners = self.environment.owners(os.path.join(site, top, "__init__.py"))
                found += [
                    Undecided(
                        f"{top}/",
                        f"it has no __init__.py, and {each.name} installs one, which would hide it",
                        "give the folder another name",
                        True,
                    )
                    for each in owners
                ]
        return found

    def _collect(self, root: Root) -> Found:
        if os.path.isfile(root.path):
            collector = Collector(os.path.dirname(root.path), self.include)
            collector.add(root.path)
            return collector.finish()
        how = self.environment.editables.get(root.distribution)
        collector = Collector(root.path, self.include, how.root if how is not None else "")
        for unit in sorted(root.units | root.files):
            collector.add(unit)
        return collector.finish()

    def _part(self, root: Root, files: list[LocalFile]) -> LocalPart:
        kind = "editable" if root.distribution else "local"
        distribution = self.environment.named(root.distribution) if root.distribution else None
        if distribution is not None:
            files = sorted([*files, *_metadata(distribution)], key=lambda each: each.name)
        name = root.distribution or os.path.basename(root.path.rstrip(os.sep)) or "root"
        path = os.path.dirname(root.path) if os.path.isfile(root.path) else root.path
        return _make(name, path, kind, files, root.distribution)

    def program(self, record: Record) -> dict[str, str]:
        """What ran: kind, name and current folder; a script's name is relative to the root it is below."""
        main = record.facts.get("main", record.header.get("main"))
        if not isinstance(main, dict):
            return {"kind": "unknown", "name": ""}
        kind, name = str(main.get("kind", "")), str(main.get("name", ""))
        cwd = str(record.header.get("cwd") or "")
        if kind == "script":
            path = os.path.normpath(os.path.join(cwd, name))
            inside = [
                root for root, _ in self.roots if root and path.startswith(root.rstrip(os.sep) + os.sep)
            ]
            name = os.path.relpath(path, max(inside, key=len)) if inside else os.path.basename(path)
        return {"kind": kind, "name": name.replace(os.sep, "/"), "folder": cwd}


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(above + os.sep)


def unit_of(root: str, path: str) -> str:
    """The package (the outermost folder with an __init__, below namespaces without one) or file that `path` is of."""
    parts = os.path.relpath(path, root).split(os.sep)
    at = root
    for part in parts[:-1]:
        at = os.path.join(at, part)
        if any(os.path.exists(os.path.join(at, f"__init__{suffix}")) for suffix in (".py", ".pyc", ".so")):
            return at
    return path


def _installed(distribution: Distribution, include: Iterable[str]) -> Found:
    """The files of an installed distribution, but not its scripts, which name this machine's interpreter."""
    collector = Collector(distribution.site, include)
    for path in sorted(distribution.paths()):
        if path.startswith(distribution.site + os.sep) and os.path.isfile(path) and not path.endswith(".pyc"):
            collector.add(path)
    return collector.finish()


def _metadata(distribution: Distribution) -> list[LocalFile]:
    """The metadata of a distribution whose code travels as files, so that versions and entry points are found there."""
    info = f"{distribution.display.replace('-', '_')}-{distribution.version}.dist-info"
    found = []
    for name, shown in METADATA_FILES.items():
        path = os.path.join(distribution.metadata_folder, name)
        if os.path.isfile(path):
            size, digest = fingerprint(path)
            found.append(LocalFile(path, f"{info}/{shown}", size, digest))
    return found


def _make(name: str, root: str, kind: str, files: list[LocalFile], distribution: str) -> LocalPart:
    tags = tuple(sorted({binaries.tag_of(each.path) for each in files if binaries.is_compiled(each.path)}))
    if tags and kind == "local":
        kind = "local-binary"
    return LocalPart(name, root, kind, tuple(files), distribution, tags, digest_of(files))


def digest_of(files: Iterable[LocalFile]) -> str:
    """One digest for names, contents and executable bits; order, times and other modes do not count."""
    digest = hashlib.sha256()
    for each in sorted(files, key=lambda each: each.name):
        digest.update(
            f"{each.sha256} {'x' if each.executable else '-'} {each.name}\n".encode(
                "utf-8", "surrogateescape"
            )
        )
    return f"sha256:{digest.hexdigest()}"


def _unfit(files: Iterable[LocalFile], target: Target) -> list[Undecided]:
    """Compiled files that the target cannot use, and what others need that does not travel with them."""
    files = list(files)
    carried = {os.path.basename(each.name) for each in files}
    found = []
    for each in files:
        if binaries.is_compiled(each.path) or each.path.endswith(".pyc"):
            why = binaries.refusal(each.path, target)
            if why:
                found.append(Undecided(each.name, why, "build it for the target, or ship its source", True))
            absent = [name for name in elf.missing(each.path) if name not in carried]
            if absent:
                why = f"it needs {', '.join(absent)}, which not every machine has"
                found.append(Undecided(each.name, why, "install that there, or put it beside the file"))
    return found


def _named_apart(parts: list[LocalPart]) -> list[LocalPart]:
    """Parts whose names differ, also where names are compared without their case."""
    seen: dict[str, int] = {}
    found = []
    for each in parts:
        name = (
            "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in each.name).strip(".")
            or "code"
        )
        number = seen[name.lower()] = seen.get(name.lower(), 0) + 1
        unique = name if number == 1 else f"{name}-{number}"
        found.append(
            LocalPart(unique, each.root, each.kind, each.files, each.distribution, each.tags, each.digest)
        )
    return found
