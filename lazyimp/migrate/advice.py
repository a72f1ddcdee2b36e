"""What to do about each import statement, and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from lazyimp import _policy, _units, _verdict, codes
from lazyimp.migrate import measured as runs
from lazyimp.migrate.source import Source
from lazyimp.migrate.statements import (
    Declared,
    Statement,
    declared,
    line_for_list,
    module_name,
    place_for_list,
    statements_of,
)
from lazyimp.migrate.uses import Reader, Uses
from lazyimp.syntax import IN_CLASS, IN_TRY, IN_WITH

if TYPE_CHECKING:
    from lazyimp._config import Config
    from lazyimp.migrate.measured import Measured

LAZY, MODULES, FUNCTION, TYPES, KEEP, DONE = "lazy", "modules", "function", "types", "keep", "done"
STYLES = (LAZY, MODULES, FUNCTION)
CODES = {LAZY: "LZ501", MODULES: "LZ502", FUNCTION: "LZ503", TYPES: "LZ504"}

# Every interpreter has loaded them when a program's first line runs.
ALWAYS_LOADED = frozenset(
    {"sys", "builtins", "os", "os.path", "io", "abc", "codecs", "stat", "site", "time", "marshal"}
)


@dataclass(frozen=True)
class Advice:
    """What to do with a statement: `kind`, the message code, why in words, and what it took in the run."""

    statement: Statement
    kind: str
    code: str
    text: str
    wall_ms: float = 0.0


@dataclass(frozen=True)
class Advised:
    """A file with the advice for its statements, in their order."""

    source: Source
    module: str
    advice: tuple[Advice, ...]
    declared: Declared | None

    def of_kind(self, *kinds: str) -> list[Advice]:
        """The advice of some kinds."""
        return [each for each in self.advice if each.kind in kinds]


class Adviser:
    """Advises on the files of one project; `roots` are the folders that its modules are imported from."""

    def __init__(
        self,
        style: str,
        roots: Sequence[str] = (),
        config: Config | None = None,
        measured: Measured | None = None,
        without_gain: bool = False,
    ) -> None:
        self._style = style
        self._roots = list(roots)
        self._measured = measured
        self._without_gain = without_gain
        with self._path():
            self._policy = _policy.Policy("deep", config, _units.Units())

    @contextmanager
    def _path(self) -> Iterator[None]:
        before = sys.path[:]
        sys.path[:] = [*self._roots, *(entry for entry in before if entry not in self._roots)]
        try:
            yield
        finally:
            sys.path[:] = before

    def advise(self, source: Source) -> Advised:
        """Advice for one file; raises Unreadable."""
        name, _ = module_name(source.path)
        is_package = os.path.basename(source.path) == "__init__.py"
        reader = Reader(source.tree, is_package)
        listed = declared(source)
        with self._path(), _being_loaded(source.path, name):
            found = [self._one(source, each, reader, listed, is_package) for each in statements_of(source)]
        if self._style != LAZY:
            found = [_unless_shared(each, found) for each in found]
            found = [_unless_no_place(each, source, listed) for each in found]
        return Advised(source, name, tuple(found), listed)

    # -- one statement -----------------------------------------------------------------------------------

    def _one(
        self, source: Source, each: Statement, reader: Reader, listed: Declared | None, is_package: bool
    ) -> Advice:
        needed = set(each.targets) - ALWAYS_LOADED
        if each.is_lazy or (listed is not None and needed and listed.names >= needed and not each.place):
            return Advice(each, DONE, "", "lazy already")
        uses = [reader.of(name) for name in each.bound]
        seen = self._measured.of(source.path, each.line, each.end_line) if self._measured else None
        kept = _by_syntax(each) or _by_use(each, uses, seen) or (_by_name(each) if is_package else None)
        if kept is not None:
            return _keep(each, *kept)
        if not reader.are_strings or not all(_only_annotated(use) for use in uses):
            kept = self._by_run(seen) or self._by_policy(source, each, uses, is_package)
            if kept is not None:
                return _keep(each, *kept)
            return self._as_lazy(source, each, uses, seen)
        return Advice(each, TYPES, CODES[TYPES], f"{each.written}: only annotations name it")

    def _by_run(self, seen: runs.Seen | None) -> tuple[str, str] | None:
        """Keep what the run used at once, or before the first batch: nothing is gained."""
        if seen is None:
            return None
        if seen.when == runs.FAILED:
            return "LZ301", f"it failed at its first use, {seen.place}"
        if seen.when == runs.AT_ONCE:
            return "LZ218", f"used at once, {seen.place}"
        if seen.when == runs.BEFORE_BATCH and not self._without_gain:
            return "LZ221", f"no gain in this run: first used before the first batch, {seen.place}"
        return None

    def _by_policy(
        self, source: Source, each: Statement, uses: Sequence[Uses], is_package: bool
    ) -> tuple[str, str] | None:
        """Keep what the modes keep: registries, patches, what has effects, what the user names."""
        context = _verdict.PACKAGE if is_package else 0
        context |= _verdict.FROM if each.names is not None else 0
        context |= _verdict.UNUSED if all(use.is_never_named for use in uses) else 0
        importer = module_name(source.path)[0]
        for target in each.targets:
            decision, reason = self._policy.decide(
                importer, os.path.abspath(source.path), target, each.names, context
            )
            if decision == _verdict.EAGER:
                return codes.of_reason(reason) or "LZ210", reason
        return None

    def _as_lazy(
        self, source: Source, each: Statement, uses: Sequence[Uses], seen: runs.Seen | None
    ) -> Advice:
        functions = sorted({name for use in uses for name in use.functions})
        text = f"{each.written}: {_when(seen, uses, functions)}"
        wall = self._measured.cost_ms(source.path, each.line) if self._measured else 0.0
        if seen is not None and seen.wall_ms:
            wall = max(wall, seen.wall_ms)
        if wall >= 1:
            text += f", {wall:,.0f} ms"
        alone = len(functions) == 1 and not any(use.annotated or use.exported or use.now for use in uses)
        kind = self._style if self._style != FUNCTION else FUNCTION if alone else MODULES
        return Advice(each, kind, CODES[kind], text, wall)


@contextmanager
def _being_loaded(path: str, name: str) -> Iterator[None]:
    """The packages above a module are loaded when it runs; what stands for them here lets nobody look into them."""
    folder, made = os.path.dirname(os.path.abspath(path)), []
    package = name if os.path.basename(path) == "__init__.py" else name.rpartition(".")[0]
    while package:
        if package not in sys.modules:
            sys.modules[package] = ModuleType(package)
            sys.modules[package].__path__ = [folder]
            made.append(package)
        folder, package = os.path.dirname(folder), package.rpartition(".")[0]
    try:
        yield
    finally:
        for package in made:
            del sys.modules[package]


def _keep(each: Statement, code: str, why: str) -> Advice:
    return Advice(each, KEEP, code, f"{each.written}: {why}")


def _by_syntax(each: Statement) -> tuple[str, str] | None:
    """Keep what the language keeps."""
    if "__future__" in each.targets:
        return "LZ214", "a compiler directive"
    if each.names is not None and "*" in each.names:
        return "LZ202", "which names it binds is known when it has run"
    if each.place == IN_TRY:
        return "LZ203", "inside try, where PEP 810 allows no lazy import"
    if each.place == IN_CLASS:
        return "LZ201", "in a class, whose body runs at once"
    if each.place == IN_WITH:
        return "LZ203", "inside with, which may change what the import sees"
    if all(target in ALWAYS_LOADED for target in each.targets):
        return "LZ220", "loaded with the interpreter"
    return None


def _by_use(each: Statement, uses: Sequence[Uses], seen: runs.Seen | None) -> tuple[str, str] | None:
    """Keep what the file reads while imported, but in branches that a run did not take, and what it never reads."""
    late = seen is not None and seen.when in (runs.NEVER, runs.LATER)
    lines = [use.always if late else use.now for use in uses]
    if any(lines):
        more = "" if len(uses) == 1 else f" ({each.bound[[bool(line) for line in lines].index(True)]})"
        return "LZ218", f"used at once, line {min(filter(None, lines))}{more}"
    if all(use.is_never_named for use in uses):
        return "LZ209", "never named; delete it, unless it is there for its effect"
    if any(use.rebound for use in uses):
        return "LZ209", "something else binds the name, too"
    return None


def _by_name(each: Statement) -> tuple[str, str] | None:
    """Keep `from .train import train` in a package: loading the submodule later would put it in the name's place."""
    if each.names is not None and set(each.bound) & {target.rpartition(".")[2] for target in each.targets}:
        return "LZ222", "named like its submodule, which would take the name's place when it is loaded"
    return None


