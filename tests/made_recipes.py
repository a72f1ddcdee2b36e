"""Recipes for a made-up distribution, and what compiles them."""

from __future__ import annotations

import runpy
import types
from pathlib import Path
from typing import Any

import pytest

BUILDER = Path(__file__).parents[1] / "build_backend" / "recipes.py"
WHY = "a reason of some length"
needs_builder = pytest.mark.skipif(not BUILDER.is_file(), reason="the tests run beside no source tree")


@pytest.fixture(scope="module")
def builder() -> types.SimpleNamespace:
    """What build_backend/recipes.py defines."""
    return types.SimpleNamespace(**runpy.run_path(str(BUILDER)))


def recipe(**keys: Any) -> dict[str, Any]:
    """A recipe for the made-up distribution `pkg`."""
    return {"distribution": "pkg", "modules": ["pkg"], "versions": ">=1,<3", "inside": "lazy", **keys}


def rows(*rows: str) -> list[dict[str, Any]]:
    """Rows written `importer -> target`, either of them empty."""
    found = []
    for row in rows:
        importer, _, target = (part.strip() for part in row.rpartition("->"))
        named = {"importer": importer, "target": target, "reason": WHY}
        found.append({key: value for key, value in named.items() if value})
    return found
