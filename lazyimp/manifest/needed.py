"""Tells what a run needs from what loaded because it is installed: by who asked for it, and whether they waited for it.

A distribution is needed if the program's own code names it, if one that is needed requires it (Requires-Dist), or if
code that is needed imports it outside `try`. Code is needed if it is the program's own, the outermost package of a
distribution that is needed, or imported outside `try` by code that is. All of this stands in statements, so it is the
same whether they ran at once, later, or not at all.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lazyimp.distributions import Distribution
from lazyimp.manifest import static
from lazyimp.manifest.observe import Place, Seen
from lazyimp.manifest.owners import Owners

UNKNOWN: Place = ("", 0)


@dataclass
class Needed:
    """What is known of the askers; `names` are the distributions that are needed, once `settle` has run."""

    owners: Owners
    askers: dict[str, set[Place]] = field(default_factory=dict)  # distribution -> statements elsewhere
    names: set[str] = field(default_factory=set)
    _places: dict[str, set[Place]] = field(default_factory=dict)  # file -> statements that ask for it
    _outermost: set[str] = field(default_factory=set)  # files of packages in no package of their distribution

    def see(self, seen: Seen) -> None:
        """Note who asked for the modules that were loaded."""
        whose: dict[str, Distribution | None] = {}
        for module in seen.modules:
            owner = self.owners.of(module.origin, module.name).distribution
            whose[module.name] = owner
            if owner is None:
                continue
            places = seen.places.get(module.name) or {module.place}
            self.note(module.origin, places)
            self.asked(owner, places)
        for module in seen.modules:
            owner = whose[module.name]
            if owner is not None and whose.get(module.name.rpartition(".")[0]) is not owner:
                self._outermost.add(module.origin)

    def note(self, file: str, places: Iterable[Place]) -> None:
        """Statements that load a file."""
        if file:
            self._places.setdefault(file, set()).update(places)

    def asked(self, distribution: Distribution, places: Iterable[Place]) -> None:
        """Statements that ask for a distribution; its own do not count."""
        others = {place for place in places if self._of(place[0]) is not distribution}
        if others:
            self.askers.setdefault(distribution.name, set()).update(others)

    def settle(self, known: Iterable[str], required: Callable[[Iterable[str]], set[str]]) -> None:
        """Find what is needed, from the `known` and what `required` says that they require."""
        self._add(known, required)
        grows = True
        while grows:
            more = [
                name
                for name, places in self.askers.items()
                # of one that somebody is known to have asked for, unknown askers are its own doing
                if name not in self.names
                and (places == {UNKNOWN} or any(self._counts(place, places) for place in places))
            ]
            self._add(more, required)
            grows = bool(more)

    def look_again(self, seen: Seen) -> None:
        """Note who else imports what was found not to be needed: a module that is there already leaves no trace."""
        tops: dict[str, Distribution] = {}
        for module in seen.modules:
            owner = self.owners.of(module.origin, module.name).distribution
            if owner is not None and owner.name not in self.names and module.name.isidentifier():
                tops[module.name] = owner
        if not tops:
            return
        names = "|".join(map(re.escape, tops))
        statement = re.compile(rf"\n(?:import|from)[ \t]+({names})\b".encode()).search
        for file in self._places:
            owner = self._of(file)
            if owner is None or owner.name not in self.names or not file.endswith(".py"):
                continue
            with contextlib.suppress(OSError), open(file, "rb") as opened:
                text = b"\n" + opened.read()
                found = statement(text)
                while found is not None:
                    line = text.count(b"\n", 0, found.start() + 1)
                    self.asked(tops[found.group(1).decode()], [(file, line)])
                    found = statement(text, found.end())

    def _add(self, names: Iterable[str], required: Callable[[Iterable[str]], set[str]]) -> None:
        names = [name for name in names if name not in self.names]
        self.names.update(names, required(names))

    def _of(self, file: str) -> Distribution | None:
        return self.owners.of(file).distribution if file else None

    def _counts(self, place: Place, places: set[Place]) -> bool:
        """The statement makes it needed: nothing waits for its outcome, there or elsewhere in the file before it."""
        file, line = place
        if not file or static.is_guarded(file, line) or not self.is_needed(file):
            return False
        if static.stands_at_margin(file, line):
            return True
        tried = any(other == file and static.is_guarded(file, there) for other, there in places)
        return not tried and not static.tried_before(file, line)

    def is_needed(self, file: str) -> bool:
        """Code that is needed: some way leads from it to the program or to a package that is needed."""
        waiting, done = [file], {file}
        while waiting:
            file = waiting.pop()
            owner = self._of(file)
            if owner is None or owner.name in self.owners.environment.editables:
                return True
            if owner.name not in self.names:
                continue
            if file in self._outermost or file not in self._places:
                return True
            for above, line in self._places[file]:
                if not above:
                    return True
                if above not in done and not static.is_guarded(above, line):
                    done.add(above)
                    waiting.append(above)
        return False
