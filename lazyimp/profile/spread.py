"""Whether two sets of measurements differ by more than they scatter: an exact test that needs no distribution.

The difference is the median of all differences between a sample of one side and one of the other
(Hodges-Lehmann), its interval the one that belongs to the rank-sum test: it leaves out 0 exactly where that
test tells the sides apart. One wild sample moves neither far.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

CONFIDENCE = 0.95
FEWEST = 4  # samples of each side below which no interval has that confidence
SAME = 0.02  # a difference that is for certain below this part of the reference is none that matters

FASTER, SLOWER, EQUAL, UNCLEAR = "faster", "slower", "same", "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """`difference` is the candidate's less the reference's; `low` and `high` bound it (None: too few samples)."""

    word: str
    difference: float
    low: float | None
    high: float | None
    ratio: float  # of the medians

    @property
    def is_clear(self) -> bool:
        """The samples answer the question."""
        return self.word != UNCLEAR


def judge(reference: Sequence[float], candidate: Sequence[float]) -> Verdict:
    """How `candidate` compares with `reference`; both hold at least one sample."""
    differences = sorted(ours - theirs for ours in candidate for theirs in reference)
    middle = statistics.median(differences)
    base = statistics.median(reference)
    ratio = statistics.median(candidate) / base if base else 1.0
    cut = _cut(len(reference), len(candidate))
    if cut is None:
        return Verdict(UNCLEAR, middle, None, None, ratio)
    low, high = differences[cut], differences[-1 - cut]
    return Verdict(_word(low, high, base * SAME), middle, low, high, ratio)


def _word(low: float, high: float, enough: float) -> str:
    if -enough < low and high < enough:
        return EQUAL
    if high < 0:
        return FASTER
    return SLOWER if low > 0 else UNCLEAR


def _cut(n: int, m: int) -> int | None:
    """How many differences to leave out at either end; None where no interval has the confidence."""
    counts, total = _rank_sums(n, m), comb(n + m, n)
    below, cut = 0, None
    for value, count in enumerate(counts):
        below += count
        if 2 * below / total > 1 - CONFIDENCE:
            break
        cut = value
    return cut


def _rank_sums(n: int, m: int) -> list[int]:
    """In how many orders of n and m samples each value of the rank-sum statistic comes up."""
    ways = {(0, column): [1] for column in range(m + 1)}
    for row in range(1, n + 1):
        ways[row, 0] = [1]
        for column in range(1, m + 1):
            left, up = ways[row, column - 1], ways[row - 1, column]
            found = [0] * (row * column + 1)
            for at, count in enumerate(left):
                found[at] += count
            for at, count in enumerate(up):
                found[at + column] += count
            ways[row, column] = found
    return ways[n, m]
