"""Fixtures of the in-process benchmarks: generated modules, imported with lazyimp off and on."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import generate
from harness import conditions

import lazyimp

GENERATED = ("measured", "frozen", "proxied", "later", "mod", "attrs", "pack", "parts")


def pytest_report_header() -> str:
    """What the numbers are measured on."""
    return f"lazyimp benchmarks: {conditions()}"


def forget() -> None:
    """Take the generated modules out of the process."""
    for name in list(sys.modules):
        if name.startswith(GENERATED):
            del sys.modules[name]
    gc.collect()  # a module is a cycle, and what is pending in it counts until it is gone
    importlib.invalidate_caches()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the generated modules."""
    folder = tmp_path_factory.mktemp("generated")
    generate.write_reads(folder)
    generate.write_statements(folder, 60)
    return folder


@pytest.fixture(params=["eager", "lazy"])
def side(request: pytest.FixtureRequest) -> str:
    """Both sides in turn."""
    return str(request.param)


@pytest.fixture
def in_side(side: str, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A process in which the generated modules can be imported, lazyimp on or off as the side says."""
    monkeypatch.syspath_prepend(programs)
    forget()
    if side == "lazy":
        lazyimp.enable("all")  # the user's own code is the benchmark itself; here every module counts as that
    yield side
    if side == "lazy":
        lazyimp.disable()
    forget()


@pytest.fixture
def pending(in_side: str) -> Callable[[], int]:
    """How many names of the measured module are not loaded; modules of earlier tests are not counted."""

    def count() -> int:
        return sum(name == "measured" for name, *_ in lazyimp.status()["pending"])

    before = count()
    return lambda: count() - before


@pytest.fixture
def measured(pending: Callable[[], int]) -> ModuleType:
    """The module with the measured loops, imported on this side."""
    return importlib.import_module("measured")
