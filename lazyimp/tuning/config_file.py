"""Adds eager patterns to the `[tool.lazyimp]` table of a pyproject.toml and leaves every other byte alone."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLE = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*lazyimp[ \t]*\][ \t]*(#[^\n]*)?$", re.MULTILINE)
_EAGER = re.compile(r"^[ \t]*eager[ \t]*=[ \t]*\[", re.MULTILINE)
_NEXT = re.compile(r"^[ \t]*\[", re.MULTILINE)


def entries(rules: Sequence[tuple[str, str]]) -> str:
    """The lines of an `eager` list."""
    return "".join(f'    {{ pattern = "{pattern}", reason = "{reason}" }},\n' for pattern, reason in rules)


def table(rules: Sequence[tuple[str, str]]) -> str:
    """A whole `[tool.lazyimp]` table."""
    return f"[tool.lazyimp]\neager = [\n{entries(rules)}]\n"


def added(text: str, rules: Sequence[tuple[str, str]]) -> str | None:
    """`text` with the rules in it; None where that cannot be done for certain."""
    before = _parsed(text)
    if before is None:
        return None
    header = _TABLE.search(text)
    if header is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        after = text + gap + table(rules)
    else:
        end = header.end()
        stop = _NEXT.search(text, end)
        eager = _EAGER.search(text, end, _end_of_table(text, end, stop))
        if eager is not None:
            rest = text[eager.end() :]
            after = (
                text[: eager.end()]
                + "\n"
                + entries(rules)
                + (rest[1:] if rest[:1] == "\n" else "    " + rest)
            )
        else:
            after = f"{text[:end]}\neager = [\n{entries(rules)}]{text[end:]}"
    return after if _parsed(after) == _expected(before, rules) else None


def _end_of_table(text: str, start: int, stop: re.Match[str] | None) -> int:
    return stop.start() if stop is not None else len(text)


def _expected(before: dict[str, Any], rules: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the file has to say afterwards."""
    tool = before.get("tool", {})
    mine = tool.get("lazyimp", {})
    new = [{"pattern": pattern, "reason": reason} for pattern, reason in rules]
    return {**before, "tool": {**tool, "lazyimp": {**mine, "eager": new + mine.get("eager", [])}}}


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
