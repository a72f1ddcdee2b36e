"""Changes the patterns in the `[tool.lazyimp]` table of a pyproject.toml and leaves every other byte alone."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

from lazyimp.tuning import toml_array

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLE = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*lazyimp[ \t]*\][ \t]*(#[^\n]*)?$", re.MULTILINE)
_LISTS = {key: re.compile(rf"^[ \t]*{key}[ \t]*=[ \t]*\[", re.MULTILINE) for key in ("eager", "lazy")}
SHORT = 88
_NEXT = re.compile(r"^[ \t]*\[", re.MULTILINE)


def entries(rules: Sequence[tuple[str, str]]) -> str:
    """The lines of a list of patterns."""
    return "".join(f"    {_entry(*rule)},\n" for rule in rules)


def _entry(pattern: str, reason: str) -> str:
    return f'{{ pattern = "{pattern}", reason = "{reason}" }}' if reason else f'"{pattern}"'


def table(rules: Sequence[tuple[str, str]], key: str = "eager") -> str:
    """A whole `[tool.lazyimp]` table."""
    return f"[tool.lazyimp]\n{key} = [\n{entries(rules)}]\n"


def added(text: str, rules: Sequence[tuple[str, str]], key: str = "eager") -> str | None:
    """`text` with the rules in its `eager` or `lazy` list; None where that cannot be done for certain."""
    before = _parsed(text)
    if before is None:
        return None
    header = _TABLE.search(text)
    if header is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        after = text + gap + table(rules, key)
    else:
        end = header.end()
        stop = _NEXT.search(text, end)
        there = _LISTS[key].search(text, end, _end_of_table(text, end, stop))
        if there is not None:
            after = text[: there.end()] + _in_front(text, there, rules)
        else:
            after = f"{text[:end]}\n{key} = [\n{entries(rules)}]{text[end:]}"
    new = [{"pattern": pattern, "reason": reason} if reason else pattern for pattern, reason in rules]
    return after if _parsed(after) == _with_list(before, key, new + _list(before, key)) else None


def _in_front(text: str, there: re.Match[str], rules: Sequence[tuple[str, str]]) -> str:
    """The rest of `text` behind a list's bracket, with the rules in front: on its line where that is short."""
    rest = text[there.end() :]
    line = rest.partition("\n")[0]
    inline = ", ".join(_entry(*rule) for rule in rules)
    if line.strip() and len(there.group()) + len(inline) + len(line) < SHORT:
        return inline + ("" if line.lstrip().startswith("]") else ", ") + rest
    if rest[:1] == "\n":
        return f"\n{entries(rules)}{rest[1:]}"
    return f"\n{entries(rules)}{rest if rest.lstrip().startswith(']') else '    ' + rest}"


def removed(text: str, pattern: str, key: str = "eager") -> str | None:
    """`text` without the entries for `pattern` in that list; None where that cannot be done for certain."""
    before = _parsed(text)
    header = _TABLE.search(text)
    if before is None or header is None:
        return None
    there = _LISTS[key].search(
        text, header.end(), _end_of_table(text, header.end(), _NEXT.search(text, header.end()))
    )
    if there is None:
        return None
    after = text
    for start, end in reversed(list(toml_array.elements(text, there.end()))):
        value = _parsed(f"x = {text[start:end]}")
        if value is not None and is_for(value["x"], pattern):
            after = toml_array.without(after, start, end)
    rest = [each for each in _list(before, key) if not is_for(each, pattern)]
    return after if _parsed(after) == _with_list(before, key, rest) else None


def has(text: str, pattern: str, key: str) -> bool:
    """The list has an entry for the pattern."""
    return any(is_for(each, pattern) for each in _list(_parsed(text) or {}, key))


def is_for(entry: Any, pattern: str) -> bool:
    """An entry of a list, a string or a table, is for that pattern."""
    return bool((entry.get("pattern") if isinstance(entry, dict) else entry) == pattern)


def _end_of_table(text: str, start: int, stop: re.Match[str] | None) -> int:
    return stop.start() if stop is not None else len(text)


def _list(table: dict[str, Any], key: str) -> list[Any]:
    found: list[Any] = table.get("tool", {}).get("lazyimp", {}).get(key, [])
    return found


def _with_list(before: dict[str, Any], key: str, patterns: list[Any]) -> dict[str, Any]:
    """What the file has to say afterwards."""
    tool = before.get("tool", {})
    mine = tool.get("lazyimp", {})
    return {**before, "tool": {**tool, "lazyimp": {**mine, key: patterns}}}


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
