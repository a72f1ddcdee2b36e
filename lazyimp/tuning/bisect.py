"""Finds the imports that a command needs eager, when it works without lazyimp and fails with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lazyimp._config import Config, load_config
from lazyimp.errors import LazyimpError
from lazyimp.tuning import profile_file
from lazyimp.tuning.search import Culprit, Found, Item, Search
from lazyimp.tuning.statements import Reader, Statement, by_item
from lazyimp.tuning.trials import Result, Trials, status_fault

REFERENCES = 2
GOOD, BAD, SKIP = "good", "bad", "skip"


class NothingToBisect(LazyimpError):
    """The question does not arise: `slug` "eager-fails" or "lazy-passes"."""


@dataclass(frozen=True)
class Finding:
    """One culprit: its statements, those it fails together with, and what was seen."""

    statements: tuple[Statement, ...]
    partners: tuple[Statement, ...]
    alone: bool | None


@dataclass(frozen=True)
class Verdict:
    """What bisect found: how the lazy run failed, the culprits, whether the search came to its end."""

    mode: str
    failure: tuple[str, ...]
    findings: tuple[Finding, ...]
    complete: bool
    runs: int
    suspects: int


def sane(trials: Trials, count: int = REFERENCES) -> str | None:
    """Make the eager references; why they are no ground to stand on, or None."""
    for _ in range(count):
        outcome = trials.eager()
        if trials.check is not None:
            if not trials.passes_check(outcome):
                return f"{trials.check!r} says no to a run without lazyimp, too"
        elif outcome.status != "0":
            return status_fault([], outcome)[0].replace(" instead of ", "") + ", without lazyimp, too"
    return None


def bisect(trials: Trials, mode: str, config: Path | None, budget: int | None = None) -> Verdict:
    """The smallest set of statements to keep eager; raises NothingToBisect."""
    reason = sane(trials)
    if reason is not None:
        raise NothingToBisect(f"the program fails on its own: {reason}", slug="eager-fails")
    lazy = trials.is_right(lambda: trials.mode(mode))
    if lazy.right:
        message = f"nothing to look for: the program is right in mode {mode}"
        raise NothingToBisect(message + flaky_hint(trials), slug="lazy-passes")
    reader = read_statements(trials, config)
    known = by_item(reader.deferred(mode))
    search = Search(
        rightness(trials, known, lambda eager, _: profile_file.trial_text(mode, eager)),
        budget=budget,
        note=trials.tell,
        implied=reader.leading_to,
    )
    search.assume(known, False)
    if not search.test(()):
        message = f"the program fails in mode {mode} even with all {len(known)} of its imports eager"
        raise NothingToBisect(f"{message}: {lazy.why[0]}", slug="not-an-import")
    found = search.smallest_eager(known, lazy.suspects, explain=True)
    return Verdict(mode, lazy.why, findings(found, known), found.complete, trials.made, len(known))


def good_or_bad(trials: Trials, mode: str) -> str:
    """GOOD: the command works with lazyimp on; BAD: only without; SKIP: not even without."""
    if sane(trials) is not None:
        return SKIP
    return GOOD if trials.is_right(lambda: trials.mode(mode)).right else BAD


def rightness(
    trials: Trials,
    known: dict[Item, Statement],
    text: Callable[[Sequence[Item], Sequence[Item]], str],
    hear: Callable[[frozenset[Item], Result], None] = lambda lazy, result: None,
) -> Callable[[frozenset[Item]], bool]:
    """The search's question, asked by runs; `text(eager, lazy)` is the profile, `hear` hears each result."""

    def is_right(lazy: frozenset[Item]) -> bool:
        eager = [item for item in known if item not in lazy]
        profile = text(whole_modules(eager, known), [item for item in known if item in lazy])
        result = trials.is_right(lambda: trials.profile(profile))
        hear(lazy, result)
        return result.right

    return is_right


def whole_modules(chosen: Sequence[Item], known: dict[Item, Statement]) -> list[Item]:
    """The same items, one "*" for each module of which all were chosen."""
    left: dict[str, int] = {}
    for _, module, _ in known:
        left[module] = left.get(module, 0) + 1
    for _, module, _ in chosen:
        left[module] -= 1
    rows: dict[Item, None] = {}
    for unit, module, written in chosen:
        rows[unit, module, written if left[module] else "*"] = None
    return list(rows)


def read_statements(trials: Trials, config: Path | None) -> Reader:
    """The statements of all modules that the eager runs loaded."""
    modules = trials.modules
    if not modules:
        message = "the program told nothing about itself (it ends by os._exit, or runs elsewhere)"
        raise NothingToBisect(message, slug="no-observation")
    table: Config | None = load_config(str(config)) if config is not None else None
    return Reader(modules, profile_file.import_path(trials.command), table)


def findings(found: Found, known: dict[Item, Statement]) -> tuple[Finding, ...]:
    """The culprits as statements."""

    def finding(each: Culprit) -> Finding:
        return Finding(
            tuple(known[item] for item in each.items),
            tuple(known[item] for item in each.partners),
            each.alone,
        )

    return tuple(finding(each) for each in found.culprits)


def flaky_hint(trials: Trials) -> str:
    """What to say about a failure that comes and goes."""
    return "; if it fails now and then, --flaky 1/5 asks for five runs each" if trials.votes[1] == 1 else ""


# -- the rule ------------------------------------------------------------------------------------------


def pattern(statement: Statement) -> str:
    """The `[tool.lazyimp]` pattern that keeps the statement eager."""
    names = statement.names or ()
    target = f"{statement.target}.{names[0]}" if len(names) == 1 else statement.target
    return f"{statement.importer} -> {target}"


def rules(verdict: Verdict) -> list[tuple[str, str]]:
    """(pattern, reason) of each statement that is to stay eager."""
    seen: dict[str, str] = {}
    why = profile_file.clean(verdict.failure[0] if verdict.failure else "wrong")
    for each in verdict.findings:
        with_others = "".join(f", together with {pattern(other)}" for other in each.partners)
        for statement in each.statements:
            reason = f"bisect, mode {verdict.mode}, {verdict.runs} runs: {why}{with_others}"
            seen.setdefault(pattern(statement), reason)
    return sorted(seen.items())
