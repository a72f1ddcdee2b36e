"""Requires-Dist, evaluated: who needs whom here, which of the observed are roots, what the lock has to hold."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement

from lazyimp.distributions import Distribution, Environment, canonical

# Installers and build tools: they are in every environment, and a plain install brings what it needs itself.
TOOLS = ("pip", "setuptools", "wheel", "uv", "lazyimp-runtime")

_ONLY_EXTRA = re.compile(r";.*\bextra\s*==").search


@dataclass(frozen=True)
class Closure:
    """`needs`: name -> names it requires here; `missing`: (who, requirement) that nothing installed satisfies."""

    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[tuple[str, str], ...] = ()
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)

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


def close(
    names: Iterable[str], environment: Environment, markers: Mapping[str, str] | None = None
) -> Closure:
    """The closure of `names` over what is installed; `markers` are the target's, else this interpreter's.

    Extras count where a requirement asks for them, and where all that an extra asks for is among `names`: that
    is what must have been installed with it.
    """
    values = {**{key: str(value) for key, value in default_environment().items()}, **(markers or {})}
    names = sorted(set(names))
    needs: dict[str, tuple[str, ...]] = {}
    missing: dict[tuple[str, str], None] = {}
    extras: dict[str, set[str]] = {name: set() for name in names}
    waiting = [(name, frozenset[str]()) for name in names]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in done:
            continue
        done.add((name, wanted))
        distribution = environment.named(name)
        if distribution is None:
            continue
        found = dict.fromkeys(needs.get(name, ()))
        for requirement in requirements(distribution, bool(wanted)):
            if not applies(requirement, values, wanted):
                continue
            other = canonical(requirement.name)
            if environment.named(other) is None:
                missing[name, str(requirement)] = None
                continue
            if other != name:
                found[other] = None
            more = frozenset(canonical(each) for each in requirement.extras)
            extras.setdefault(other, set()).update(more)
            waiting.append((other, more))
        needs[name] = tuple(sorted(found))
    return Closure(
        needs, tuple(missing), {name: tuple(sorted(each)) for name, each in extras.items() if each}
    )


def requirements(distribution: Distribution, extras: bool = True) -> list[Requirement]:
    """Its requirements, parsed; without `extras`, not those that only an extra asks for. No line that is none."""
    lines = distribution.requires
    if not extras:
        lines = tuple(line for line in lines if not _ONLY_EXTRA(line) or " or " in line)
    return [each for each in map(_parsed, lines) if each is not None]


@functools.lru_cache(maxsize=4096)
def _parsed(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def applies(requirement: Requirement, values: Mapping[str, str], extras: Iterable[str]) -> bool:
    """The requirement holds in an environment with these marker values, for one of these extras or for none."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({**values, "extra": extra}) for extra in ("", *extras))


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
