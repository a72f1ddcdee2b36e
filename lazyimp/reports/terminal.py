"""What is written to terminals: colours, bars, and tables that drop columns where there is no room.

Text may be cut to fit, numbers never are. Names come from programs, so nothing in them reaches a terminal as a
control character.
"""

from __future__ import annotations

import os
import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

RED, GREEN, YELLOW, BLUE, CYAN = "31", "32", "33", "34", "36"
BOLD, DIM = "1", "2"
WIDTH = 80
GAP = "  "
NARROWEST = 8  # to which text is cut where nothing else helps
_PLAIN = str.maketrans("·…→±█░", "-~>+#.")


@dataclass(frozen=True)
class Style:
    """How wide a line may be, with colours or none, and whether more than ASCII can be shown."""

    is_coloured: bool = False
    width: int = WIDTH
    is_unicode: bool = True

    @staticmethod
    def of(stream: TextIO, environment: Mapping[str, str] | None = None, colour: bool | None = None) -> Style:
        """What suits a stream: NO_COLOR, then `colour`, then CLICOLOR_FORCE and FORCE_COLOR, then the terminal."""
        environment = os.environ if environment is None else environment
        is_terminal = stream.isatty()
        forced = environment.get("CLICOLOR_FORCE", "0") != "0" or bool(environment.get("FORCE_COLOR"))
        wanted = (
            colour if colour is not None else forced or (is_terminal and environment.get("TERM") != "dumb")
        )
        columns = shutil.get_terminal_size((WIDTH, 24)).columns if is_terminal else WIDTH
        try:
            "·…█▏".encode(stream.encoding or "ascii")
            is_unicode = True
        except (UnicodeError, LookupError):
            is_unicode = False
        return Style(wanted and not environment.get("NO_COLOR"), max(columns, 20), is_unicode)

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.is_coloured and code and text else text

    def plain(self, text: str) -> str:
        """`text` as it can be shown: signs of our own in ASCII where that is all there is."""
        return text if self.is_unicode else text.translate(_PLAIN).encode("ascii", "replace").decode()


@dataclass(frozen=True)
class Cell:
    """Text in a colour; `bar` cells are made of painted parts that must not be touched."""

    text: str
    code: str = ""


@dataclass(frozen=True)
class Column:
    """A column: the higher `drop`, the sooner it goes; a `cut` one may be cut down to `least` columns."""

    title: str
    align: str = "<"
    drop: int = 0
    cut: str = ""  # "right", "left" for paths, whose end says more, "list" for what commas separate
    least: int = 12


Row = Sequence[Cell | str]


