"""`--lazyimp-report`: which test files, when collected, and which tests, when run, loaded how many modules."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

MOST_TOLD = 10
FEWEST = 1


@dataclass(frozen=True)
class Row:
    """What one file or test loaded that was not there before."""

    name: str
    modules: tuple[str, ...]
    wall_s: float


class Report:
    """Gathers and tells."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """A test file is imported."""
        if isinstance(collector, pytest.Module):
            with self._watching(collector.nodeid):
                yield
        else:
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """A test runs, with its fixtures."""
        with self._watching(item.nodeid):
            yield

    @contextmanager
    def _watching(self, name: str) -> Iterator[None]:
        before, began = frozenset(sys.modules), time.perf_counter()
        yield
        new = tuple(each for each in sys.modules if each not in before)
        if len(new) >= FEWEST:
            self._rows.append(Row(name, new, time.perf_counter() - began))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The files and tests that loaded most."""
        terminalreporter.section("lazyimp report")
        for line in told(self._rows):
            terminalreporter.write_line(line)


def told(rows: list[Row]) -> list[str]:
    """A line for each of the largest, most modules first."""
    if not rows:
        return ["no test loaded anything (with xdist the tests run elsewhere)"]
    total = sum(len(row.modules) for row in rows)
    lines = [
        f"{total:,} modules were loaded by {len(rows)} files and tests; each counts for the first that needs it"
    ]
    for row in sorted(rows, key=lambda row: (-len(row.modules), row.name))[:MOST_TOLD]:
        tops = Counter(name.partition(".")[0] for name in row.modules).most_common(3)
        what = ", ".join(f"{top} {count}" for top, count in tops)
        lines.append(f"  {len(row.modules):>5,}  {row.wall_s:6.2f} s  {row.name}")
        lines.append(f"                   {what}")
    return lines
