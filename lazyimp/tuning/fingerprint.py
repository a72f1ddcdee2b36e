"""Tells what differs between observations: first batch, random generators, registries, loaded modules."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

Observation = Mapping[str, Any]
Found = tuple[str, str, str, str]  # kind, text, expected, got


def stable(values: Sequence[Any]) -> Any:
    """What all values are, or None where they differ."""
    return values[0] if values and all(value == values[0] for value in values) else None


def first_batches(references: Sequence[Observation], candidate: Observation) -> list[Found]:
    """How the first batch differs: whether there was one, its arguments, the generators at its beginning."""
    batches = [each["first_batch"] for each in references]
    if not all(batches):
        return []
    got = candidate["first_batch"]
    if got is None:
        return [
            (
                "first_batch",
                "no first batch was seen",
                stable([each["rule"] for each in batches]) or "",
                "none",
            )
        ]
    found: list[Found] = []
    rule = stable([each["rule"] for each in batches])
    if rule is not None and rule != got["rule"]:
        found.append(("first_batch", "the first batch was seen by another rule", rule, got["rule"]))
    found += _arguments([each["arguments"] for each in batches], got["arguments"])
    return found + _generators([each["random"] for each in batches], got["random"], "at the first batch")


def _arguments(references: Sequence[Sequence[str]], got: Sequence[str]) -> list[Found]:
    count = stable([len(each) for each in references])
    if count is None:
        return []
    if count != len(got):
        return [("first_batch", "the first batch has other arguments", str(count), str(len(got)))]
    for index, line in enumerate(got):
        expected = stable([each[index] for each in references])
        if expected is not None and expected != line:
            return [("first_batch", "the first batch has other data", expected, line)]
    return []


def _generators(references: Sequence[Mapping[str, str]], got: Mapping[str, str], when: str) -> list[Found]:
    found: list[Found] = []
    for name in sorted(set.intersection(*(set(each) for each in references)) if references else ()):
        expected = stable([each[name] for each in references])
        if expected is not None and name in got and got[name] != expected:
            text = f"the random generator of {name} stands elsewhere {when}"
            found.append(("random", text, expected, got[name]))
    return found


def ends(references: Sequence[Observation], candidate: Observation) -> list[Found]:
    """How the ends of the runs differ: generators, then registries area by area."""
    prints = [each["fingerprint"] for each in references]
    got = candidate["fingerprint"]
    if not got or not all(prints):
        return []
    found = _generators([each.get("random", {}) for each in prints], got.get("random", {}), "at the end")
    for area in sorted(set.intersection(*map(set, prints))):
        if area != "random" and stable([area in each for each in prints]):
            found += _area(area, [each[area] for each in prints], got.get(area))
        elif area == "random" and set(prints[0][area]) - set(got.get(area, ())):
            names = ", ".join(sorted(set(prints[0][area]) - set(got.get(area, ()))))
            found.append(("side_effect", f"random generators: {names} not loaded yet", "", ""))
    return found


def _area(area: str, references: Sequence[Mapping[str, str]], got: Mapping[str, str] | None) -> list[Found]:
    if got is None:
        return [("side_effect", f"{area}: not loaded yet", "", "")]
    always = set.intersection(*map(set, references))
    ever = set.union(*map(set, references))
    missing = sorted(key for key in always if key not in got)
    extra = sorted(key for key in got if key not in ever)
    values = {key: stable([each[key] for each in references]) for key in always}
    changed = sorted(
        key for key in always if values[key] is not None and got.get(key, values[key]) != values[key]
    )
    parts = [f"without {listed(missing)}"] if missing else []
    parts += [f"more: {listed(extra)}"] if extra else []
    # a digest would tell nobody anything
    told = [f"{key} {got[key]} instead of {values[key]}" if _is_plain(area, key) else key for key in changed]
    parts += [f"other: {listed(told)}"] if told else []
    return [("side_effect", f"{area}: {'; '.join(parts)}", "", "")] if parts else []


def _is_plain(area: str, key: str) -> bool:
    """The values are no digests."""
    return area != "environment variables" and key != "working directory"


def modules(references: Sequence[Observation], candidate: Observation) -> list[Found]:
    """Which modules are loaded, and in which order: information."""
    lists = [_names(each) for each in references]
    got = _names(candidate)
    always, ever = set.intersection(*map(set, lists)), set.union(*map(set, lists))
    # the interpreter's own modules come with whoever asks first, and lazyimp asks for some
    ever |= {row[0] for row in candidate["modules"] if row[2] == "builtin"}
    missing, extra = (
        [name for name in lists[0] if name in always - set(got)],
        [x for x in got if x not in ever],
    )
    found: list[Found] = []
    parts = [f"{len(missing)} of {len(lists[0])} modules not loaded"] if missing else []
    parts += [f"only in the lazy run: {listed(extra)}"] if extra else []
    if parts:
        found.append(("modules", "; ".join(parts), "", ""))
    moved = inversions([name for name in lists[0] if name in always], got)
    if moved:
        found.append(("order", f"{moved} modules loaded in another order", "", ""))
    return found


def inversions(reference: Sequence[str], got: Sequence[str]) -> int:
    """How many modules would have to move for both orders to be the same."""
    place = {name: index for index, name in enumerate(reference)}
    order = [place[name] for name in got if name in place]
    tails: list[int] = []
    for index in order:
        at = bisect_left(tails, index)
        tails[at : at + 1] = [index]
    return len(order) - len(tails)


def _names(observation: Observation) -> list[str]:
    return [row[0] for row in observation["modules"]]


def listed(names: Sequence[str], most: int = 4) -> str:
    """The first few names, and how many more."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
