"""What a RECORD lists: its top-level names and its size at a glance, each file's line when it is asked for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

OUTSIDE = (b"..", b".", b"")  # how paths begin that lead out of the site, or are absolute
_ODD = (b'"', b"\\", b":")  # in quoted paths and in those of Windows
_SIZES = re.compile(rb",(\d+)\r?\n").findall


class Row(NamedTuple):
    """A line of RECORD: the path as it is written, `sha256=...` or "", the size or -1."""

    path: str
    digest: str
    size_bytes: int


class Outline(NamedTuple):
    """All of it at a glance: the first parts of the paths below the site, the paths that are elsewhere, the sizes."""

    tops: frozenset[str] = frozenset()
    outside: tuple[str, ...] = ()  # leading out of the site, absolute, of Windows; as they are written
    size_bytes: int = 0  # of the files
    text_bytes: int = 0  # of the list itself


class Listed:
    """The RECORD in the file `path`; empty where there is none.

    There are many lines (13,000 for torch, 90,000 in 280 distributions), and few of them are ever asked for. So the
    outline is made without looking at each, and of the text nothing is kept until the first is.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def _read(self) -> bytes:
        try:
            with open(self._path, "rb", buffering=0) as file:
                data = file.read()
        except OSError:
            return b""
        return data + b"\n" if data and not data.endswith(b"\n") else data

    @functools.cached_property
    def outline(self) -> Outline:
        """All of it at a glance."""
        data = self._read()
        return (_outline(data) or _read_outline(self._by_path.values(), len(data))) if data else Outline()

    @functools.cached_property
    def _by_path(self) -> dict[bytes, bytes]:
        data = self._read()
        if b'"' in data:
            return {_path(line): line for line in _unquoted(data)}
        found = {line.partition(b",")[0]: line for line in data.split(b"\n")}
        found.pop(b"", None)
        return found

    def __contains__(self, path: str) -> bool:
        return _bytes(path) in self._by_path

    def row(self, path: str) -> Row | None:
        """The line of a path, as it is written."""
        line = self._by_path.get(_bytes(path))
        return None if line is None else _row(line)

    def rows(self) -> Iterator[Row]:
        """All lines, as they are written."""
        return map(_row, self._by_path.values())


def _row(line: bytes) -> Row:
    path, digest, size = (*_text(line).rstrip("\r").rsplit(",", 2), "", "")[:3]
    return Row(path, digest, int(size) if size.isdecimal() else -1)


def _path(line: bytes) -> bytes:
    """What stands before the last two commas, quotes taken off."""
    return line.rsplit(b",", 2)[0]


def _unquoted(data: bytes) -> Iterator[bytes]:
    import csv  # few need it

    for row in csv.reader(_text(data).splitlines()):
        if row and row[0]:
            yield _bytes(",".join((*row, "", "")[:3]))


def _outline(data: bytes) -> Outline | None:
    """The outline of a RECORD whose lines stand together by their first part; None where they do not.

    The last line with the same first part is searched for from the end, and that all between have it is counted.
    """
    if any(each in data for each in _ODD):
        return None
    tops: set[bytes] = set()
    outside: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        line_end = data.index(b"\n", at)
        comma = data.find(b",", at, line_end)
        if comma <= at:
            return None
        top, slash, _ = data[at:comma].partition(b"/")
        start = b"\n" + top + slash
        last = data.rfind(start, line_end) if slash else -1
        if last >= 0:
            if data.count(b"\n", line_end, last) != data.count(start, line_end, last):
                return None
            line_end = data.index(b"\n", last + 1)
        if top in OUTSIDE:
            outside += data[at:line_end].split(b"\n")
        elif data.find(b"/../", at, line_end) >= 0:
            return None
        else:
            tops.add(top)
        at = line_end + 1
    return _made(tops, outside, sum(map(int, _SIZES(data))), end)


def _read_outline(lines: Iterable[bytes], text_bytes: int) -> Outline:
    """The same, line by line."""
    tops: set[bytes] = set()
    outside: list[bytes] = []
    size_bytes = 0
    for line in lines:
        path = _path(line)
        top = path.partition(b"/")[0]
        if top in OUTSIDE or b"/../" in path or b"\\" in path or path[1:2] == b":":
            outside.append(line)
        else:
            tops.add(top)
        size_bytes += max(_row(line).size_bytes, 0)
    return _made(tops, outside, size_bytes, text_bytes)


def _made(tops: Iterable[bytes], outside: Iterable[bytes], size_bytes: int, text_bytes: int) -> Outline:
    paths = tuple(_text(_path(line)) for line in outside)
    return Outline(frozenset(map(_text, tops)), paths, size_bytes, text_bytes)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
