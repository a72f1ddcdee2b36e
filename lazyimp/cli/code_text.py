"""A message code in words: what `lazyimp explain LZ203` prints."""

from __future__ import annotations

from lazyimp.cli.style import BOLD, CYAN, Style
from lazyimp.codes import CODES, Code


def as_text(code: Code, style: Style) -> list[str]:
    """Title, reason, and what to do."""
    return [
        f"{style.paint(code.code, BOLD)}  {code.title}",
        "",
        *style.indented(code.text, 2),
        "",
        *style.indented(f"{style.arrow()} {code.way_out}", 2, CYAN),
    ]


def as_json(code: Code) -> dict[str, object]:
    """The same as plain values."""
    return dict(vars(code))


def overview(style: Style) -> list[str]:
    """All codes with their titles."""
    return [f"{style.paint(each.code, BOLD)}  {each.title}" for each in CODES]
