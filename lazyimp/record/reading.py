"""Reads the records of a run, line by line, into values."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from lazyimp.record.values import (
    FORMAT,
    VERSION,
    Counters,
    Deferral,
    End,
    FirstBatch,
    Import,
    Mark,
    Opened,
    Phase,
    Record,
    RecordError,
    Rejected,
    Use,
)


def read_record(path: str | os.PathLike[str]) -> Record:
    """The record at `path` with those of the processes below it; raises RecordError."""
    path = os.fspath(path)
    own = read_one(path)
    folder, name = os.path.split(path)
    below = []
    for other in sorted(os.listdir(folder or ".")):
        if other.startswith(name + ".") and other[len(name) + 1 :].replace(".", "").isdigit():
            try:
                below.append(read_one(os.path.join(folder, other)))
            except RecordError:
                continue  # a process that died before its header was whole
    return _grow(own, below)


def _grow(record: Record, below: list[Record]) -> Record:
    """`record` with its children, each with theirs; who started nobody we know is a child of the run."""
    known = {record.header["pid"], *(each.header["pid"] for each in below)}
    roots = [
        each
        for each in below
        if each.header["ppid"] == record.header["pid"] or each.header["ppid"] not in known
    ]

    def children(parent: Record, rest: list[Record]) -> Record:
        mine = [each for each in rest if each.header["ppid"] == parent.header["pid"]]
        others = [each for each in rest if each not in mine]
        return replace(parent, children=tuple(_in_order([children(each, others) for each in mine])))

    rest = [each for each in below if each not in roots]
    return replace(record, children=tuple(_in_order([children(each, rest) for each in roots])))


def _in_order(records: list[Record]) -> list[Record]:
    return sorted(records, key=lambda each: (int(str(each.header["unix_ns"])), int(str(each.header["pid"]))))


def read_one(path: str | os.PathLike[str]) -> Record:
    """The record of one process, without those below it; raises RecordError."""
    path = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise RecordError(f"cannot read record {path!r}: {error.strerror or error}") from None
    first, newline, rest = data[: data.rfind(b"\n") + 1].partition(b"\n")
    header = _header(path, first if newline else b"")
    return _Reader(path, header).read(_rows(rest))


def _header(path: str, line: bytes) -> dict[str, object]:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise RecordError(f"{path!r} is not a record of lazyimp; `lazyimp profile` writes one")
    version = header.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise RecordError(
            f"record {path!r} has format version {version}, and this lazyimp reads {VERSION}; install a newer lazyimp"
        )
    numbers = {key: header[key] if type(header.get(key)) is int else 0 for key in _NUMBERS}
    return {**header, **numbers}


_LARGEST = 2**63
_INT = {int}
_NUMBERS = ("pid", "ppid", "unix_ns", "mono_ns")  # of the header, which the order of processes depends on


def _whole(row: list[Any]) -> list[int]:
    """`row`; raises TypeError where one of it is no whole number of 64 bits."""
    if set(map(type, row)) != _INT or max(row) > _LARGEST or min(row) < -_LARGEST:
        raise TypeError
    return row


def _rows(lines: bytes) -> list[Any]:
    """What the lines hold, None for one that is damaged; all are parsed at once where all are whole."""
    count = lines.count(b"\n")
    if count and lines.startswith(b"[") and lines.count(b"]\n") == lines.count(b"\n[") + 1 == count:
        try:
            rows = json.loads(b"[%b]" % lines[:-1].replace(b"\n", b","))
            if len(rows) == count:
                return cast("list[Any]", rows)
        except (ValueError, RecursionError):
            pass  # one of them is not whole
    return [_row(line) for line in lines.split(b"\n")[:-1]]


def _row(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


class _Reader:
    """Turns lines into a Record; what cannot be understood is left out and counted in facts["damaged"]."""

    def __init__(self, path: str, header: dict[str, object]) -> None:
        self.path = path
        self.header = header
        self.texts = [""]
        self.imports: list[Import] = []
        self.deferrals: dict[int, Deferral] = {}
        self.opened: list[Opened] = []
        self.libraries: list[str] = []
        self.phases: list[Phase] = []
        self.marks: list[Mark] = []
        self.batch: FirstBatch | None = None
        self.rejected: list[Rejected] = []
        self.present: list[tuple[str, str]] = []
        self.facts: dict[str, object] = {}
        self.end: End | None = None

    def read(self, rows: list[Any]) -> Record:
        """The Record."""
        kinds: dict[str, Callable[[list[Any]], None]] = {
            "i": self._import,
            "d": self._deferral,
            "u": self._use,
            "o": self._opened,
            "l": self._libraries,
            "p": self._phase,
            "m": self._mark,
            "b": self._batch,
            "r": self._rejected,
            "x": self._present,
            "v": self._fact,
            "e": self._end,
        }
        damaged = 0
        for row in rows:
            try:
                kind = row[0]
                if kind == "s":  # most are
                    text = row[1]
                    self.texts.append(
                        text if isinstance(text, str) else ""
                    )  # the numbers of those behind it stand
                elif kind in kinds:
                    kinds[kind](row[1:])
            except (ValueError, TypeError, IndexError, KeyError):
                damaged += 1
        if damaged:
            self.facts["damaged"] = damaged
        return Record(
            self.path,
            self.header,
            tuple(sorted(self.imports, key=lambda each: each.id)),
            tuple(self.deferrals[key] for key in sorted(self.deferrals)),
            tuple(self.opened),
            tuple(self.libraries),
            tuple(self.phases),
            tuple(self.marks),
            self.batch,
            tuple(self.rejected),
            tuple(self.present),
            self.facts,
            self.end,
        )

    def _import(self, row: list[int]) -> None:
        t = self.texts
        number, parent, thread, name, file, line, *figures, origin, how, error, use = _whole(row[:17])
        start, wall, cpu, minor, major, read, rss = figures
        function = t[row[17]] if len(row) > 17 else None
        made = (number, parent, thread, t[name], t[file], line, start, wall, cpu, minor, major, read, rss)
        self.imports.append(Import(*made, t[origin], how, t[error], use, function))

    def _deferral(self, row: list[int]) -> None:
        t = self.texts
        number, module, bound, target, attribute, file, line, kind, at = _whole(row[:9])
        self.deferrals[number] = Deferral(
            number, t[module], t[bound], t[target], t[attribute], t[file], line, kind, at
        )

    def _use(self, row: list[int]) -> None:
        t = self.texts
        number, file, line, function, at, wall, error = _whole(row[:7])
        use = Use(t[file], line, t[function], at, wall, t[error])
        known = self.deferrals[number]
        if known.use is None or known.use.error:  # what failed may be tried again
            self.deferrals[number] = known._replace(use=use)

    def _opened(self, row: list[int]) -> None:
        path, at, during, writes = _whole(row[:4])
        self.opened.append(Opened(self.texts[path], at, during, bool(writes)))

    def _libraries(self, row: list[int]) -> None:
        self.libraries += [self.texts[path] for path in row]

    def _phase(self, row: list[int]) -> None:
        name, start, wall, cpu, minor, major, detail = _whole(row[:7])
        self.phases.append(Phase(self.texts[name], start, wall, cpu, minor, major, self.texts[detail]))

    def _mark(self, row: list[int]) -> None:
        name, at, *counters = _whole(row[:8])
        self.marks.append(Mark(self.texts[name], at, Counters(*counters)))

    def _batch(self, row: list[int]) -> None:
        rule, confidence, at, *counters = _whole(row[:9])
        framework = self.texts[row[9]] if len(row) > 9 else ""
        self.batch = FirstBatch(self.texts[rule], self.texts[confidence], at, Counters(*counters), framework)

    def _rejected(self, row: list[int]) -> None:
        rule, at, why = _whole(row[:3])
        self.rejected.append(Rejected(self.texts[rule], at, self.texts[why]))

    def _present(self, row: list[int]) -> None:
        self.present.append((self.texts[row[0]], self.texts[row[1]]))

    def _fact(self, row: list[object]) -> None:
        self.facts[str(row[0])] = row[1]

    def _end(self, row: list[int]) -> None:
        at, user, system, *counted = _whole(row[:8])
        counters = Counters(user + system, *counted)
        self.end = End(at, user, system, counters, self.texts[row[8]])
