"""Budgets: `[[tool.lazyimp.budget]]` in pyproject.toml, read by `lazyimp check` alone.

target       the program's words, as behind `lazyimp run`: "train.py --epochs 1", "-m pkg.train", "-c ..."
mode         "safe", "deep", "all", or "0" for an eager run; else what `python -X lazyimp` does here
max_modules  how many modules it may load until its first batch (until its end, without one)
forbid       patterns of modules that it may not load until then; one holds for what is below it, too
max_cpu_ms   processor time until then, the least of several runs: advisory
strict       true: max_cpu_ms counts like the rest
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from lazyimp import _config
from lazyimp.errors import ConfigError, unknown_word

MODES = (*_config.MODES, "0")
KEYS = ("target", "mode", "max_modules", "forbid", "max_cpu_ms", "strict")
AS_CONFIGURED = "1"
_PATTERN = re.compile(r"[\w*]+(\.[\w*]+)*")


@dataclass(frozen=True)
class Budget:
    """One budget, or a target without one; `mode` is "1" for what `python -X lazyimp` does."""

    target: tuple[str, ...]
    mode: str = AS_CONFIGURED
    max_modules: int | None = None
    forbid: tuple[str, ...] = ()
    max_cpu_ms: float | None = None
    strict: bool = False

    @property
    def name(self) -> str:
        """The target's words in one line."""
        return shlex.join(self.target)


def load_budgets(path: str) -> list[Budget]:
    """The budgets in the file `path`; every fault in them is in the one ConfigError that is raised."""
    try:
        table = _config.load_table(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    if table is None:
        return []
    _config.check_config(table, path)  # the other keys, too: a gate should not pass over a misspelt one
    rows = table.get(_config.BUDGET, []) if isinstance(table, dict) else []
    if not isinstance(rows, list):
        raise ConfigError(f"{path}: write [[tool.lazyimp.budget]], with two brackets")
    faults: list[str] = []
    found = [_budget(row, number, faults) for number, row in enumerate(rows, 1)]
    names = [(each.name, each.mode) for each in found]
    faults += [
        f"two budgets for {name!r}" for name, mode in dict.fromkeys(names) if names.count((name, mode)) > 1
    ]
    if faults:
        raise ConfigError("\n".join(f"{path}: [[tool.lazyimp.budget]] {fault}" for fault in faults))
    return found


def _budget(row: Any, number: int, faults: list[str]) -> Budget:
    """The checked row; what is wrong with it is added to `faults`."""
    if not isinstance(row, dict):
        faults.append(f"{number}: must be a table")
        return Budget(())
    before = len(faults)
    faults += [f"{number}: {unknown_word('key', key, KEYS)}" for key in row if key not in KEYS]
    words = _words(row.get("target"), number, faults)
    if "mode" in row and row["mode"] not in MODES:
        faults.append(f"{number}: {unknown_word('mode', row['mode'], MODES)}")
    for key, kinds, what in (
        ("max_modules", (int,), "a whole number above 0"),
        ("max_cpu_ms", (int, float), "a number above 0"),
    ):
        value = row.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, kinds) or value <= 0:
            faults.append(f"{number}: {key} must be {what}, not {value!r}")
    if not isinstance(row.get("strict", False), bool):
        faults.append(f"{number}: strict must be true or false, not {row['strict']!r}")
    _check_forbid(row.get("forbid", []), number, faults)
    if len(faults) > before:
        return Budget(words, str(row.get("mode", AS_CONFIGURED)))
    return Budget(
        words,
        row.get("mode", AS_CONFIGURED),
        row.get("max_modules"),
        tuple(row.get("forbid", ())),
        row.get("max_cpu_ms"),
        row.get("strict", False),
    )


def _words(value: Any, number: int, faults: list[str]) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(value)) if isinstance(value, str) else ()
    except ValueError as error:
        faults.append(f"{number}: target {value!r} cannot be split into words: {error}")
        return (f"budget {number}",)
    if not words:
        faults.append(f"{number}: target must name a program, as behind `lazyimp run`")
        return (f"budget {number}",)
    return words


def _check_forbid(value: Any, number: int, faults: list[str]) -> None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        faults.append(f"{number}: forbid must be a list of names of modules")
        return
    wrong = [each for each in value if not _PATTERN.fullmatch(each)]
    faults += [f"{number}: forbid {each!r} is no dotted name (with * for any characters)" for each in wrong]


def matcher(pattern: str) -> re.Pattern[str]:
    """A regular expression for the modules that a `forbid` pattern names: they, and what is below them."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))) + r"(\..*)?", re.DOTALL)
