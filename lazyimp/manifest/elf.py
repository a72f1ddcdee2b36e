"""Reads which libraries an ELF file needs, and where it looks for them; nothing else of it."""

from __future__ import annotations

import os
import re
import struct
from typing import NamedTuple

LOAD, DYNAMIC = 1, 2  # segments
NEEDED, STRTAB, RPATH, RUNPATH = 1, 5, 15, 29  # entries of the dynamic one
# What every Linux that runs Python has, and what a graphics driver brings (PEP 600 has much the same list).
EVERYWHERE = re.compile(
    r"(ld-linux.*|lib(c|m|dl|rt|util|pthread|resolv|nsl|crypt|gcc_s|stdc\+\+|z|cuda|nvidia-ml|python3[\d.]*))\.so(\.\d+)*"
)
LARGEST = 1 << 30


class Needs(NamedTuple):
    """Names of libraries, and the folders of RPATH and RUNPATH as written."""

    libraries: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def needs_of(path: str) -> Needs:
    """What a 64-bit little-endian ELF file needs; nothing of a file that is none or is damaged."""
    try:
        if os.path.getsize(path) > LARGEST:
            return Needs()
        with open(path, "rb") as file:
            return _read(file.read())
    except (OSError, struct.error, ValueError, IndexError):
        return Needs()


def missing(path: str) -> list[str]:
    """Libraries that it needs, that not every machine has, and that do not lie where it looks from itself."""
    needs = needs_of(path)
    folder = os.path.dirname(path)
    places = [each.replace("$ORIGIN", folder).replace("${ORIGIN}", folder) for each in needs.folders]
    beside = [place for place in places if place.startswith(folder) or ".." in place]
    return [
        name
        for name in needs.libraries
        if not EVERYWHERE.fullmatch(name)
        and not any(os.path.exists(os.path.join(place, name)) for place in beside)
    ]


def _read(data: bytes) -> Needs:
    if data[:6] != b"\x7fELF\x02\x01":
        return Needs()
    first, size, number = _header(data)
    segments = [struct.unpack_from("<IIQQQQQQ", data, first + size * at) for at in range(number)]
    entries = [
        struct.unpack_from("<qQ", data, segment[2] + offset)
        for segment in segments
        if segment[0] == DYNAMIC
        for offset in range(0, segment[5] - 15, 16)
    ]
    table = next((value for tag, value in entries if tag == STRTAB), 0)
    at = next((table - load[3] + load[2] for load in segments if _holds(load, table)), table)

    def text(offset: int) -> str:
        return data[at + offset : data.index(b"\0", at + offset)].decode("utf-8", "replace")

    libraries = [text(value) for tag, value in entries if tag == NEEDED]
    folders = [text(value) for tag, value in entries if tag in (RPATH, RUNPATH)]
    return Needs(tuple(libraries), tuple(each for line in folders for each in line.split(":") if each))


def _header(data: bytes) -> tuple[int, int, int]:
    """Where the segments are listed, how long each line is, how many there are."""
    (first,) = struct.unpack_from("<Q", data, 32)
    size, number = struct.unpack_from("<HH", data, 54)
    return first, size, number


def _holds(segment: tuple[int, ...], address: int) -> bool:
    return segment[0] == LOAD and segment[3] <= address < segment[3] + segment[5]
