"""Verifies a command: eager and lazy runs in turn, their differences, and who makes the first of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lazyimp.tuning import blame
from lazyimp.tuning.compare import KINDS, Difference, compare
from lazyimp.tuning.runs import EAGER, Command, Outcome, Trial, run

HASH_SEED = "PYTHONHASHSEED"
# What a run of another hash seed can change, and is worth a second try with a fixed one.
BY_HASH_SEED = ("status", "stdout", "stderr", "warning", "first_batch")

Run = Callable[[Command, Trial, float], Outcome]
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Seen:
    """A difference, and in how many of the lazy runs it was seen."""

    difference: Difference
    runs: int


@dataclass(frozen=True)
class Verification:
    """What came of verifying: the runs, the differences (worst first), and what the user should know."""

    command: Command
    trial: Trial
    eager: tuple[Outcome, ...]
    lazy: tuple[Outcome, ...]
    seen: tuple[Seen, ...]
    unstable: tuple[Difference, ...] = ()  # how the eager runs differ among themselves
    notes: tuple[str, ...] = ()

    def is_same(self, strict: bool = False) -> bool:
        """The lazy runs came to the same; `strict`: and left the registries as the eager runs did."""
        return not any(
            each.difference.is_wrong or (strict and each.difference.kind == "side_effect")
            for each in self.seen
        )


@dataclass
class Verifier:
    """One verification at work; `run` and `tell` are arguments so that tests can stand in for them."""

    command: Command
    trial: Trial
    runs: int = 2
    limit_s: float = 600.0
    normalise: Sequence[str] = ()
    strict: bool = False
    run: Run = run
    tell: Tell = lambda text: None
    eager: list[Outcome] = field(default_factory=list)
    lazy: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def verify(self) -> Verification:
        """Run, compare, confirm, attribute."""
        for number in range(1, self.runs + 1):
            self.eager.append(self._go(self._reference(), f"eager run {number} of {self.runs}"))
            self.lazy.append(self._go(self.trial, f"lazy run {number} of {self.runs}"))
        if self._hash_seed_matters():
            self._start_again()
        seen = self._compare()
        if any(each.difference.is_wrong for each in seen):
            self.eager.append(self._go(self._reference(), "one more eager run, to be sure"))
            seen = self._compare()
        seen = self._attribute(seen)
        self._check_observed()
        return Verification(
            self.command,
            self.trial,
            tuple(self.eager),
            tuple(self.lazy),
            tuple(seen),
            tuple(self._unstable()),
            tuple(self.notes),
        )

    def _reference(self) -> Trial:
        """The eager counterpart of the trial."""
        return replace(self.trial, mode=EAGER, profile=None)

    def _go(self, trial: Trial, what: str) -> Outcome:
        self.tell(what)
        return self.run(self.command, trial, self.limit_s)

    # -- what differs by itself ------------------------------------------------------------------------------

    def _unstable(self) -> list[Difference]:
        """How the later eager runs differ from the first, leaving aside what is no outcome."""
        found = [each for other in self.eager[1:] for each in compare(self.eager[:1], other, self.normalise)]
        return [each for each in found if each.is_wrong]

    def _hash_seed_matters(self) -> bool:
        """The eager runs differ, and would not with one hash seed for all; takes two more runs to say so."""
        unstable = [each for each in self._unstable() if each.kind in BY_HASH_SEED]
        fixed = {**os.environ, **self.trial.env}.get(HASH_SEED) not in (None, "random")
        if not unstable or fixed:
            return False
        before = self.trial, self.eager
        self.trial = replace(self.trial, env={**self.trial.env, HASH_SEED: "0"})
        self.eager = [self._go(self._reference(), f"eager with {HASH_SEED}=0, {n} of 2") for n in (1, 2)]
        now = [each for each in self._unstable() if each.kind in BY_HASH_SEED]
        if len(now) < len(unstable):
            return True
        self.trial, self.eager = before
        return False

    def _start_again(self) -> None:
        self.notes.append(f"the eager runs differ with the hash seed; all runs shown are with {HASH_SEED}=0")
        self.lazy = [
            self._go(self.trial, f"lazy run {number} of {self.runs} with {HASH_SEED}=0")
            for number in range(1, self.runs + 1)
        ]

    # -- what lazy imports make different --------------------------------------------------------------------

    def _compare(self) -> list[Seen]:
        """Every difference of a lazy run, once, with the number of runs that show it."""
        found: dict[tuple[str, str], Difference] = {}
        counts: Counter[tuple[str, str]] = Counter()
        for outcome in self.lazy:
            here = {(each.kind, each.text): each for each in compare(self.eager, outcome, self.normalise)}
            found = here | found
            counts.update(here.keys())
        order = [Seen(difference, counts[key]) for key, difference in found.items()]
        order.sort(key=lambda each: KINDS.index(each.difference.kind))
        return sorted(order, key=lambda each: not each.difference.is_wrong)

    def _attribute(self, seen: list[Seen]) -> list[Seen]:
        """Run once more on both sides with brackets around every module, and name who made what."""
        open_ = [each.difference for each in seen if not each.difference.module]
        if not any(each.is_wrong or (self.strict and each.kind == "side_effect") for each in open_):
            return seen
        eager = self._go(replace(self._reference(), attribute=True), "eager run that notes who does what")
        lazy = self._go(replace(self.trial, attribute=True), "lazy run that notes who does what")
        return [
            Seen(blame.attributed(each.difference, eager, lazy, self.normalise), each.runs) for each in seen
        ]

    def _check_observed(self) -> None:
        """Say what could not be compared, and when lazyimp was not even there."""
        if self.eager[0].status != "0":
            self.notes.append("the program fails without lazyimp, too; the same failure is what is right")
        blind = [each for each in (*self.eager, *self.lazy) if each.observation is None]
        if blind:
            self.notes.append(
                f"{len(blind)} of {len(self.eager) + len(self.lazy)} runs left no observation (killed, "
                "os._exit, or lazyimp is not installed for that interpreter); status and output were compared"
            )
        if any(each.observation and not each.observation.get("complete", True) for each in self.eager):
            self.notes.append("the program ends without its exit functions; its end could not be observed")
        off = [each for each in self.lazy if each.observation and each.observation.get("core") is None]
        if off and self.trial.mode != EAGER:
            self.notes.append("lazyimp was not on in the lazy runs; see stderr of the program")
