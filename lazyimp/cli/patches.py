"""Changes of files as people and `patch` read them, and the pyproject.toml that commands change."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from lazyimp import _program
from lazyimp.cli.style import CYAN, GREEN, RED, Style
from lazyimp.errors import ConfigError

PROJECT = "pyproject.toml"


def diff(name: str, before: bytes, after: bytes) -> list[str]:
    """A unified diff that `patch` and `git apply` take; bytes that are no text come back as they were."""
    old, new = (
        re.findall(r"[^\n]*\n|[^\n]+", data.decode("utf-8", "surrogateescape")) for data in (before, after)
    )
    lines = []
    for line in difflib.unified_diff(old, new, f"a/{name}" if before else "/dev/null", f"b/{name}"):
        lines.append(line.removesuffix("\n"))
        if not line.endswith("\n"):
            lines.append("\\ No newline at end of file")
    return lines


def coloured(lines: list[str], style: Style) -> list[str]:
    """The lines of a diff in the usual colours."""
    colours = {"+": GREEN, "-": RED, "@": CYAN}
    return [style.paint(line, colours.get(line[:1], "")) for line in lines]


def show(lines: list[str]) -> None:
    """Print lines that may hold bytes that are no text."""
    sys.stdout.flush()
    text = "".join(f"{line}\n" for line in lines)
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "surrogateescape"))
    sys.stdout.flush()


# -- pyproject.toml --------------------------------------------------------------------------------------


def nearest_project(folder: Path) -> Path:
    """The pyproject.toml that holds our table, else the nearest one, else a new one in the folder."""
    found = _program.search_config(str(folder))
    return Path(found) if found is not None else nearest_file(folder)


def nearest_file(folder: Path) -> Path:
    """The nearest pyproject.toml, else a new one in the folder."""
    for each in [folder, *folder.parents][: _program.CONFIG_LEVELS]:
        if (each / PROJECT).is_file():
            return each / PROJECT
    return folder / PROJECT


def change_project(path: Path, change: Callable[[str], str | None], is_dry: bool, style: Style) -> bool:
    """Change the file's text, show the diff and write it; false where nothing changes. Raises ConfigError.

    `change` sees and gives line feeds only; the file keeps its kind of line ends. None from it: not for certain.
    """
    before = read_or_nothing(path)
    name = os.path.relpath(path).replace(os.sep, "/")
    short = path.name if name.startswith("..") else name
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: not a TOML file: it is not UTF-8") from None
    crlf = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    changed = change(text.replace("\r\n", "\n") if crlf else text)
    if changed is None:
        raise ConfigError(f"{name} cannot be changed for certain; edit its [tool.lazyimp] by hand")
    after = (changed.replace("\n", "\r\n") if crlf else changed).encode("utf-8")
    if after == before:
        return False
    show(coloured(diff(short, before, after), style))
    if not is_dry:
        write(str(path), after)
        print(f"written to {name}", file=sys.stderr)
    return True


def read_or_nothing(path: Path) -> bytes:
    """The file's bytes, none where it is not there; raises ConfigError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror or error}") from None


def write(path: str, data: bytes) -> None:
    """Put new content in a file's place; raises ConfigError."""
    from lazyimp.migrate.source import replace_file

    try:
        replace_file(path, data)
    except OSError as error:
        raise ConfigError(f"cannot write {path!r}: {error.strerror or error}") from None
