"""Times statements, reads and calls in this process with pytest-benchmark, eagerly and lazily.

Load moves these numbers; instructions.py counts instead. They are here to see nanoseconds.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import generate
import pytest

import lazyimp

LOOPS = 200
MODULES = 50


@pytest.mark.parametrize("kind", generate.KINDS)
@pytest.mark.benchmark(group="a module of 20 import statements, file reading included")
def test_statements(benchmark: Any, in_side: str, kind: str) -> None:
    """Eagerly the targets are loaded; lazily they are not, and stay so."""
    folder = f"parts.{generate.slug(kind)}"
    if in_side == "eager":
        importlib.import_module(f"{folder}.m{MODULES}").use()
    numbers = itertools.count()
    benchmark.pedantic(lambda: importlib.import_module(f"{folder}.m{next(numbers)}"), rounds=MODULES)


@pytest.mark.parametrize(
    "case", ["global_read", "builtin_read", "call", "module_attribute", "proxy_attribute"]
)
@pytest.mark.parametrize("state", ["pending", "resolved", "disabled"])
@pytest.mark.benchmark(group="4000 operations in a namespace that had, or has, imports pending")
def test_reads(
    benchmark: Any, in_side: str, measured: ModuleType, pending: Callable[[], int], state: str, case: str
) -> None:
    """A namespace with pending imports, with none left, and after disable() with some left."""
    if state == "resolved":
        measured.use()
    if state == "disabled" and in_side == "lazy":
        lazyimp.disable()
    if in_side == "lazy":
        assert bool(pending()) == (state != "resolved")
    benchmark(getattr(measured, case), LOOPS)
