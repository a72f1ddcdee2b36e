"""Makes a program's tuned profile: the imports that it never needs before its first batch, verified by runs.

Eager runs first, as the reference. Then one run with every statement deferred that mode deep keeps eager and
that loaded something; where that is wrong, the search finds what has to stay. What was not loaded by the
first batch makes the profile, which is verified and timed. After an interruption no run is made twice.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lazyimp import __version__, _units
from lazyimp.errors import LazyimpError
from lazyimp.tuning import bisect, installed, profile_file
from lazyimp.tuning.bisect import read_statements, rightness
from lazyimp.tuning.profile_file import Draft, trial_text
from lazyimp.tuning.search import MODULE, STATEMENT, UNIT, IsRight, Item, Search
from lazyimp.tuning.statements import Reader, Statement, by_item
from lazyimp.tuning.trials import Result, Trials

MODE = "deep"
MOST_RUNS = 54  # a second search and its verification come on top
REFERENCES, VERIFICATIONS, ROUNDS = 2, 2, 3
WAYS = 3  # eager, deep and tuned, to be timed
NEVER_LOADED = "not loaded by the first batch"


class TuneError(LazyimpError):
    """The program cannot be tuned."""

    slug = "tune"


@dataclass(frozen=True)
class Timing:
    """Medians of one way to run, in seconds: processor time to the first batch (or the end), and of all."""

    first_batch_s: float
    whole_s: float
    runs: int


@dataclass(frozen=True)
class Tuned:
    """The result: the profile, what stayed eager though it could be opened, and what it is worth."""

    draft: Draft
    kept: tuple[Statement, ...]
    candidates: int
    complete: bool
    first_batch: str | None
    timings: Mapping[str, Timing]
    runs: int
    resumed: int


@dataclass
class Tuner:
    """One tuning; `native` says that core `native` runs the program."""

    trials: Trials
    config: Path | None
    core: str
    program: str
    most_runs: int = MOST_RUNS
    rounds: int = ROUNDS
    complete: bool = True
    _results: dict[frozenset[Item], Result] = field(default_factory=dict)
    _reader: Reader | None = None
    _deep: dict[Item, Statement] = field(default_factory=dict)
    _ran: dict[str, str | None] = field(default_factory=dict)  # the modules of the verification runs
    _notes: list[str] = field(default_factory=list)

    def tune(self) -> Tuned:
        """Do all of it; raises TuneError."""
        self._references()
        known, why = self._candidates()
        search = self._search(known, ())
        eager: list[Item] = []
        if not search.test(known) and not self.trials.mode(MODE).right:
            eager = self._repairs()
            search = self._search(known, eager)
        opened = self._open(search, known, eager)
        chosen = self._verified(known, opened, eager)
        timings = self._timings(self._draft(chosen, why, eager))
        mark = (self.trials.references[0].observation or {}).get("first_batch") or {}
        return Tuned(
            draft=self._draft(chosen, why, eager),
            kept=tuple(known[item] for item in known if item not in opened),
            candidates=len(known),
            complete=self.complete,
            first_batch=mark.get("rule"),
            timings=timings,
            runs=self.trials.made,
            resumed=min(self.trials.state.resumed, self.trials.made),
        )

    # -- the reference ----------------------------------------------------------------------------------

    def _references(self) -> None:
        """Two eager runs, a third where they differ, all with an observation."""
        reason = bisect.sane(self.trials, REFERENCES)
        if reason is not None:
            raise TuneError(f"the program fails on its own: {reason}")
        first, second = self.trials.references
        if first.observation is None or second.observation is None:
            message = "the program told nothing about itself (it ends by os._exit, or runs elsewhere)"
            raise TuneError(message + "; there is nothing to tune by")
        if first.stdout != second.stdout or first.stderr != second.stderr:
            bisect.sane(self.trials, 1)
        modules = self.trials.modules
        own = [name for name in modules if (file := modules[name]) and self._is_own(name, file)]
        files = [file for name in own if (file := modules[name]) is not None]
        self.trials.state.bind(files, installed.versions_of(file for file in modules.values() if file))

    @staticmethod
    def _is_own(name: str, file: str) -> bool:
        return _units.shared.of_module(name, file)[0] is _units.OWN

    def _candidates(self) -> tuple[dict[Item, Statement], dict[Item, str]]:
        """What may be opened on top of mode deep, and why deep keeps it eager."""
        self._reader = reader = read_statements(self.trials, self.config)
        found = reader.openable(self.core == "native")
        self._deep = by_item(reader.deferred(MODE))
        known = by_item(found)
        return known, {item: found[known[item]] for item in known}

    # -- opening ----------------------------------------------------------------------------------------

    def _open(self, search: Search, known: dict[Item, Statement], eager: Sequence[Item]) -> frozenset[Item]:
        """The candidates that may all be lazy together."""
        everything = self._results.get(frozenset(known))
        found = search.smallest_eager(known, everything.suspects if everything is not None else ())
        self.complete = found.complete
        for culprit in found.culprits:
            unit, module, _ = culprit.items[0]
            more = len({item[1] for item in culprit.items}) > 1
            count = f" ({len(culprit.items)} statements)" if len(culprit.items) > 1 else ""
            what = unit if more else module if count else profile_file.row(culprit.items[0])
            self._notes.append(f"Stays as in mode {MODE}, for it is wrong when it is late: {what}{count}")
        if found.right not in self._results:
            self._results[found.right] = self.trials.profile(trial_text(MODE, eager, sorted(found.right)))
        return found.right

    def _search(self, known: dict[Item, Statement], eager: Sequence[Item], spare: int = 0) -> Search:
        """A search that leaves enough runs for verification and timing, and looks less closely as it goes."""

        def text(_: Sequence[Item], lazy: Sequence[Item]) -> str:
            return trial_text(MODE, eager, lazy)

        return self._searching(rightness(self.trials, known, text, self._hear), spare)

    def _searching(self, is_right: IsRight, spare: int) -> Search:
        reserve = VERIFICATIONS + 2 * WAYS + spare
        budget = max(1, self.most_runs - reserve - self.trials.made)
        return Search(
            is_right,
            budget=budget,
            level=lambda tests: level_of(tests, budget),
            note=lambda what: self.trials.note(f"run {self.trials.made + 1}: {what}"),
            implied=self._leading_to,
        )

    def _leading_to(self, item: Item) -> Iterable[Item]:
        return self._reader.leading_to(item) if self._reader is not None else ()

    def _hear(self, lazy: frozenset[Item], result: Result) -> None:
        self._results[lazy] = result

    def _repairs(self) -> list[Item]:
        """What mode deep itself must keep eager, where it is wrong for the program."""

        def text(eager: Sequence[Item], _: Sequence[Item]) -> str:
            return trial_text(MODE, eager)

        search = self._searching(rightness(self.trials, self._deep, text), spare=self.most_runs // 3)
        if not search.test(()):
            raise TuneError("the program is wrong under lazyimp with all of its imports eager")
        found = search.smallest_eager(self._deep)
        if not found.complete:
            message = f"mode {MODE} is wrong for this program in more than {len(found.culprits)} places"
            raise TuneError(f"{message}; lazyimp bisect --mode {MODE} finds them")
        self._results.clear()
        return [item for each in found.culprits for item in each.items]

    # -- the list ---------------------------------------------------------------------------------------

    def _verified(
        self, known: dict[Item, Statement], opened: frozenset[Item], eager: Sequence[Item]
    ) -> frozenset[Item]:
        """The statements worth deferring, right in all verification runs."""
        wanted = self._worth_it([known[item] for item in known if item in opened], self._results[opened])
        if self._verify(wanted, eager):
            return frozenset(wanted)
        self.complete = False
        found = self._search(wanted, eager).smallest_eager(wanted)
        for chosen in (found.right, frozenset()):
            if self._verify(chosen, eager):
                return chosen
        message = f"the program comes out right or wrong by chance, in mode {MODE}, too"
        raise TuneError(f"{message}; nothing was written")

    def _worth_it(self, statements: Iterable[Statement], last: Result) -> dict[Item, Statement]:
        """Those whose module runs and that load something which nobody needs by the first batch."""
        modules, used = self.trials.modules, last.used_modules
        files = {modules.get(name) for name in last.modules}
        return by_item(
            each
            for each in statements
            if each.file in files and any(name not in used for name in each.loads(modules))
        )

    def _verify(self, lazy: Iterable[Item], eager: Sequence[Item]) -> bool:
        text = trial_text(MODE, eager, sorted(lazy))
        for _ in range(VERIFICATIONS):
            result = self.trials.profile(text)
            if not result.right:
                return False
            self._ran.update(result.modules)
        return True

    # -- what comes of it -------------------------------------------------------------------------------

    def _draft(self, lazy: Iterable[Item], why: Mapping[Item, str], eager: Sequence[Item]) -> Draft:
        files = {**self.trials.modules, **self._ran}
        return Draft(
            about={
                "program": self.program,
                "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
                "core": self.core,
                "lazyimp": __version__,
                "runs": str(self.trials.made),
            },
            versions=installed.versions_of(file for file in files.values() if file),
            lazy={profile_file.row(item): f"{NEVER_LOADED}; {brief(why[item])}" for item in lazy},
            eager={profile_file.row(item): "wrong when it is late" for item in eager},
            notes=[
                f"Made by `lazyimp tune {self.program}`; run that again when something changed.",
                *self._notes,
            ],
        )

    def _timings(self, draft: Draft) -> dict[str, Timing]:
        """Interleaved runs of the three ways, fewer where the search took many."""
        text = draft.text
        ways: dict[str, Callable[[], Result]] = {
            "eager": lambda: self.trials.mode("0"),
            MODE: lambda: self.trials.mode(MODE),
            "tuned": lambda: self.trials.profile(text),
        }
        left = (self.most_runs - self.trials.made) // len(ways)
        seen: dict[str, list[Result]] = {name: [] for name in ways}
        for _ in range(min(self.rounds, max(left, 0))):
            for name, one_run in ways.items():
                seen[name].append(one_run())
        return {name: timing(results) for name, results in seen.items() if results}


def level_of(tests: int, budget: int) -> int:
    """How closely to look for a culprit after so many tests: what stays eager too much costs little."""
    if tests < budget * 0.4:
        return STATEMENT
    return MODULE if tests < budget * 0.7 else UNIT


def brief(reason: str) -> str:
    """Mode deep's reason, without the general part of it."""
    return reason.partition(":")[0] if reason.startswith("inside") else reason


def timing(results: Sequence[Result]) -> Timing:
    """The medians of some runs."""
    first = [result.cpu_first_batch_s or result.cpu_s for result in results]
    whole = [result.cpu_s for result in results]
    return Timing(statistics.median(first), statistics.median(whole), len(results))
