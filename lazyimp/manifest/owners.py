"""Whose a file is: each one of a run ends in exactly one place, with the reason."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import NamedTuple

from lazyimp.distributions import CondaPackage, Distribution, Environment
from lazyimp.manifest.kinds import COMPILED, SYSTEM_FOLDERS
from lazyimp.manifest.values import ARCHIVES, Undecided

NO_FILE = ("", "built-in", "frozen", "namespace")


class Owner(NamedTuple):
    """`kind` of KINDS; the distribution, or the root of local code, or conda's package; and why."""

    kind: str
    reason: str
    distribution: Distribution | None = None
    root: str = ""
    package: CondaPackage | None = None
    others: tuple[Distribution, ...] = ()  # who else lists the file
    modified: bool = False


class Owners:
    """Answers for the files of one run."""

    def __init__(
        self, environment: Environment, stdlib: list[str], sys_path: list[str], base_prefix: str = ""
    ) -> None:
        self.environment = environment
        self.stdlib = list(
            dict.fromkeys(other for each in stdlib if each for other in (each, os.path.realpath(each)))
        )
        self.roots = [os.path.realpath(each or ".") for each in sys_path]
        self.base_prefix = base_prefix
        self._known: dict[str, Owner] = {}

    def of(self, path: str, name: str = "") -> Owner:
        """The owner of a file, or of the module `name` that has none."""
        known = self._known.get(path)
        if known is None:
            if path in NO_FILE or path.startswith("<"):
                return _without_file(path, name)
            known = self._known[path] = self._find(path)
        return known

    def _find(self, path: str) -> Owner:
        # a source tree may hold an interpreter with its standard library: in an environment of its own
        return (
            self._standard(path)
            or self._installed(path)
            or self._standard(self.environment.straight(path))
            or self._editable(path)
            or self._conda(path)
            or self._system(path)
            or self._packed(path)
            or self._by_folder(path)
            or self._local(path)
        )

    def _installed(self, path: str) -> Owner | None:
        owners = self.environment.owners(path)
        if not owners:
            return None
        chosen, why = owners[0], "RECORD lists the file"
        if len(owners) > 1:
            right = [each for each in owners if self.environment.is_as_recorded(each, path)]
            chosen = right[0] if right else owners[0]
            why = f"RECORD lists the file, as those of {len(owners)} distributions do" + (
                "; its hash tells" if len(right) == 1 else ""
            )
        if self._is_shadowed(chosen):
            first = self.environment.named(chosen.name)
            why += f"; version {first.version} comes first on sys.path" if first else ""
        modified = self._is_modified(chosen, path)
        return Owner(
            "index",
            why,
            chosen,
            others=tuple(each for each in owners if each is not chosen),
            modified=modified,
        )

    def _is_shadowed(self, distribution: Distribution) -> bool:
        return self.environment.named(distribution.name) is not distribution

    def _is_modified(self, distribution: Distribution, path: str) -> bool:
        """The file was edited after it was installed: by size, then by time, then by hash."""
        row = self.environment.row(distribution, path)
        if row is None or row.size_bytes < 0:
            return False
        try:
            stat = os.stat(path)
        except OSError:
            return False
        if stat.st_size == row.size_bytes and stat.st_mtime <= distribution.installed_at + 60:
            return False
        return self.environment.is_as_recorded(distribution, path) is False

    def _editable(self, path: str) -> Owner | None:
        found = self.environment.editable_owner(path)
        if found is None:
            return None
        how, site = self.environment.editables[found.name], self.environment.site_of(path)
        # a project may hold the environment that it is installed in, which is no part of its source
        if site.startswith(how.root + os.sep) and not how.places_below(site, path):
            return None
        return Owner(
            "editable",
            f"in the source tree of {found.name}",
            found,
            how.root,
        )

    def _standard(self, path: str) -> Owner | None:
        for folder in self.stdlib:
            if path.startswith(folder + os.sep):
                below = path[len(folder) + 1 :]
                if below.startswith(("site-packages" + os.sep, "dist-packages" + os.sep)):
                    return None
                return None if self.environment.site_of(path) else Owner("stdlib", f"below {folder}")
        return None

    def _conda(self, path: str) -> Owner | None:
        package = self.environment.conda_owner(path)
        if package is None:
            return None
        return Owner("conda", f"conda-meta lists the file for {package.name}", package=package)

    def _system(self, path: str) -> Owner | None:
        if any(folder + os.sep in path for folder in SYSTEM_FOLDERS):
            return Owner("system", "below the operating system's dist-packages")
        if path.startswith(("/usr/lib/", "/lib/", "/usr/lib64/", "/lib64/", "/usr/share/", "/etc/")):
            return Owner("system", "the operating system's")
        return None

    def _by_folder(self, path: str) -> Owner | None:
        """In a folder of distributions, but listed by none: by name where one has no RECORD, else a copy by hand."""
        site = self.environment.site_of(path)
        if not site:
            return None
        top = os.path.relpath(path, site).split(os.sep)[0].removesuffix(".py")
        for each in self.environment.distributions:
            if (
                each.site == site
                and not each.has_record
                and (top in each.top_level or top.lower() == each.name.replace("-", "_"))
            ):
                return Owner("index", f"no RECORD; its top-level name {top} is that of {each.name}", each)
        return Owner("local", "in a folder of distributions, but no distribution lists it", root=site)

    def _packed(self, path: str) -> Owner | None:
        """In an archive on sys.path, or one itself: in a folder of distributions, too, it belongs to nothing else."""
        for root in self.roots:
            if (
                root.endswith(ARCHIVES)
                and f"{path}{os.sep}".startswith(root + os.sep)
                and os.path.isfile(root)
            ):
                return Owner("local", f"below {root} on sys.path, an archive", root=root)
        return None

    def _local(self, path: str) -> Owner:
        kind = "local-binary" if path.endswith(COMPILED) else "local"
        inside = [root for root in self.roots if path.startswith(root.rstrip(os.sep) + os.sep)]
        if inside:
            root = max(inside, key=len)
            return Owner(kind, f"below {root} on sys.path", root=root)
        return Owner(kind, "of no distribution, and not below sys.path", root=os.path.dirname(path))


def contested(
    owner: Owner, path: str, environment: Environment, excluded: Collection[str] = ()
) -> list[Undecided]:
    """Others that install another file there: which one an installer leaves is chance, or the order."""
    mine = owner.distribution
    row = environment.row(mine, path) if mine is not None and owner.others else None
    if mine is None or row is None or not row.digest or mine.name in excluded:
        return []
    found = []
    for each in owner.others:
        other = environment.row(each, path)
        if each.name in (mine.name, *excluded) or other is None or other.digest in ("", row.digest):
            continue
        top = row.path.partition("/")[0] + ("/" if "/" in row.path else "")
        found.append(
            Undecided(
                ", ".join(sorted((mine.name, each.name))),
                f"each installs its own {top}, and here that of {mine.name} is used",
                f"--exclude {each.name}, if the program needs one of them",
            )
        )
    return found


def _without_file(path: str, name: str) -> Owner:
    if path in ("built-in", "frozen"):
        return Owner("stdlib", path)
    return Owner("virtual", "a namespace package" if path == "namespace" else "made at run time, of no file")
