"""Makes a program's tuned profile: the imports that it never needs before its first batch, verified by runs.

Eager runs first, as the reference. Then one run with the recipes' stubs and with all statements deferred that
mode deep keeps eager and that loaded something. Where that is wrong, the stubs are tried by themselves, then
what lies outside the distributions that a recipe closes, where the search finds what has to stay, then each
closed distribution. What was not loaded by the first batch makes the profile, which is verified and timed.
After an interruption no run is made twice.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lazyimp import __version__, _recipes, _units
from lazyimp.errors import LazyimpError
from lazyimp.tuning import bisect, closed, installed, profile_file
from lazyimp.tuning.bisect import read_statements, rightness
from lazyimp.tuning.profile_file import Draft, trial_text
from lazyimp.tuning.search import MODULE, STATEMENT, UNIT, IsRight, Item, OutOfBudget, Search
from lazyimp.tuning.statements import Reader, Statement, by_item
from lazyimp.tuning.trials import Result, Trials

MODE = "deep"
MOST_RUNS = 54  # a second search and its verification come on top
REFERENCES, VERIFICATIONS, ROUNDS = 2, 2, 3
CLOSED_RUNS = 12  # to find out which subpackages of a closed distribution are in the way
WAYS = 3  # eager, deep and tuned, to be timed
NEVER_LOADED = "not loaded by the first batch"
SAME = "the outcome is the same with it"


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
    """The result: the profile, what stayed eager though it could be opened, and what it is worth.

    `kept` leaves out what is inside distributions that a recipe closes; `closed` counts that.
    """

    draft: Draft
    kept: tuple[Statement, ...]
    closed: Mapping[str, tuple[int, int]]  # distribution -> statements deferred, and all that were candidates
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
    stubs: bool = True
    complete: bool = True
    _stubs: dict[str, str] = field(default_factory=dict)  # those in force, and why they are there
    _closed: dict[str, frozenset[Item]] = field(default_factory=dict)
    _results: dict[frozenset[Item], Result] = field(default_factory=dict)
    _reader: Reader | None = None
    _deep: dict[Item, Statement] = field(default_factory=dict)
    _ran: dict[str, str | None] = field(default_factory=dict)  # the modules of the verification runs
    _notes: list[str] = field(default_factory=list)

    def tune(self) -> Tuned:
        """Do all of it; raises TuneError."""
        self._references()
        known, why = self._candidates()
        eager: list[Item] = []
        search = self._search(known, eager)
        self.trials.tell("everything deferred")
        if search.test(known):
            opened = frozenset(known)
        else:
            failed = self._results[frozenset(known)].suspects
            with_stubs = self._stubs
            eager = self._base()
            if eager or self._stubs != with_stubs:
                self._results.clear()
                search = self._search(known, eager)
            opened = self._open(search, known, eager, failed)
        self.trials.tell("verification")
        chosen = self._verified(known, opened, eager)
        self.trials.tell("times")
        timings = self._timings(self._draft(chosen, why, eager))
        inside = {item for items in self._closed.values() for item in items}
        mark = (self.trials.references[0].observation or {}).get("first_batch") or {}
        return Tuned(
            draft=self._draft(chosen, why, eager),
            kept=tuple(known[item] for item in known if item not in opened and item not in inside),
            closed={
                unit: (len(items & frozenset(chosen)), len(items)) for unit, items in self._closed.items()
            },
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
        self.trials.tell("eager, for reference")
        reason = bisect.sane(self.trials, REFERENCES)
        if reason is not None:
            raise TuneError(f"the program fails on its own: {reason}")
        first, second = self.trials.references
        if first.observation is None or second.observation is None:
            message = "the program told nothing about itself (it ends by os._exit, or runs elsewhere)"
            raise TuneError(message + "; there is nothing to tune by")
        if first.stdout != second.stdout or first.stderr != second.stderr:
            bisect.sane(self.trials, 1)
            self.trials.learn_what_varies()
            if self.trials.varying:
                what = ", ".join(sorted(self.trials.varying))
                self._notes.append(f"Differs between runs without lazyimp, too, and was not compared: {what}")
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
        known_stubs = getattr(_recipes.load_table(), "STUBS", {}) if self.stubs else {}
        self._stubs = {name: known_stubs[name][1] for name in known_stubs if name in self.trials.modules}
        known = by_item(found)
        return known, {item: found[known[item]] for item in known}

    # -- opening ----------------------------------------------------------------------------------------

    def _base(self) -> list[Item]:
        """Settle which stubs there are; gives what mode deep itself must keep eager."""
        tried, self._stubs = self._stubs, {}
        self.trials.tell("stubs")
        if tried and self._is_right_with(tried, ()):
            self._stubs = tried
            return []
        self.trials.tell(f"mode {MODE}")
        eager = [] if self.trials.mode(MODE).right else self._repairs()
        for name in tried if eager or len(tried) > 1 else ():
            more = {**self._stubs, name: tried[name]}
            self.trials.tell(f"stub for {name}")
            self._stubs = more if self._is_right_with(more, eager) else self._stubs
        return eager

    def _is_right_with(self, stubs: Iterable[str], eager: Iterable[Item]) -> bool:
        return self.trials.profile(trial_text(MODE, eager, stubs=stubs)).right

    def _open(
        self, search: Search, known: dict[Item, Statement], eager: Sequence[Item], failed: Sequence[str]
    ) -> frozenset[Item]:
        """The candidates that may all be lazy together, though not all of them may."""
        assert self._reader is not None
        outside, self._closed = closed.split(self._reader, known)
        if not self._closed:
            outside = frozenset(known)
        opened = self._open_outside(search, {item: known[item] for item in known if item in outside}, failed)
        if opened not in self._results:
            text = trial_text(MODE, eager, sorted(opened), self._stubs)
            self._results[opened] = self.trials.profile(text)
        return self._open_closed(search, known, opened)

    def _open_closed(
        self, search: Search, known: Mapping[Item, Statement], opened: frozenset[Item]
    ) -> frozenset[Item]:
        """The same with what may be lazy inside closed distributions."""
        assert self._reader is not None
        tries = closed.attempts(self._reader, known, self._closed, self._results[opened].used_modules)
        names = ", ".join(each.unit for each in tries)
        left = CLOSED_RUNS
        try:
            self.trials.tell(f"what looks unneeded inside {names}")
            together = opened.union(*(each.items for each in tries))
            if search.test(together):
                return together
            for each in tries:
                self.trials.tell(f"what looks unneeded inside {each.unit}")
                if len(tries) > 1 and search.test(opened | each.items):
                    opened |= each.items
                elif left > 0:
                    more, tests = self._by_subpackage(search, known, opened, each, left)
                    opened, left = opened | more, left - tests
        except OutOfBudget:
            self.complete = False
        return opened

    def _by_subpackage(
        self,
        search: Search,
        known: Mapping[Item, Statement],
        opened: frozenset[Item],
        attempt: closed.Attempt,
        budget: int,
    ) -> tuple[frozenset[Item], int]:
        """Of an attempt that failed, the statements about those subpackages that are right; and the tests."""
        names = closed.by_subpackage(sorted(attempt.items), known)
        whole = Search(
            lambda lazy: search.test(opened.union(names[each] for each in lazy)),
            budget=budget,
            level=lambda tests: MODULE,
            note=lambda what: self.trials.tell(f"inside {attempt.unit}, {what}"),
        )
        whole.assume(names, False)
        whole.assume((), True)
        found = whole.smallest_eager(names)
        right = frozenset(names[each] for each in found.right)
        return (right if opened | right in self._results else frozenset()), found.tests

    def _open_outside(
        self, search: Search, known: dict[Item, Statement], failed: Sequence[str]
    ) -> frozenset[Item]:
        """Of candidates outside closed distributions, those that may all be lazy together."""
        self.trials.tell("everything but what is inside closed distributions")
        found = search.smallest_eager(known, failed)
        self.complete = found.complete
        for culprit in found.culprits:
            unit, module, _ = culprit.items[0]
            more = len({item[1] for item in culprit.items}) > 1
            count = f" ({len(culprit.items)} statements)" if len(culprit.items) > 1 else ""
            what = unit if more else module if count else profile_file.row(culprit.items[0])
            self._notes.append(f"Stays as in mode {MODE}, for it is wrong when it is late: {what}{count}")
        return found.right

    def _search(self, known: dict[Item, Statement], eager: Sequence[Item], spare: int = 0) -> Search:
        """A search that leaves enough runs for verification and timing, and looks less closely as it goes."""

        def text(_: Sequence[Item], lazy: Sequence[Item]) -> str:
            return trial_text(MODE, eager, lazy, self._stubs)

        return self._searching(rightness(self.trials, known, text, self._hear), spare)

    def _searching(self, is_right: IsRight, spare: int) -> Search:
        reserve = VERIFICATIONS + 2 * WAYS + spare
        budget = max(1, self.most_runs - reserve - self.trials.made)
        return Search(
            is_right,
            budget=budget,
            level=lambda tests: level_of(tests, budget),
            note=self.trials.tell,
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
        text = trial_text(MODE, eager, sorted(lazy), self._stubs)
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
            stubs={name: f"{SAME}; {reason}" for name, reason in self._stubs.items()},
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
