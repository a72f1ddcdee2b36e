"""What a recorded run says about the import statements of a file: used when, by whom, at what cost."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass

from lazyimp.record import LOADED, RUNNING, Deferral, Record

NEVER, LATER, BEFORE_BATCH, AT_ONCE, FAILED = "never", "later", "before the first batch", "at once", "failed"


@dataclass(frozen=True)
class Seen:
    """One statement in the run: `when` its names were first used, by which place, and what that took."""

    when: str
    place: str = ""
    wall_ms: float = 0.0


class Measured:
    """One run, asked by file and line."""

    def __init__(self, record: Record) -> None:
        self._rows: dict[str, list[tuple[Deferral, Record]]] = defaultdict(list)
        self._files: set[str] = set()
        self._costs: dict[tuple[str, int], float] = defaultdict(float)
        self._ends: dict[tuple[int, str], int] = {}
        for each in record.processes():
            self._take(each)

    def _take(self, record: Record) -> None:
        folder = str(record.header.get("cwd") or "")
        for deferral in record.deferrals:
            self._rows[_real(folder, deferral.file)].append((deferral, record))
        for row in record.imports:
            if row.how == LOADED:
                self._files.add(_real(folder, row.origin))
                self._ends[id(record), row.name] = row.start_ns + row.wall_ns
                self._costs[_real(folder, row.file), row.line] += row.wall_ns / 1e6
        main = record.header.get("main") or record.facts.get("main")
        if isinstance(main, dict) and main.get("kind") == "script":
            self._files.add(_real(folder, str(main.get("name", ""))))

    def ran(self, file: str) -> bool:
        """The file's module was loaded in this run."""
        path = os.path.realpath(file)
        return path in self._files or path in self._rows

    def of(self, file: str, first: int, last: int) -> Seen | None:
        """What became of the statement on these lines; None where none was deferred."""
        rows = [
            (deferral, record)
            for deferral, record in self._rows.get(os.path.realpath(file), ())
            if first <= deferral.line <= last
        ]
        if not rows:
            return None
        return min((self._seen(*each) for each in rows), key=lambda seen: _ORDER.index(seen.when))

    def cost_ms(self, file: str, line: int) -> float:
        """What the imports of a line took in this run."""
        return self._costs.get((os.path.realpath(file), line), 0.0)

    def _seen(self, deferral: Deferral, record: Record) -> Seen:
        use = deferral.use
        if use is None:
            return Seen(NEVER)
        place = f"{_near(str(record.header.get('cwd') or ''), use.file)}:{use.line}"
        wall = use.wall_ns / 1e6
        if use.error:
            return Seen(FAILED, place, wall)
        if use.function == "<module>" and _real("", use.file) == _real("", deferral.file):
            return Seen(AT_ONCE, place, wall)
        if use.function.endswith(RUNNING):
            return Seen(LATER, f"{place} or later", wall)
        end = self._ends.get((id(record), deferral.module))
        if end is not None and use.at_ns < end:
            return Seen(AT_ONCE, place, wall)
        batch = record.first_batch
        if batch is not None and use.at_ns < batch.at_ns:
            return Seen(BEFORE_BATCH, place, wall)
        return Seen(LATER, place, wall)


_ORDER = (FAILED, AT_ONCE, BEFORE_BATCH, LATER, NEVER)


def _real(folder: str, path: str) -> str:
    return os.path.realpath(os.path.join(folder, path)) if path else ""


def _near(folder: str, path: str) -> str:
    _, installed, rest = path.rpartition("/site-packages/")
    if installed:
        return rest
    full = os.path.join(folder, path)
    near = os.path.relpath(full)
    return full if near.startswith("..") else near