def clean(text: str) -> str:
    """`text` without what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "?" for each in text)


def wide(text: str) -> int:
    """How many columns `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def fit(text: str, room: int, cut: str = "right") -> str:
    """`text`, cut to `room` columns."""
    if wide(text) <= room:
        return text
    if cut == "list":
        parts = text.split(", ")
        for many in range(len(parts) - 1, 0, -1):
            some = f"{', '.join(parts[:many])}, …"
            if wide(some) <= room:
                return some
    kept = text[::-1] if cut == "left" else text
    while kept and wide(kept) > room - 1:
        kept = kept[: -max((wide(kept) - room + 1) // 2, 1)]
    return "…" + kept[::-1] if cut == "left" else kept + "…"


def headed(title: str, remark: str, style: Style) -> str:
    """A headline, and beside it what there is room for of a remark."""
    title = clean(title)
    room = style.width - wide(title) - len(GAP)
    shown = fit(clean(remark), room) if remark and room > 8 else ""
    return style.paint(style.plain(title), BOLD) + style.paint(style.plain(f"{GAP}{shown}"), DIM) * bool(
        shown
    )


def wrapped(text: str, style: Style, indent: int = 0, most: int = 0, code: str = "") -> list[str]:
    """`text` in lines with an indent; no more than `most` of them, if that is not 0."""
    room = max(style.width - indent, 16)
    lines = textwrap.wrap(clean(text), room, break_on_hyphens=False) or [""]
    if most and len(lines) > most:
        lines = [*lines[: most - 1], fit(" ".join(lines[most - 1 :]), room)]
    return [" " * indent + style.paint(style.plain(line), code) for line in lines]


def table(columns: Sequence[Column], rows: Sequence[Row], style: Style, indent: int = 0) -> list[str]:
    """The rows in aligned columns under their titles, no line wider than the style allows."""
    cells = [[_cell(each) for each in row] for row in rows]
    titles = [Cell(column.title, DIM) for column in columns]
    everything = [titles, *cells] if any(column.title for column in columns) else cells
    natural = [
        max(wide(row[place].text) for row in everything) if everything else 0 for place in range(len(columns))
    ]
    widths = _widths(columns, natural, style.width - indent)
    return [" " * indent + _line(columns, row, widths, style) for row in everything]


def _cell(value: Cell | str) -> Cell:
    return Cell(clean(value)) if isinstance(value, str) else Cell(clean(value.text), value.code)


def _widths(columns: Sequence[Column], natural: Sequence[int], room: int) -> dict[int, int]:
    """The width of each column that is kept."""
    kept = [place for place in range(len(columns)) if natural[place]]
    cut = [place for place in kept if columns[place].cut]
    widths = {p: min(natural[p], columns[p].least) if p in cut else natural[p] for p in kept}

    def spare() -> int:
        return room - sum(widths.values()) - len(GAP) * (len(widths) - 1)

    while spare() < 0 and any(columns[place].drop for place in widths):
        del widths[max(widths, key=lambda place: columns[place].drop)]
    while spare() < 0 and any(widths.get(place, 0) > NARROWEST for place in cut):
        widths[max((place for place in cut if place in widths), key=lambda place: widths[place])] -= 1
    for place in cut:
        if place in widths:
            widths[place] += max(min(natural[place] - widths[place], spare()), 0)
    return widths


def _line(columns: Sequence[Column], row: Sequence[Cell], widths: Mapping[int, int], style: Style) -> str:
    parts = []
    for place, width in widths.items():
        text = row[place].text
        if columns[place].cut:
            text = fit(text, width, columns[place].cut)
        space = " " * (width - wide(text))
        painted = style.paint(style.plain(text), row[place].code)
        parts.append(space + painted if columns[place].align == ">" else painted + space)
    return GAP.join(parts).rstrip()


def bar(start: float, part: float, rest: float, width: int) -> str:
    """A bar from `start`, `part` of it full and `rest` shaded, all in parts of 1 that `width` columns stand for."""
    first = min(int(start * width), width - 1)
    last = min(max(round((start + part + rest) * width), first + 1), width)
    full = round((last - first) * part / (part + rest)) if part + rest > 0 else 0
    return " " * first + "█" * full + "░" * (last - first - full)


def amount(bytes_: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(bytes_) < 1000 or unit == "GB":
            return f"{bytes_:.0f} {unit}" if unit == "B" or abs(bytes_) >= 10 else f"{bytes_:.1f} {unit}"
        bytes_ /= 1024
    return ""


def count(number: int, what: str) -> str:
    """A number and its noun."""
    return f"{number:,} {what}" if abs(number) != 1 else f"{number} {what.removesuffix('s')}"


@dataclass(frozen=True)
class Unit:
    """Seconds, or milliseconds where the whole is short."""

    name: str
    factor: float
    digits: int

    @staticmethod
    def of(seconds: float) -> Unit:
        """The unit in which a table with that much in it reads best."""
        return Unit("s", 1, 2) if seconds >= 1 else Unit("ms", 1000, 1)

    def plain(self, seconds: float) -> str:
        """The number alone."""
        return f"{seconds * self.factor:,.{self.digits}f}"

    def full(self, seconds: float) -> str:
        """The number and the unit."""
        return f"{self.plain(seconds)} {self.name}"
