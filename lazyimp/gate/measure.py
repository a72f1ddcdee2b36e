"""Runs a target until its first batch, recording itself, and says what it loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lazyimp.errors import LazyimpError
from lazyimp.gate.budgets import Budget
from lazyimp.gate.loaded import Loaded, loaded_by
from lazyimp.record import read_record
from lazyimp.tuning.compare import said
from lazyimp.tuning.runs import Command, Trial, run

RUNS_FOR_TIMES = 3


class Unmeasured(LazyimpError):
    """The run told nothing: it failed, or left no record."""

    slug = "unmeasured"


def measure(
    command: Command, budget: Budget, limit_s: float, env: Mapping[str, str | None] | None = None
) -> Loaded:
    """What the target loads; times are the least of several runs where the budget asks for them.

    Raises Unmeasured.
    """
    runs = RUNS_FOR_TIMES if budget.max_cpu_ms is not None else 1
    seen = [_once(command, budget.mode, limit_s, env or {}) for _ in range(runs)]
    return replace(seen[-1], cpu_s=min(each.cpu_s for each in seen))


def _once(command: Command, mode: str, limit_s: float, more: Mapping[str, str | None]) -> Loaded:
    with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
        path = Path(folder, "record.jsonl")
        env = {**more, "LAZYIMP_RECORD": str(path), "LAZYIMP_STOP": "first-batch", "LAZYIMP_OBSERVE": None}
        outcome = run(command, Trial(mode, env=env), limit_s)
        if outcome.status != "0":
            last = (outcome.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
            raise Unmeasured(
                f"the program did not end well: {said(outcome.status)}{f': {last}' if last else ''}"
            )
        if not path.is_file():
            raise Unmeasured(
                "the program left no record: lazyimp is not at work in its interpreter; see lazyimp doctor"
            )
        return loaded_by(read_record(path))
