"""How far a program is run to see its start: to the first batch, or another moment on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lazyimp.errors import UsageError, unknown_word
from lazyimp.profile import Profile

FIRST_BATCH = "first-batch"
MARKS = {"fetch": "first fetch", "step": "first step"}  # the recorder's own
KNOWN = ("forward", "fetch", "step", "mark:NAME", "SECONDS")
TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}


@dataclass(frozen=True)
class Until:
    """`stop` is what LAZYIMP_STOP says, `mark` the mark to measure at ("": the first batch); `seconds`: a time."""

    stop: str | None = FIRST_BATCH
    mark: str = ""
    seconds: float | None = None

    @property
    def shown(self) -> str:
        """The moment in words."""
        if self.seconds is not None:
            return f"{self.seconds:g} s"
        return f"mark {self.mark!r}" if self.mark else "the first batch"

    def measured(self, profile: Profile) -> tuple[float, float, int] | None:
        """(wall s, CPU s, modules) from T0 to the moment; None where it never came."""
        batch = profile.batch
        if not self.mark:
            return None if batch is None else (profile.ttfb_s, profile.ttfb_cpu_s, modules(profile))
        before = before_zero_s(profile)
        for each in profile.marks:
            if each.name == self.mark:
                return each.at_s + before, each.cpu_s, each.modules
        return None


def until(word: str | None) -> Until:
    """What `--until` says; raises UsageError."""
    if word in (None, "forward", "batch", FIRST_BATCH):
        return Until()
    if word in MARKS:
        return Until(f"mark:{MARKS[word]}", MARKS[word])
    kind, _, name = word.partition(":")
    if kind == "mark" and name:
        return Until(word, name)
    time = TIME.fullmatch(word)
    if time is not None and float(time[1]) > 0:
        seconds = float(time[1]) * UNITS[time[2]]
        return Until(None, "", seconds)
    raise UsageError(unknown_word("--until", word, KNOWN))


def modules(profile: Profile) -> int:
    """How many modules the main process loaded before its first batch, or in all where there was none."""
    return len(
        {node.name for node in profile.nodes if node.before_batch and not node.error and not node.process}
    )


def before_zero_s(profile: Profile) -> float:
    """How long before the process's start, the profile's zero, T0 lies."""
    return profile.ttfb_s - (profile.batch.at_s if profile.batch is not None else profile.end_s)
