"""Runs a program in several ways by turns, each in a fresh process, and measures its way to the first batch.

Every round runs each side once; the next goes through them the other way round, so that neither profits from
its place. The first round warms the caches and counts for nothing but the outputs, which have to be the same
on all sides before figures are compared.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lazyimp.profile import Profile, build_profile
from lazyimp.profile.spread import Verdict, judge
from lazyimp.record import read_record
from lazyimp.running.recorded import NoRecord, Wish, copy_record, name_program
from lazyimp.running.until import Until, modules
from lazyimp.tuning.compare import Difference, compare
from lazyimp.tuning.runs import EAGER, Command, Outcome, Trial, run

SIDES = {"eager": EAGER, "lazy": "1", "safe": "safe", "deep": "deep", "all": "all"}
T0 = "LAZYIMP_T0"


@dataclass(frozen=True)
class Side:
    """One way to run the program: its name in the report, and the mode."""

    name: str
    mode: str


@dataclass(frozen=True)
class Sample:
    """One run: what it took to the moment that is measured, or to its end where that never came (`rule` "")."""

    round: int  # 0 is the one that warms
    outcome: Outcome
    record: Path
    wall_s: float
    cpu_s: float
    modules: int
    rule: str  # by which the moment was known
    profile: Profile


class Failed(Exception):
    """A run did not end well; nothing can be compared."""

    def __init__(self, side: Side, outcome: Outcome) -> None:
        super().__init__(side.name)
        self.side = side
        self.outcome = outcome


@dataclass(frozen=True)
class Figures:
    """The counted samples of one side."""

    side: Side
    samples: tuple[Sample, ...]

    def values(self, key: str) -> list[float]:
        """`wall_s`, `cpu_s` or `modules` of every sample."""
        return [float(getattr(each, key)) for each in self.samples]

    @property
    def typical(self) -> Sample:
        """The sample in the middle."""
        return sorted(self.samples, key=lambda each: each.wall_s)[(len(self.samples) - 1) // 2]


@dataclass(frozen=True)
class Comparison:
    """One side against the first one."""

    side: Side
    wall: Verdict
    cpu: Verdict
    differences: tuple[Difference, ...]  # of what was printed, before the first batch


@dataclass(frozen=True)
class Measured:
    """What came of all rounds; the first side is the reference."""

    figures: tuple[Figures, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def is_same(self) -> bool:
        """All sides printed the same, ended alike, and got to the same moment."""
        return self.is_level and not any(each.differences for each in self.comparisons)

    @property
    def is_level(self) -> bool:
        """Every run got to the moment that is measured, or none did."""
        reached = {bool(sample.rule) for each in self.figures for sample in each.samples}
        return len(reached) == 1

    @property
    def is_clear(self) -> bool:
        """Wall time or processor time tells every side from the first, or that they do not differ."""
        return all(each.wall.is_clear or each.cpu.is_clear for each in self.comparisons)


@dataclass
class Rounds:
    """The rounds at work; `tell` hears what is being run."""

    command: Command
    sides: Sequence[Side]
    count: int
    when: Until
    limit_s: float
    normalise: Sequence[str] = ()
    tell: Callable[[str], object] = lambda text: None
    _samples: dict[Side, list[Sample]] = field(default_factory=dict)

    def measure(self, keep: Path | None = None) -> Measured:
        """Run everything; the records that count are copied into the folder `keep`. Raises Failed."""
        self._samples = {side: [] for side in self.sides}
        with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
            for number in range(self.count + 1):
                for side in self.sides if number % 2 == 0 else reversed(self.sides):
                    what = f"round {number} of {self.count}" if number else "warming up"
                    self.tell(f"{what}, {side.name}")
                    self._samples[side].append(self._once(side, number, Path(folder)))
            measured = self._judged()
            if keep is not None:
                for each in measured.figures:
                    for sample in each.samples:
                        copy_record(sample.record, keep / sample.record.name)
        return measured

    def _once(self, side: Side, number: int, folder: Path) -> Sample:
        record = folder / f"{side.name}-{number}.jsonl"
        env = {**Wish(side.mode, stop=self.when.stop).switches(record), T0: str(time.time_ns())}
        outcome = run(self.command, Trial(side.mode, env=env), self.limit_s)
        if outcome.status != "0":
            raise Failed(side, outcome)
        if not record.is_file():
            raise NoRecord("the program left no record: lazyimp is not at work in its interpreter")
        name_program(record, self.command)
        profile = build_profile(read_record(record))
        found = self.when.measured(profile)
        rule = self.when.shown if found is not None else ""
        if found is not None and profile.batch is not None and not self.when.mark:
            rule = profile.batch.rule
        figures = found or (profile.ttfb_s, profile.end_cpu_s, modules(profile))
        return Sample(number, outcome, record, *figures, rule, profile)

    def _judged(self) -> Measured:
        figures = tuple(Figures(side, tuple(each[1:])) for side, each in self._samples.items())
        reference = figures[0]
        expected = [each.outcome for each in self._samples[reference.side]]
        comparisons = [
            Comparison(
                each.side,
                judge(reference.values("wall_s"), each.values("wall_s")),
                judge(reference.values("cpu_s"), each.values("cpu_s")),
                self._differences(expected, [one.outcome for one in self._samples[each.side]]),
            )
            for each in figures[1:]
        ]
        return Measured(figures, tuple(comparisons))

    def _differences(
        self, expected: Sequence[Outcome], outcomes: Sequence[Outcome]
    ) -> tuple[Difference, ...]:
        """What the runs of a side print otherwise than the first side's, each difference once."""
        found: dict[tuple[str, str], Difference] = {}
        for outcome in outcomes:
            for each in compare(expected, outcome, self.normalise):
                if each.is_wrong:
                    found.setdefault((each.kind, each.text), each)
        return tuple(found.values())
