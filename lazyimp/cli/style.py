"""How commands look on a terminal: colours where they are wanted, marks, and text wrapped beside a label."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

WIDTH = 80  # of a pipe; wider terminals get longer lines, up to WIDEST
WIDEST, NARROWEST = 100, 40
GREEN, RED, YELLOW, CYAN, DIM, BOLD = "32", "31", "33", "36", "2", "1"

GOOD, NOTE, BAD = "good", "note", "bad"
MARKS = {GOOD: ("✓", "+", GREEN), NOTE: ("!", "!", YELLOW), BAD: ("✗", "x", RED)}
COLOUR = {GOOD: GREEN, NOTE: YELLOW, BAD: RED}


@dataclass(frozen=True)
class Style:
    """Colours or none, the signs that the stream can print, and the room there is."""

    is_coloured: bool = False
    is_unicode: bool = True
    width: int = WIDTH

    @staticmethod
    def of(stream: TextIO, environ: Mapping[str, str] | None = None) -> Style:
        """As the stream, NO_COLOR, CLICOLOR_FORCE and FORCE_COLOR have it, in this order."""
        environ = os.environ if environ is None else environ
        return Style(wants_colour(stream, environ), _prints_marks(stream), _width(stream))

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.is_coloured and code else text

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


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour what is written to the stream."""
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("CLICOLOR_FORCE", "FORCE_COLOR")):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


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


def _prints_marks(stream: TextIO) -> bool:
    try:
        "✓✗→".encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _width(stream: TextIO) -> int:
    if not stream.isatty() and not os.environ.get("COLUMNS"):
        return WIDTH
    return max(NARROWEST, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST))
