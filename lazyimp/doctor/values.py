"""What a check found, and how paths are shown: below the home folder as `~`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

GOOD, NOTE, BAD = "good", "note", "bad"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    `status`: GOOD, NOTE (costs time, or is worth knowing) or BAD (lazyimp does not work). `evidence` says what was
    seen; `fix` is the command, or the words, for it; `code` is one of `lazyimp.codes`.
    """

    name: str
    status: str
    evidence: str
    fix: str = ""
    code: str = ""
    facts: dict[str, object] = field(default_factory=dict)


def shown(path: str, folder: str | None = None) -> str:
    """`path` as it may be published: from `folder` (the working one) or the home folder on."""
    folder = os.getcwd() if folder is None else folder
    for start, short in ((folder, "."), (os.path.expanduser("~"), "~")):
        if start not in ("", os.sep) and (path == start or path.startswith(start.rstrip(os.sep) + os.sep)):
            return short + path[len(start.rstrip(os.sep)) :]
    return path


def counted(number: int, one: str, many: str = "") -> str:
    """`1 module`, `2,000 modules`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
