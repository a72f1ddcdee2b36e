"""How commands look on a terminal: the reports' style, with marks, and text beside a label or wrapped to be copied."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from lazyimp.reports import terminal
from lazyimp.reports.terminal import BOLD, CYAN, DIM, GREEN, RED, YELLOW

WIDEST, NARROWEST = 100, 40  # lines of prose are no longer than that on wide terminals
MARKS = {"good": ("✓", "+", GREEN), "note": ("!", "!", YELLOW), "bad": ("✗", "x", RED)}

__all__ = ["BOLD", "CYAN", "DIM", "GREEN", "RED", "YELLOW", "Style", "printable", "shortened", "wrapped"]


@dataclass(frozen=True)
class Style(terminal.Style):
    """Colours or none, the signs that the stream can print, and the room there is."""

    @staticmethod
    def of(stream: TextIO, environment: Mapping[str, str] | None = None, colour: bool | None = None) -> Style:
        """As the stream and the usual variables have it."""
        found = terminal.Style.of(stream, environment, colour)
        return Style(found.is_coloured, max(NARROWEST, min(found.width, WIDEST)), found.is_unicode)

    def mark(self, kind: str) -> str:
        """A check mark, an exclamation mark or a cross."""
        fine, plain, colour = MARKS[kind]
        return self.paint(fine if self.is_unicode else plain, f"{BOLD};{colour}")

    def arrow(self) -> str:
        """An arrow to the right."""
        return "→" if self.is_unicode else "->"

    def beside(self, label: str, text: str, room: int, code: str = "", indent: int = 2) -> list[str]:
        """`text` wrapped beside a label that has `room` columns."""
        start = indent + room
        lines = wrapped(text, self.width - start)
        head = " " * indent + self.paint(label, code) + " " * max(1, room - len(label))
        return [(head + lines[0]).rstrip(), *(" " * start + line for line in lines[1:])]

    def indented(self, text: str, indent: int, code: str = "") -> list[str]:
        """`text` wrapped and moved to the right."""
        return [" " * indent + self.paint(line, code) for line in wrapped(text, self.width - indent)]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of `text`; a word that is too long keeps its length, so that it can be copied."""
    text = printable(text)
    return textwrap.wrap(text, max(width, 20), break_on_hyphens=False, break_long_words=False) or [""]


def printable(text: str) -> str:
    """`text` without what would move the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)


def shortened(text: str, width: int) -> str:
    """`text` cut in its middle to `width` columns."""
    if len(text) <= width:
        return text
    keep = max(width - 3, 2)
    head = keep // 2
    return text[:head] + "..." + text[len(text) - (keep - head) :]
