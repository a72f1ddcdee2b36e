"""Small records, of which a test says every import and deferral itself: who, where, from which file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import record_files

from lazyimp import record as r

MS = 1_000_000
HEADER = {
    "format": r.FORMAT,
    "version": r.VERSION,
    "pid": 10,
    "ppid": 1,
    "unix_ns": 5,
    "mono_ns": 7,
    "before": ["sys"],
}


@dataclass
class Small:
    """Gathers a record."""

    mode: str = "0"
    core: str | None = None
    imports: list[r.Import] = field(default_factory=list)
    deferrals: dict[int, r.Deferral] = field(default_factory=dict)
    batch: r.FirstBatch | None = None

    def load(
        self, number: int, name: str, at: str, origin: str = "", parent: int = 0, use: int = 0, how: int = 0
    ) -> None:
        """An import: `at` is "file:line"; it starts at `number` ms and takes 1 ms."""
        file, _, line = at.rpartition(":")
        figures = (number * MS, MS, MS, 0, 0, 0, 0)
        self.imports.append(
            r.Import(number, parent, 0, name, file, int(line), *figures, origin, how, "", use)
        )

    def defer(self, number: int, module: str, target: str, at: str) -> None:
        """A deferral, written at `at`."""
        file, _, line = at.rpartition(":")
        self.deferrals[number] = r.Deferral(
            number, module, target, target, "", file, int(line), r.BINDING, number
        )

    def use(self, number: int, at: str, at_ms: float = 9, error: str = "") -> None:
        """The first use of a deferral, by a function; it takes 7 ms."""
        file, _, line = at.rpartition(":")
        use = r.Use(file, int(line), "go", int(at_ms * MS), 7 * MS, error)
        self.deferrals[number] = self.deferrals[number]._replace(use=use)

    def first_batch(self, at_ms: int, cpu_ms: int = 100) -> None:
        """The first batch."""
        self.batch = r.FirstBatch("a rule", "high", at_ms * MS, r.Counters(cpu_ms * MS), "")

    def write(self, path: Path) -> Path:
        """The record as a file."""
        end = r.End(1000 * MS, 100 * MS, 0, r.Counters(100 * MS), "")
        header = {**HEADER, "mode": self.mode, "core": self.core}
        deferrals = tuple(self.deferrals.values())
        made = r.Record("", header, tuple(self.imports), deferrals, first_batch=self.batch, end=end)
        return record_files.write(made, path)
