"""Requires-Dist, evaluated: who needs whom here, which of the observed are roots, what the lock has to hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from lazyimp.manifest.requires import Requires
from lazyimp.manifest.values import Requirement

# Installers and build tools: they are in every environment, and a plain install brings what it needs itself.
TOOLS = ("pip", "setuptools", "wheel", "uv", "lazyimp-runtime")


class Closure(NamedTuple):
    """`needs`: name -> names it requires here; `missing`: (who, requirement) that nothing installed satisfies."""

    needs: dict[str, tuple[str, ...]]
    missing: tuple[tuple[str, str], ...]
    extras: dict[str, tuple[str, ...]]

    def below(self, name: str) -> set[str]:
        """All that `name` requires, directly or not."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for each in self.needs.get(waiting.pop(), ()):
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return found


def close(names: Iterable[str], requires: Requires) -> Closure:
    """The closure of `names` over what is installed, with the markers that `requires` holds lines against.

    Extras count where a requirement asks for them.
    """
    names = sorted(set(names))
    needs: dict[str, tuple[str, ...]] = {}
    missing: dict[tuple[str, str], None] = {}
    extras: dict[str, set[str]] = {name: set() for name in names}
    waiting = [(name, frozenset[str]()) for name in names]
    done: set[tuple[str, frozenset[str]]] = set()
    environment = requires.environment
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in done:
            continue
        done.add((name, wanted))
        if environment.named(name) is None:
            continue
        found = dict.fromkeys(needs.get(name, ()))
        for asked in requires.of(name, wanted):
            if environment.named(asked.name) is None:
                missing[name, asked.line] = None
                continue
            if asked.name != name:
                found[asked.name] = None
            extras.setdefault(asked.name, set()).update(asked.extras)
            waiting.append((asked.name, asked.extras))
        needs[name] = tuple(sorted(found))
    return Closure(
        needs, tuple(missing), {name: tuple(sorted(each)) for name, each in extras.items() if each}
    )


def roots(observed: Iterable[str], closure: Closure) -> list[str]:
    """The observed that no other observed one requires; of a cycle, the first by name."""
    observed = sorted(set(observed))
    below = {name: closure.below(name) for name in observed}
    found = []
    for name in observed:
        above = [other for other in observed if other != name and name in below[other]]
        # in a cycle each is below the other: one of them has to stand
        if all(other in below[name] and name < other for other in above):
            found.append(name)
    return found


def with_carried(requirements: list[Requirement], closure: Closure) -> tuple[Requirement, ...]:
    """The lock, with those in the short list that only code that travels requires: no installer sees what it does."""
    away = {each.name for each in requirements if each.travels}
    brought = set().union(
        *(closure.below(each.name) for each in requirements if each.root and not each.travels)
    )
    waiting, carried = [each.name for each in requirements if each.root and each.travels], set[str]()
    while waiting:
        for name in closure.needs.get(waiting.pop(), ()):
            if name not in carried:
                carried.add(name)
                waiting += [name] if name in away else []
    short = set(roots(carried - away - brought, closure))
    return tuple(
        replace(each, root=True, extras=closure.extras.get(each.name, ())) if each.name in short else each
        for each in requirements
    )
