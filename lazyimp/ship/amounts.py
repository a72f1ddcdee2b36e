"""Amounts as people write them: "16 GB", "512MiB"."""

from __future__ import annotations

import re

from lazyimp.ship.errors import ShipError

UNITS = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}  # fmt: skip


def bytes_of(text: str | int, what: str) -> int:
    """The bytes that an amount stands for; raises ShipError naming `what`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(text).strip())
    if found is None or found[2].lower() not in UNITS or len(found[1]) > 20:
        raise ShipError(f"{what} {text!r} is no amount; write 16 GB or 512 MiB")
    return int(float(found[1]) * UNITS[found[2].lower()])


def shown(count: float) -> str:
    """Bytes for people."""
    if count < 1000:
        return f"{count:.0f} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.1f} {unit}"
