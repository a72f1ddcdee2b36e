"""Compares what was loaded with the budget and with the lock; each finding has a code and the chain behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lazyimp.gate.budgets import Budget, matcher
from lazyimp.gate.loaded import Loaded, Step
from lazyimp.gate.lockfile import Entry, Key, Lock
from lazyimp.gate.static import Survey

ERROR, WARNING, NOTE = "error", "warning", "note"
MOST_NAMES = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the budget or the lock has it.

    `weight`: ERROR fails the check, WARNING advises, NOTE tells. `chain`: how the first module came.
    """

    code: str
    weight: str
    text: str
    chain: tuple[Step, ...] = ()
    file: str = ""  # where an annotation belongs
    line: int = 0


def judge(budget: Budget, lock: Lock, key: Key, loaded: Loaded) -> list[Finding]:
    """All findings, errors first."""
    found = [*against_budget(budget, loaded), *against_lock(lock, key, loaded)]
    return sorted(found, key=lambda each: (ERROR, WARNING, NOTE).index(each.weight))


def against_budget(budget: Budget, loaded: Loaded) -> Iterator[Finding]:
    """What the budget forbids."""
    count = len(loaded.modules)
    until = "its first batch" if loaded.has_batch else "its end"
    if budget.max_modules is not None and count > budget.max_modules:
        text = f"{count:,} modules until {until}, {count - budget.max_modules:,} more than {budget.max_modules:,}"
        yield Finding("LZ401", ERROR, text)
    for pattern in budget.forbid:
        expression = matcher(pattern)
        bad = [name for name in loaded.modules if expression.fullmatch(name)]
        if bad:
            more = f" and {len(bad) - 1:,} more below {pattern!r}" if len(bad) > 1 else ""
            yield with_chain("LZ402", ERROR, f"forbidden: {bad[0]}{more}", loaded, bad[0])
    if budget.max_cpu_ms is not None and loaded.cpu_s * 1000 > budget.max_cpu_ms:
        text = f"{loaded.cpu_s * 1000:,.0f} ms of processor time until {until}, at most {budget.max_cpu_ms:,g} wanted"
        yield Finding("LZ406", ERROR if budget.strict else WARNING, text)


def against_lock(lock: Lock, key: Key, loaded: Loaded) -> Iterator[Finding]:
    """What the lock does not list, and what it lists in vain."""
    entry = lock.get(key)
    if entry is None:
        return
    now = loaded.entry(key.name, ())
    for top in _new(now.packages, entry.packages, loaded):
        modules = loaded.of_package(top)
        size = f" ({len(modules):,} modules)" if len(modules) > 1 else ""
        yield with_chain("LZ403", ERROR, f"new package: {top}{size}", loaded, modules[0])
    own = _new(now.own, entry.own, loaded)
    if own:
        yield with_chain(
            "LZ404", ERROR, f"new own module{'s' * (len(own) > 1)}: {listed(own)}", loaded, own[0]
        )
    new_stdlib = sorted(set(now.stdlib) - set(entry.stdlib))
    if new_stdlib:
        yield Finding("LZ404", NOTE, f"new of the standard library: {listed(new_stdlib)}")
    gone = [*sorted(set(entry.packages) - set(now.packages)), *sorted(set(entry.own) - set(now.own))]
    if gone:
        yield Finding("LZ405", NOTE, f"no longer loaded: {listed(gone)}")


def judge_static(budget: Budget, entries: Sequence[Entry], found: Survey) -> list[Finding]:
    """What the project's own import statements show without a run.

    A lock lists what was named when it was made; several entries (Pythons, platforms) are as good as one. What a
    budget forbids is judged for eager runs only: lazily, whether it is loaded is known after a run.
    """
    findings = []
    if budget.mode == "0":
        for pattern in budget.forbid:
            for named in found.packages.values():
                if matcher(pattern).fullmatch(named.module) or matcher(pattern).fullmatch(named.package):
                    text = f"forbidden: {named.module}, imported at module level"
                    findings.append(Finding("LZ402", ERROR, text, named.chain, named.file, named.line))
    if entries:
        known = {name for entry in entries for name in (*entry.static, *entry.packages)}
        for named in found.matching(set(found.packages) - known):
            text = f"new import: {named.package}; `lazyimp check` tells whether the start loads it"
            findings.append(Finding("LZ409", ERROR, text, named.chain, named.file, named.line))
    return findings


def _new(now: Iterable[str], before: Iterable[str], loaded: Loaded) -> list[str]:
    """Names that are new, in the order in which they were loaded."""
    new = set(now) - set(before)
    order: dict[str, int] = {}
    for place, name in enumerate(loaded.modules):
        order.setdefault(name, place)
        order.setdefault(name.partition(".")[0], place)
    return sorted(new, key=lambda name: order[name])


def with_chain(code: str, weight: str, text: str, loaded: Loaded, module: str) -> Finding:
    """A finding about a module that was loaded, placed at the last statement of the project on the way to it."""
    chain = tuple(loaded.chain(module))
    place = next((step for step in reversed(chain) if step.is_own), Step("", 0, ""))
    return Finding(code, weight, text, chain, place.file, place.line)


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more."""
    few = ", ".join(names[:MOST_NAMES])
    return few if len(names) <= MOST_NAMES else f"{few} and {len(names) - MOST_NAMES:,} more"


def missing_entry(lock: Lock, key: Key) -> str:
    """Why there is nothing to compare with."""
    near = lock.near(key)
    if near:
        return f"lazyimp.lock has {key.name} for {near[0].key.where} only, and this is {key.where}"
    return f"lazyimp.lock has no entry for {key.name}"


def changed(before: Entry | None, after: Entry) -> str:
    """In a few words, what an update changes."""
    if before is None:
        packages = len(after.packages)
        return f"new: {after.modules:,} modules, {packages} installed package{'s' * (packages != 1)}"
    parts = []
    for name in ("packages", "own", "static"):
        old, new = set(getattr(before, name)), set(getattr(after, name))
        signs = [f"+{each}" for each in sorted(new - old)] + [f"-{each}" for each in sorted(old - new)]
        if signs:
            parts.append(f"{name} {listed(signs)}")
    if before.modules != after.modules:
        parts.append(f"{before.modules:,} to {after.modules:,} modules")
    return "; ".join(parts) or "unchanged"