def _only_annotated(use: Uses) -> bool:
    return use.annotated and not (use.now or use.functions or use.exported)


def _when(seen: runs.Seen | None, uses: Sequence[Uses], functions: Sequence[str]) -> str:
    """When it is used first, as far as anybody knows."""
    if seen is not None:
        return "never used in this run" if seen.when == runs.NEVER else f"first used late, {seen.place}"
    if functions:
        few = ", ".join(functions[:2]) + (f" and {len(functions) - 2} more" if len(functions) > 2 else "")
        return f"used in {few}" + ("" if len(functions) > 1 else " alone")
    return "used by annotations" if any(use.annotated for use in uses) else "taken from here by others"


def _unless_shared(each: Advice, every: Sequence[Advice]) -> Advice:
    """`__lazy_modules__` names modules, not statements: all statements of one are lazy, or none is."""
    if each.kind not in (MODULES, FUNCTION):
        return each
    for other in every:
        same = set(other.statement.targets) & set(each.statement.targets)
        if same and other.kind in (KEEP, TYPES) and other.statement.place != IN_TRY and other.code != "LZ202":
            why = f"line {other.statement.line} imports {min(same)} too, and stays"
            return _keep(each.statement, other.code, why)
    return each


def _unless_no_place(each: Advice, source: Source, listed: Declared | None) -> Advice:
    if each.kind != MODULES:
        return each
    if listed is not None:
        why = "" if listed.insert_at is not None else "__lazy_modules__ is no plain list here"
    else:
        there = place_for_list(source, line_for_list(source, each.statement))
        why = "" if there is not None else "it shares its line with what has to come first"
    return each if not why else _keep(each.statement, "LZ502", why)
