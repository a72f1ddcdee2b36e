"""The advice as configuration for others: ruff's lazy-import rules, and a filter module for CPython 3.15."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

from lazyimp.migrate.advice import ALWAYS_LOADED, DONE, FUNCTION, KEEP, LAZY, MODULES, Advised

# Reasons that are about the module that is imported, wherever it is.
ABOUT_TARGET = ("LZ204", "LZ206", "LZ208", "LZ210", "LZ301")


def ruff(files: Sequence[Advised]) -> str:
    """TOML for pyproject.toml: TID254 wants some imports lazy and others not; TID255 finds lazy ones used at once."""
    wanted, banned = _modules(files)
    lines = [
        "# ruff enforces these from target-version py315 on, and looks at __lazy_modules__ before that.",
        "[tool.ruff.lint]",
        'extend-select = ["TID254", "TID255"]',
        "",
        "[tool.ruff.lint.flake8-tidy-imports]",
        f"require-lazy = {_list(wanted)}",
        f"ban-lazy = {_list(banned)}",
    ]
    return "\n".join(lines) + "\n"


def _modules(files: Iterable[Advised]) -> tuple[list[str], list[str]]:
    """(modules that are lazy in every file, modules that may be lazy in none)."""
    lazy: set[str] = set()
    eager: set[str] = set()
    banned: set[str] = set()
    for each in files:
        for advice in each.advice:
            if advice.kind in (LAZY, MODULES, FUNCTION, DONE):
                lazy.update(advice.statement.targets)
            elif not advice.statement.place:
                eager.update(advice.statement.targets)
                if advice.kind == KEEP and advice.code in ABOUT_TARGET:
                    banned.update(advice.statement.targets)
    # ruff's selectors hold for what is below a module, too
    wanted = {
        name
        for name in lazy - ALWAYS_LOADED
        if not any((other + ".").startswith(name + ".") for other in eager)
    }
    return sorted(wanted), sorted(name for name in banned if not _is_under(name, wanted))


def _is_under(name: str, others: Iterable[str]) -> bool:
    return any((name + ".").startswith(other + ".") for other in others)


def _list(names: Sequence[str]) -> str:
    if not names:
        return "[]"
    return "[\n" + "".join(f'    "{name}",\n' for name in names) + "]"


FILTER = '''\
"""Which imports CPython 3.15 may put off; made by `lazyimp migrate --emit-filter`.

Import this module and call `install()` before the program's own imports. Before 3.15 it does nothing.
"""

import sys

# who imports -> the modules that its module-level statements may import late
LAZY = {
%s}


def may_be_lazy(importer, name, fromlist=None):
    """Whether `importer` may import `name` late."""
    return name in LAZY.get(importer, ())


def install():
    """Put off what the table names, and nothing else."""
    if hasattr(sys, "set_lazy_imports"):
        sys.set_lazy_imports_filter(may_be_lazy)
        sys.set_lazy_imports("all")
'''


def filter_module(files: Sequence[Advised]) -> str:
    """Python source of a filter for `sys.set_lazy_imports_filter`."""
    table: dict[str, set[str]] = defaultdict(set)
    for each in files:
        lazy = {
            target
            for advice in each.of_kind(LAZY, MODULES, FUNCTION, DONE)
            for target in advice.statement.targets
        }
        # the filter hears a module's name, not a statement
        kept = {
            target
            for advice in each.advice
            if advice.kind not in (LAZY, MODULES, FUNCTION, DONE) and advice.statement.place != "try"
            for target in advice.statement.targets
        }
        if lazy - kept:
            table[each.module] |= lazy - kept
            if "." not in each.module and os.path.basename(each.source.path) != "__init__.py":
                table["__main__"] |= lazy - kept  # it may be the script
    rows = [f'    "{name}": {{{", ".join(_quoted(sorted(table[name])))}}},\n' for name in sorted(table)]
    return FILTER % "".join(rows)


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]
