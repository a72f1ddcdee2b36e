"""Finds the elements of an array in TOML text, and takes one out without touching the others or their comments."""

from __future__ import annotations

from collections.abc import Iterator

QUOTES = ('"""', "'''", '"', "'")
OPENING, CLOSING = "[{", "]}"


def elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each element of the array whose opening bracket stands before `start`."""
    depth, at, begin = 0, start, None
    while at < len(text):
        char = text[at]
        if char == "#":
            at = _end_of_line(text, at)
            continue
        if char.isspace():
            at += 1
            continue
        if depth == 0 and char in ",]":
            if begin is not None:
                yield begin, _trimmed(text, begin, at)
            if char == "]":
                return
            begin, at = None, at + 1
            continue
        begin = at if begin is None else begin
        depth += (char in OPENING) - (char in CLOSING)
        at = _end_of_string(text, at) if char in "\"'" else at + 1


def _trimmed(text: str, begin: int, end: int) -> int:
    """Where an element ends: before the comments and blanks that stand in front of its comma."""
    last, at = begin, begin
    while at < end:
        if text[at] == "#":
            at = _end_of_line(text, at)
        elif text[at] in "\"'":
            last = at = _end_of_string(text, at)
        else:
            at += 1
            last = at if not text[at - 1].isspace() else last
    return last


def _end_of_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _end_of_string(text: str, at: int) -> int:
    quote = next(each for each in QUOTES if text.startswith(each, at))
    end = at + len(quote)
    while end < len(text) and not text.startswith(quote, end):
        end += 2 if text[end] == "\\" and quote[0] == '"' else 1
    return min(end + len(quote), len(text))


def without(text: str, start: int, end: int) -> str:
    """`text` without an element: its whole line where it has one to itself, else the element and one comma."""
    after = end
    while after < len(text) and text[after] in " \t":
        after += 1
    comma = after < len(text) and text[after] == ","
    after += comma
    line = text.rfind("\n", 0, start) + 1
    stop = _end_of_line(text, after)
    rest = text[after:stop].strip()
    if not text[line:start].strip() and (not rest or rest.startswith("#")):
        return text[:line] + text[stop + 1 :]
    if comma:
        while after < len(text) and text[after] in " \t":
            after += 1
        return text[:start] + text[after:]
    before = start
    while before and text[before - 1].isspace():
        before -= 1
    return text[: before - (text[before - 1] == ",")] + text[end:]
