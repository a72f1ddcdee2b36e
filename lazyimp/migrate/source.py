"""One source file as bytes, with the places of its syntax tree in them, so that edits leave every other byte alone."""

from __future__ import annotations

import ast
import codecs
import io
import os
import re
import shutil
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_BREAK = re.compile(rb"\r\n|\r|\n")
# `lazy import x` is a syntax error before 3.15. Parsed as two statements in the same columns it is none.
_LAZY = re.compile(rb"(?m)((?:^|[;:])[ \t\f]*)lazy([ \t]+)(?=(?:import|from)\b)")


class Unreadable(Exception):
    """The file is no Python source; the text says where."""


@dataclass(frozen=True)
class Edit:
    """Bytes to be put in at an offset."""

    at: int
    text: bytes


@dataclass(frozen=True)
class Source:
    """The bytes of a file and what is needed to find one's way in them."""

    path: str
    data: bytes
    encoding: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; where `lazy` stood before an import, the import alone."""
        try:
            return ast.parse(_LAZY.sub(_as_two_statements, self.data), self.path)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            raise Unreadable(f"{f'line {line}: ' if line else ''}{getattr(error, 'msg', error)}") from None

    @cached_property
    def lazy_offsets(self) -> frozenset[int]:
        """The offsets of imports with `lazy` in front of them."""
        return frozenset(match.end() for match in _LAZY.finditer(self.data))

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line; the byte order mark is not part of the first."""
        bom = len(codecs.BOM_UTF8) if self.data.startswith(codecs.BOM_UTF8) else 0
        return [bom, *(match.end() for match in _BREAK.finditer(self.data))]

    @property
    def newline(self) -> bytes:
        """What ends the first line; a line feed where there is one line only."""
        match = _BREAK.search(self.data)
        return match.group() if match else b"\n"

    def offset(self, line: int, column: int) -> int:
        """The place in the bytes of a tree's place: a line from 1 on, a column in bytes of UTF-8."""
        start = self.starts[line - 1]
        if self.encoding == "utf-8":
            return start + column
        end = self.starts[line] if line < len(self.starts) else len(self.data)
        text = self.data[start:end].decode(self.encoding)
        before = text.encode("utf-8")[:column].decode("utf-8")
        return start + len(before.encode(self.encoding))

    def column(self, line: int, column: int) -> int:
        """The column as editors count: characters from 1 on."""
        start, at = self.starts[line - 1], self.offset(line, column)
        return len(self.data[start:at].decode(self.encoding, "replace")) + 1

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes with all edits in them."""
        parts, last = [], 0
        for edit in sorted(edits, key=lambda each: each.at):
            parts += [self.data[last : edit.at], edit.text]
            last = edit.at
        return b"".join([*parts, self.data[last:]])


def _as_two_statements(match: re.Match[bytes]) -> bytes:
    return match[1] + b"0  ;" + match[2]


def read_source(path: str) -> Source:
    """The file at `path`; raises Unreadable, or OSError."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise Unreadable(str(error)) from None
    return Source(path, data, "utf-8" if encoding == "utf-8-sig" else encoding)


def replace_file(path: str, data: bytes) -> None:
    """Write a file's new content under a temporary name, with the mode it had, then rename; links stay links."""
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
        if os.path.exists(path):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def python_files(paths: Iterable[str]) -> list[str]:
    """The Python files that paths name, those in folders too; environments, builds and hidden folders are left out."""
    found: dict[str, None] = {}
    for path in paths:
        if not os.path.isdir(path):
            found[path] = None
            continue
        for folder, inner, names in os.walk(path):
            inner[:] = sorted(name for name in inner if not _is_left_out(os.path.join(folder, name)))
            found.update((os.path.join(folder, name), None) for name in sorted(names) if name.endswith(".py"))
    return list(found)


def _is_left_out(folder: str) -> bool:
    name = os.path.basename(folder)
    if name.startswith(".") or name in ("__pycache__", "build", "dist", "node_modules", "site-packages"):
        return True
    return os.path.isfile(os.path.join(folder, "pyvenv.cfg"))
