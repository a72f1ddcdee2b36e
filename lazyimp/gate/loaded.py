"""What one run loaded until its first batch, sorted by kind, with the chain of imports that brought each module."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lazyimp import _units
from lazyimp.gate.lockfile import EAGER, Entry, Key, here, sorted_names
from lazyimp.record import FIRST_USE, LOADED, Import, Record

OURS = ("lazyimp", "lazyimp_c")
LONGEST_CHAIN = 100
SITES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


@dataclass(frozen=True)
class Step:
    """One step of a chain: `file`:`line` had `module` loaded, by a statement or by the first use of one."""

    file: str
    line: int
    module: str
    is_first_use: bool = False
    is_own: bool = False  # `file` is the project's
    written: str = ""  # where the statement stands that the first use belongs to

    @property
    def place(self) -> str:
        """file:line."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def told(self) -> str:
        """What happened there."""
        if not self.is_first_use:
            return f"imports {self.module}"
        return f"uses {self.module}" + (f", written at {self.written}" if self.written else "")


@dataclass(frozen=True)
class Loaded:
    """The modules of one run, by kind; `has_batch`: until its first batch, else until its end."""

    own: tuple[str, ...]
    packages: tuple[str, ...]
    stdlib: tuple[str, ...]
    cpu_s: float
    has_batch: bool
    laziness: str
    imports: Mapping[str, Import] = field(default_factory=dict)  # by module
    by_id: Mapping[int, Import] = field(default_factory=dict)
    written: Mapping[tuple[str, int], Mapping[str, str]] = field(
        default_factory=dict
    )  # by first use, by module

    @property
    def modules(self) -> tuple[str, ...]:
        """All of them, in the order they were asked for."""
        return tuple(self.imports)

    def entry(self, name: str, static: Iterable[str]) -> Entry:
        """What the lock would say."""
        key = Key(name, *here(), self.laziness)
        stdlib = sorted_names(each.partition(".")[0] for each in self.stdlib)
        packages = sorted_names(each.partition(".")[0] for each in self.packages)
        return Entry(key, len(self.imports), sorted_names(self.own), packages, stdlib, sorted_names(static))

    def of_package(self, top: str) -> list[str]:
        """The loaded modules of a package, the first to come first."""
        return [name for name in self.imports if name == top or name.startswith(top + ".")]

    def for_own_code(self) -> list[str]:
        """The modules that own code had loaded, itself among them: not what a test runner loads for itself."""
        units = _units.Units()
        answers: dict[int, bool] = {}

        def is_own(path: str) -> bool:
            return os.path.isabs(path) and units.of_module("__main__", path)[0] == _units.OWN

        def led(row: Import | None) -> bool:
            if row is None:
                return False
            if row.id not in answers:
                answers[row.id] = is_own(row.file) or is_own(row.origin) or led(self.by_id.get(row.parent))
            return answers[row.id]

        return [name for name, row in self.imports.items() if led(row)]

    def chain(self, module: str) -> list[Step]:
        """Who had the module loaded, from the program down to it."""
        steps: list[Step] = []
        row = self.imports.get(module)
        while row is not None and len(steps) < LONGEST_CHAIN:
            steps.append(step_of(row, self.written.get((row.file, row.line), {}).get(row.name, "")))
            row = self.by_id.get(row.parent)
        return _without_repetition(steps[::-1])


def step_of(row: Import, written: str = "") -> Step:
    """The step that an import is."""
    near = shown(row.file)
    is_own = bool(row.line) and not os.path.isabs(near) and not any(site in row.file for site in SITES)
    return Step(near, row.line, row.name, row.use == FIRST_USE, is_own and not near.startswith("<"), written)


def _without_repetition(steps: list[Step]) -> list[Step]:
    """The chain without the packages that a dotted name loads on its way: they stand on the same line."""
    kept: list[Step] = []
    for step in steps:
        if kept and kept[-1].place == step.place and kept[-1].module.startswith(step.module + "."):
            continue
        while kept and kept[-1].place == step.place and step.module.startswith(kept[-1].module + "."):
            kept.pop()
        kept.append(step)
    return kept


def loaded_by(record: Record) -> Loaded:
    """What the main process of a record loaded until its first batch, or until its end."""
    batch = record.first_batch
    rows: dict[str, Import] = {}
    for row in record.imports:
        in_time = batch is None or row.start_ns < batch.at_ns
        if row.how == LOADED and in_time and row.name.partition(".")[0] not in OURS:
            rows.setdefault(row.name, row)
    units = _units.Units()
    kinds: dict[str, list[str]] = {_units.OWN: [], _units.DIST: [], _units.STDLIB: []}
    for row in rows.values():
        kinds[kind_of(units, row.name, row.origin)].append(row.name)
    counters = (
        batch.counters if batch is not None else record.end.counters if record.end is not None else None
    )
    return Loaded(
        tuple(kinds[_units.OWN]),
        tuple(kinds[_units.DIST]),
        tuple(kinds[_units.STDLIB]),
        counters.cpu_ns / 1e9 if counters is not None else 0.0,
        batch is not None,
        laziness_of(record),
        rows,
        {row.id: row for row in record.imports},
        _written(record),
    )


def _written(record: Record) -> dict[tuple[str, int], dict[str, str]]:
    """Where the statements stand that first uses belong to: by the place of the use, then by the module."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    for each in record.deferrals:
        if each.use is not None:
            names = found.setdefault((each.use.file, each.use.line), {})
            near = shown(each.file)
            names.setdefault(
                each.target, f"line {each.line}" if each.file == each.use.file else f"{near}:{each.line}"
            )
    return found


def kind_of(units: _units.Units, name: str, origin: str) -> str:
    """own, distribution or stdlib."""
    path = origin if os.path.isabs(origin) else None
    kind = units.of_module(name, path)[0]
    if path is None and kind == _units.OWN:
        kind = units.of_top(name.partition(".")[0])[0] or _units.OWN  # made by hand, or without a file
    return kind


def laziness_of(record: Record) -> str:
    """How the run was lazy, as the lock says it."""
    mode = record.facts.get("mode") or record.header.get("mode")
    core = record.facts.get("core") or record.header.get("core")
    return EAGER if mode in (None, "0") or core is None else f"{mode}, core {core}"


def shown(path: str) -> str:
    """A file from the working folder on, or from where distributions are installed."""
    for home in SITES:
        if home in path:
            return path.rpartition(home)[2]
    if not os.path.isabs(path):
        return path or "?"
    near = os.path.relpath(path)
    return path if near.startswith("..") else near
