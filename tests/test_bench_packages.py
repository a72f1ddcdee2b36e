"""bench/packages.py: every use is complete, faults are named, and the tables keep to 80 columns."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"
USES = sorted((BENCH / "packages").rglob("*.py"))


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The runner as a module."""
    if not BENCH.is_dir():
        pytest.skip("no benchmarks beside these tests")
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.delitem(sys.modules, "packages", raising=False)
    return importlib.import_module("packages")


@pytest.mark.parametrize("path", USES, ids=lambda path: path.stem)
def test_a_use_names_its_distribution_and_prints(runner: ModuleType, path: Path) -> None:
    use = runner.read_use(path)
    assert use.distribution and " " not in use.distribution
    assert use.needs
    text = path.read_text(encoding="utf-8")
    assert "print(" in text or "echo(" in text


def test_only_takes_beginnings_of_names(runner: ModuleType) -> None:
    options = argparse.Namespace(only="pandas,numpy_linalg", wide=False)
    assert [use.name for use in runner.find_uses(options)] == ["numpy_linalg", "pandas", "pandas_io"]


def test_the_error_is_found_behind_notes(runner: ModuleType) -> None:
    text = "Traceback (most recent call last):\n  x\na.b.OwnError: why\nlazy import of 'x' declared at y:1\n"
    assert runner.last_line(text) == "a.b.OwnError: why"


def test_the_first_difference_is_shown(runner: ModuleType) -> None:
    assert runner.first_difference("a\nb\n", "a\nc\n") == "'c' instead of 'b'"
    assert runner.first_difference("a\nb\n", "a\n") == "1 lines instead of 2"


def test_tables_fit_a_terminal_and_a_broken_side_is_not_timed(runner: ModuleType) -> None:
    def use(name: str, **cpu_s: float) -> object:
        made = runner.Use(Path(f"{name}_.py"), name, frozenset(["x"]), version="2.10.post1234567")
        made.samples = {side: [runner.Sample("", "", 0, seconds, seconds)] for side, seconds in cpu_s.items()}
        made.modules = dict.fromkeys(cpu_s, 12345)
        return made

    sides = list(runner.SIDES)
    whole = use("whole", eager=2.0, all=1.0, safe=1.5, deep=0.5)
    broken = use("broken_and_with_a_long_name", eager=1.0, safe=1.0, deep=1.0)
    broken.faults["all"] = "ImportError: x"
    for table in (
        runner.show_clock([whole, broken], sides, "cpu_s"),
        runner.show_modules([whole, broken], sides),
    ):
        assert all(len(line) <= 80 for line in table.splitlines())
        assert "breaks" in table
    assert runner.common([whole, broken], sides) == [whole]
    assert runner.mean_ratio([whole], "deep", "cpu_s", 1) == pytest.approx(0.25)
    assert "**breaks**" in runner.markdown([whole, broken], sides)
