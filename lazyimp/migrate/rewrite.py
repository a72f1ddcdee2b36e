"""Carries the advice out: `lazy ` before statements, or a `__lazy_modules__` before the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from lazyimp.migrate.advice import ALWAYS_LOADED, LAZY, MODULES, Advised
from lazyimp.migrate.source import Edit
from lazyimp.migrate.statements import LIST, Declared, line_for_list, place_for_list

WIDTH = 88


def rewritten(advised: Advised) -> bytes:
    """The file's new bytes; the old ones where there is nothing to do."""
    edits = [Edit(each.statement.offset, b"lazy ") for each in advised.of_kind(LAZY)]
    modules = advised.of_kind(MODULES)
    names = sorted({target for each in modules for target in each.statement.targets} - ALWAYS_LOADED)
    if names:
        edits += _list_edit(advised, names, line_for_list(advised.source, modules[0].statement))
    return advised.source.edited(edits)


def _list_edit(advised: Advised, names: Sequence[str], line: int) -> list[Edit]:
    source, there = advised.source, advised.declared
    if there is not None:
        new = [name for name in names if name not in there.names]
        return _added(there, new) if new else []
    at = place_for_list(source, line)
    return [] if at is None else [Edit(at, _text(names, source.newline))]


def _added(there: Declared, names: Sequence[str]) -> list[Edit]:
    if there.insert_at is None:
        return []
    text = ", ".join(f'"{name}"' for name in names)
    return [
        Edit(there.insert_at, (text if there.is_empty else f", {text}").encode("ascii", "backslashreplace"))
    ]


def _text(names: Sequence[str], newline: bytes) -> bytes:
    quoted = [f'"{name}"' for name in names]
    line = f"{LIST} = [{', '.join(quoted)}]"
    lines = [line] if len(line) <= WIDTH else [f"{LIST} = [", *(f"    {name}," for name in quoted), "]"]
    return newline.join(each.encode("ascii", "backslashreplace") for each in [*lines, "", ""])
