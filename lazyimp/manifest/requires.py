"""What distributions require: lines of Requires-Dist, read, and held against the markers of a target.

Nearly all lines are a name, extras, versions and a plain marker. They are read here; whatever is not plain goes to
`packaging`. With `packaging` alone, for torch, catboost, pandas and numpy among 283 distributions, `lazyimp manifest`
takes 1648 instead of 1530 million instructions, and 0.277 instead of 0.250 s of CPU (minimum of 15 processes in turns;
the median of the differences is 0.031 s): not for the 77 lines that have to be read, which take 3 ms, but for loading
it, with all of versions, specifiers and tags. The goal, 0.3 s in all, leaves 0.027 to the median.
Versions do not count: what is installed is what ran.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lazyimp.distributions import Environment, canonical

_LINE = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([A-Za-z0-9,._\s-]*)\])?\s*(?:\([^()@;]*\)|[<>=!~][^()@;]*)?(?:;(.*))?"
).fullmatch
_TOKEN = re.compile(
    r"""\s*(?:([()])|(and|or)\b|([a-z_]+)\s*(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*')(?!\s*(?:[<>=!~]|in\b|not\b)))"""
)
_WORDS = (
    "extra", "implementation_name", "os_name", "platform_machine", "platform_python_implementation",
    "platform_system", "sys_platform",
)  # fmt: skip
_VERSIONS = ("python_full_version", "python_version")
# `extra == "tests"`, alone or with others that have to hold, too: most lines of most distributions
_ONLY_EXTRA = re.compile(r"[^;]*;(?!.*\bor\b).*\bextra\s*==").match
_NUMBERS = re.compile(r"\d+(?:\.\d+)*").fullmatch
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Asked(NamedTuple):
    """One line: the canonical name and extras it asks for, and the line itself."""

    name: str
    extras: frozenset[str]
    line: str


class NotPlain(Exception):
    """A marker that `packaging` has to read."""


class Requires:
    """What each distribution of an environment requires; `markers` are the target's, else this interpreter's."""

    def __init__(self, environment: Environment, markers: Mapping[str, str] | None = None) -> None:
        if markers is None:
            from packaging.markers import default_environment  # see above

            markers = {key: str(value) for key, value in default_environment().items()}
        self.environment, self.markers = environment, markers
        self._known: dict[tuple[str, frozenset[str]], tuple[Asked, ...]] = {}
        self._holding: dict[tuple[str, str], bool] = {}

    def of(self, name: str, extras: frozenset[str] = frozenset()) -> tuple[Asked, ...]:
        """The lines of an installed distribution that hold for it with these extras; nothing of one that is none."""
        known = self._known.get((name, extras))
        if known is None:
            distribution = self.environment.named(name)
            lines = distribution.requires if distribution is not None else ()
            found = (self._asked(line, extras) for line in lines)
            known = self._known[name, extras] = tuple(each for each in found if each is not None)
        return known

    def _asked(self, line: str, extras: frozenset[str]) -> Asked | None:
        if not extras and _ONLY_EXTRA(line):
            return None
        plain = _LINE(line)
        if plain is None:
            return self._parsed(line, extras)
        name, more, marker = plain.groups()
        if marker is not None and not any(self.holds(marker, extra) for extra in ("", *extras)):
            return None
        return Asked(
            canonical(name), frozenset(map(canonical, filter(None, re.split(r"[\s,]+", more or "")))), line
        )

    def _parsed(self, line: str, extras: frozenset[str]) -> Asked | None:
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            found = Requirement(line)
        except InvalidRequirement:
            return None
        marker = found.marker
        if marker is not None and not any(
            marker.evaluate({**self.markers, "extra": each}) for each in ("", *extras)
        ):
            return None
        return Asked(canonical(found.name), frozenset(map(canonical, found.extras)), line)

    def holds(self, marker: str, extra: str) -> bool:
        """The marker is true there, for what an extra asks for, or for what none does ("")."""
        known = self._holding.get((marker, extra))
        if known is None:
            values = {**self.markers, "extra": extra}
            try:
                known = evaluate(marker, values)
            except NotPlain:
                known = _evaluated(marker, values)
            self._holding[marker, extra] = known
        return known


def _evaluated(marker: str, values: Mapping[str, str]) -> bool:
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        return Marker(marker).evaluate(dict(values))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return False


def evaluate(marker: str, values: Mapping[str, str]) -> bool:
    """Whether a plain marker holds; raises NotPlain for any other."""
    tokens, at = [], 0
    end = len(marker.rstrip())
    while at < end:
        found = _TOKEN.match(marker, at)
        if found is None:
            raise NotPlain
        bracket, word, name, how, literal = found.groups()
        tokens.append(bracket or word or _compared(name, how, literal[1:-1], values))
        at = found.end()
    value, rest = _either(tokens)
    if rest:
        raise NotPlain
    return value


def _compared(name: str, how: str, literal: str, values: Mapping[str, str]) -> bool:
    value = values.get(name, "")
    if name in _WORDS and how in ("==", "!="):
        if name == "extra":
            value, literal = canonical(value), canonical(literal)
        return _COMPARE[how](value, literal)
    if name in _VERSIONS and _NUMBERS(value) and _NUMBERS(literal):
        return _COMPARE[how](_version(value), _version(literal))
    raise NotPlain


def _version(text: str) -> list[int]:
    """What versions are compared by: zeros at the end do not count."""
    numbers = [int(each) for each in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def _either(tokens: list[str | bool]) -> tuple[bool, list[str | bool]]:
    """The value of what `or` joins at the start of the tokens, and the rest."""
    value, rest = _both(tokens)
    while rest and rest[0] == "or":
        other, rest = _both(rest[1:])
        value = value or other
    return value, rest


def _both(tokens: list[str | bool]) -> tuple[bool, list[str | bool]]:
    value, rest = _one(tokens)
    while rest and rest[0] == "and":
        other, rest = _one(rest[1:])
        value = value and other
    return value, rest


def _one(tokens: list[str | bool]) -> tuple[bool, list[str | bool]]:
    first = tokens[0] if tokens else ""
    if isinstance(first, bool):
        return first, tokens[1:]
    if first != "(":
        raise NotPlain
    value, rest = _either(tokens[1:])
    if not rest or rest[0] != ")":
        raise NotPlain
    return value, rest[1:]
