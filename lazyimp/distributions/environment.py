"""An environment: its distributions, and the owner of each file."""

from __future__ import annotations

import functools
import os

from lazyimp.distributions.conda import CondaPackage, CondaPrefix
from lazyimp.distributions.distribution import Distribution, canonical
from lazyimp.distributions.editable import Editable, editable_of
from lazyimp.distributions.listed import Row


class Environment:
    """The distributions on a sys.path.

    `distributions` holds the first of each name, `shadowed` those that are hidden behind one of the same name,
    `sites` the folders they lie in. `folds`: file names that differ only in case or in their Unicode form are
    the same (macOS, Windows).
    """

    def __init__(
        self,
        distributions: list[Distribution],
        shadowed: list[Distribution],
        sites: list[str],
        prefixes: list[str],
        folds: bool = False,
    ) -> None:
        self.distributions = distributions
        self.shadowed = shadowed
        self.sites = sites
        self.conda = [CondaPrefix(prefix) for prefix in prefixes]
        self.folds = folds
        self._folders: dict[str, str] = {}

    @functools.cached_property
    def _by_name(self) -> dict[str, Distribution]:
        return {each.name: each for each in self.distributions}

    def named(self, name: str) -> Distribution | None:
        """The distribution of that name, however it is spelled."""
        found = self._by_name.get(name)
        return found if found is not None else self._by_name.get(canonical(name))

    def amounts(self) -> dict[str, int]:
        """How many distributions, and the bytes of all."""
        size = sum(each.size_bytes for each in self.distributions)
        return {"distributions": len(self.distributions), "size_bytes": size}

    @functools.cached_property
    def _by_top(self) -> dict[tuple[str, str], list[Distribution]]:
        """By site and top-level name: a RECORD is read only where a file below one of its names is asked for."""
        found: dict[tuple[str, str], list[Distribution]] = {}
        for each in [*self.distributions, *self.shadowed]:
            for top in each.listed.outline.tops:
                found.setdefault((each.site, self._key(top)), []).append(each)
        return found

    @functools.cached_property
    def _outside(self) -> dict[str, tuple[Distribution, ...]]:
        """Who lists the files whose paths lead out of the site, such as scripts."""
        found: dict[str, tuple[Distribution, ...]] = {}
        for each in [*self.distributions, *self.shadowed]:
            for path in map(self._key, each.outside()):
                known = found.get(path, ())
                if each not in known:
                    found[path] = (*known, each)
        return found

    def owners(self, path: str) -> tuple[Distribution, ...]:
        """Those that list the file at an absolute path in their RECORD; links in folders are followed."""
        found = self._listing(path)
        if not found:
            straight = self.straight(path)
            found = self._listing(straight) if straight != path else ()
        return found

    @functools.cached_property
    def _starts(self) -> list[tuple[str, str]]:
        return [(self._key(site + os.sep), site) for site in self.sites]

    def _listing(self, path: str) -> tuple[Distribution, ...]:
        key = self._key(path)
        found = self._outside.get(key, ())
        for start, site in self._starts:
            if not key.startswith(start):
                continue
            below = key[len(start) :].replace(os.sep, "/")
            for each in self._by_top.get((site, below.partition("/")[0]), ()):
                if self._lists(each, below) and each not in found:
                    found = (*found, each)
        return found

    def _lists(self, distribution: Distribution, below: str) -> bool:
        return below in (self._folded(distribution) if self.folds else distribution.listed)

    @functools.cache  # noqa: B019  an environment lives as long as what asks it
    def _folded(self, distribution: Distribution) -> frozenset[str]:
        return frozenset(self._key(row.path) for row in distribution.rows())

    def _key(self, path: str) -> str:
        if not self.folds:
            return path
        import unicodedata  # elsewhere nobody needs it

        return unicodedata.normalize("NFC", path).casefold()

    def straight(self, path: str) -> str:
        """`path` with the links of its folder followed, but not those of the file: it may be a link into a cache."""
        folder, name = os.path.split(path)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        return os.path.join(real, name)

    def row(self, distribution: Distribution, path: str) -> Row | None:
        """What the distribution's RECORD says of a file."""
        start = distribution.site + os.sep
        if path.startswith(start):
            found = distribution.listed.row(path[len(start) :].replace(os.sep, "/"))
            if found is not None:
                return found
        straight = self.straight(path)
        if straight != path and straight.startswith(start):
            found = distribution.listed.row(straight[len(start) :].replace(os.sep, "/"))
            if found is not None:
                return found
        return self._odd_rows(distribution).get(self._key(straight))

    @functools.cache  # noqa: B019  an environment lives as long as what asks it
    def _odd_rows(self, distribution: Distribution) -> dict[str, Row]:
        """The lines that are not found by the path below the site, by the file's own path."""
        outside = frozenset(distribution.listed.outline.outside)
        rows = [row for row in distribution.rows() if self.folds or row.path in outside]
        paths = [
            os.path.normpath(os.path.join(distribution.site, row.path.replace("\\", os.sep))) for row in rows
        ]
        return {self._key(self.straight(path)): row for path, row in zip(paths, rows, strict=True)}

    def is_as_recorded(self, distribution: Distribution, path: str) -> bool | None:
        """The file is what was installed, by size and hash; None where RECORD does not say."""
        row = self.row(distribution, path)
        if row is None or not row.digest:
            return None
        import base64  # what follows is asked of few files
        import hashlib

        try:
            if row.size_bytes >= 0 and os.stat(path).st_size != row.size_bytes:
                return False
            with open(path, "rb") as file:
                found = hashlib.new(row.digest.partition("=")[0], file.read()).digest()
        except (OSError, ValueError):
            return None
        return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == row.digest.partition("=")[2]

    @functools.cached_property
    def editables(self) -> dict[str, Editable]:
        """The editable distributions, by name; what conda installed is none, whatever a build left in it."""
        found = {}
        for each in self.distributions:
            how = editable_of(each)
            if how is not None and each.installer != "conda":
                found[each.name] = how
        return found

    @functools.cached_property
    def _mapped(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for how in self.editables.values():
            for name, place in how.modules:
                found.setdefault(name, []).append(place)
        return found

    def mapped(self, name: str) -> list[str] | None:
        """Where the finders of editable distributions look for a module; None if they do not know the name."""
        return self._mapped.get(name)

    def editable_owner(self, path: str) -> Distribution | None:
        """The editable distribution whose source tree the file is in; the deepest tree counts."""
        best, length = None, -1
        for name, how in self.editables.items():
            if how.holds(path) and len(how.root) > length:
                best, length = self._by_name[name], len(how.root)
        return best

    def conda_owner(self, path: str) -> CondaPackage | None:
        """The conda package that installed the file."""
        for prefix in self.conda:
            found = prefix.owner(path)
            if found is not None:
                return found
        return None

    def conda_named(self, name: str, version: str) -> CondaPackage | None:
        """The conda package of that name and version."""
        for prefix in self.conda:
            for each in prefix.packages:
                if canonical(each.name) == name and each.version == version:
                    return each
        return None

    def site_of(self, path: str) -> str:
        """The folder of distributions that the file is in, or ""."""
        straight = self.straight(path)
        inside = [
            site
            for site in self.sites
            if straight.startswith(site + os.sep) or path.startswith(site + os.sep)
        ]
        return max(inside, key=len, default="")
