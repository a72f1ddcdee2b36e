"""Where a project's budgets and its lock are, and which targets they name."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from lazyimp.gate.budgets import AS_CONFIGURED, Budget, load_budgets
from lazyimp.gate.lockfile import EAGER, FILE, Lock, here, read_lock

LEVELS = 8
PROJECT = "pyproject.toml"


@dataclass(frozen=True)
class Project:
    """A project's folder with its budgets and its lock."""

    folder: Path
    budgets: tuple[Budget, ...]
    lock: Lock

    @property
    def lock_path(self) -> Path:
        """The lock's file."""
        return self.folder / FILE

    def targets(self) -> list[Budget]:
        """Every budget, and the targets that only the lock names, for this Python and platform."""
        found = list(self.budgets)
        names = {each.name for each in found}
        for entry in self.lock.entries:
            key = entry.key
            if (key.python, key.platform) == here() and key.name not in names:
                names.add(key.name)
                found.append(
                    Budget(tuple(shlex.split(key.name)), "0" if key.laziness == EAGER else AS_CONFIGURED)
                )
        return found

    def budget_for(self, words: tuple[str, ...], mode: str | None) -> Budget:
        """The budget of a target named by hand, or one that asks for nothing."""
        for each in self.budgets:
            if each.target == words and mode in (None, each.mode):
                return each
        return Budget(words, mode or AS_CONFIGURED)


def find_project(start: Path) -> Project:
    """The nearest folder with a lock or a table of ours, else with a pyproject.toml at all, else `start`."""
    folders = [start, *start.parents][:LEVELS]
    ours = (folder for folder in folders if (folder / FILE).is_file() or _mentions_us(folder / PROJECT))
    any_ = (folder for folder in folders if (folder / PROJECT).is_file())
    folder = next(ours, None) or next(any_, start)
    path = folder / PROJECT
    budgets = load_budgets(str(path)) if path.is_file() else []
    return Project(folder, tuple(budgets), read_lock(folder / FILE))


def _mentions_us(path: Path) -> bool:
    try:
        return b"[tool.lazyimp" in path.read_bytes()
    except OSError:
        return False
