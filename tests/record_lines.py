"""Records as the files they are: a line for each thing that a test wants in one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Lines:
    """Gathers a record's lines; texts get their numbers by themselves."""

    mode: str = "0"
    core: str | None = None
    lines: list[list[object]] = field(default_factory=list)
    texts: dict[str, int] = field(default_factory=lambda: {"": 0})

    def text(self, value: str) -> int:
        """The number of a text."""
        if value not in self.texts:
            self.texts[value] = len(self.texts)
            self.lines.append(["s", value])
        return self.texts[value]

    def load(
        self,
        number: int,
        name: str,
        at: str,
        origin: str = "",
        *,
        parent: int = 0,
        use: int = 0,
        how: int = 0,
    ) -> None:
        """An import: `at` is "file:line"; it starts at `number` ms and takes 1 ms."""
        file, _, line = at.rpartition(":")
        start = number * 1_000_000
        row = [self.text(name), self.text(file), int(line or 0), start, 1_000_000, 900_000, 0, 0, 0, 0]
        self.lines.append(["i", number, parent, 0, *row, self.text(origin), how, 0, use])

    def defer(
        self,
        number: int,
        module: str,
        bound: str,
        target: str,
        at: str,
        used: str = "",
        by: str = "",
        attribute: str = "",
    ) -> None:
        """A deferral written at `at`; `used` is where it was first used."""
        file, _, line = at.rpartition(":")
        names = [self.text(each) for each in (module, bound, target, attribute, file)]
        self.lines.append(["d", number, *names, int(line), 0, number * 1000])
        if used:
            file, _, line = used.rpartition(":")
            self.lines.append(["u", number, self.text(file), int(line), self.text(by), 9_000_000, 10, 0])

    def first_batch(self, at_ms: int, cpu_ms: int = 100) -> None:
        """The first batch."""
        counters = [cpu_ms * 1_000_000, 0, 0, 0, 0, 0]
        self.lines.append(["b", self.text("a rule"), self.text("high"), at_ms * 1_000_000, *counters, 0])

    def write(self, path: Path) -> Path:
        """The file, with its header and its end."""
        header = {
            "format": "lazyimp-record", "version": 1, "pid": 10, "ppid": 1, "unix_ns": 5, "mono_ns": 7,
            "mode": self.mode, "core": self.core, "before": ["sys"],
        }  # fmt: skip
        end: Sequence[object] = ["e", 10**9, 10**8, 0, 0, 0, 0, 0, 0, 0]
        path.write_text("\n".join(map(json.dumps, [header, *self.lines, end])) + "\n")
        return path
