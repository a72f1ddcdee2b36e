"""The report of `lazyimp verify`, for people (80 columns) and for machines."""

from __future__ import annotations

import os
import shlex
import statistics
import textwrap
from collections.abc import Sequence
from typing import Any

from lazyimp.cli.style import BOLD, DIM, GREEN, RED, Style, printable
from lazyimp.tuning import text as texts
from lazyimp.tuning.compare import Difference, said
from lazyimp.tuning.runs import Outcome
from lazyimp.tuning.verify import Seen, Verification

FORMAT = 1
WIDTH = 80
LABEL = 9  # the widest is "differs"


# -- for people ----------------------------------------------------------------------------------------------


def as_text(found: Verification, strict: bool, took_s: float, style: Style) -> list[str]:
    """The lines of the report."""
    same = found.is_same(strict)
    lines = [_headline(found, same, style), *_about_runs(found, took_s, style), ""]
    lines += _checks(found, strict, style)
    told = [each for each in found.seen if not _counts(each.difference, strict)]
    for each in told:
        lines += _row("told", each.difference.text, DIM, style)
    for difference in _distinct(found.unstable):
        lines += _row("varies", f"among the eager runs: {difference.text}", DIM, style)
    for note in found.notes:
        lines += _row("note", note, DIM, style)
    if not same:
        wrong = [each for each in found.seen if _counts(each.difference, strict)]
        lines += ["", *_first(wrong[0], len(found.lazy), style)]
    return lines


def _headline(found: Verification, same: bool, style: Style) -> str:
    words = shlex.join(found.command.shown)
    words = words if len(words) <= 60 else words[:57] + "..."
    verdict = style.paint("same", f"{BOLD};{GREEN}") if same else style.paint("different", f"{BOLD};{RED}")
    return f"{verdict}  {words}"


def _about_runs(found: Verification, took_s: float, style: Style) -> list[str]:
    observed = next((each.observation for each in found.lazy if each.observation), None) or {}
    mode = observed.get("mode", found.trial.mode)
    core = observed.get("core")
    how = f"mode {mode}" + (f", core {core}" if core else "")
    count = f"{len(found.eager)} eager and {len(found.lazy)} lazy runs"
    return [style.paint(f"{count}, {how}, {took_s:.0f} s in all", DIM), *_times(found, style)]


def _times(found: Verification, style: Style) -> list[str]:
    """Processor time of both sides, where both were observed."""
    parts = []
    for key, what in (("cpu_first_batch_s", "CPU to the first batch"), ("cpu_s", "CPU in all")):
        eager, lazy = _median(found.eager, key), _median(found.lazy, key)
        if eager and lazy:
            parts.append(f"{what} {eager:.2f} s eager, {lazy:.2f} s lazy ({lazy / eager:.2f})")
    return [style.paint(part, DIM) for part in parts]


def _median(outcomes: Sequence[Outcome], key: str) -> float | None:
    values = [each.observation[key] for each in outcomes if each.observation and each.observation[key]]
    return statistics.median(values) if values else None


def _checks(found: Verification, strict: bool, style: Style) -> list[str]:
    """A line for each thing that was compared, the differences in their places."""
    lines: list[str] = []
    kinds = ["status", "stdout", "stderr", "warning", "first_batch", "random"]
    for kind in [*kinds, "side_effect"] if strict else kinds:
        wrong = [each for each in found.seen if each.difference.kind == kind]
        for each in wrong:
            lines += _row("differs", each.difference.text, RED, style)
        fact = _fact(kind, found) if not wrong else ""
        if fact:
            lines += _row("same", fact, GREEN, style)
    return lines


def _fact(kind: str, found: Verification) -> str:
    """What was the same, in words; empty where there was nothing of the kind."""
    first, runs = found.eager[0], (*found.eager, *found.lazy)
    if kind == "status":
        return said(first.status)
    if kind in ("stdout", "stderr"):
        count = len(texts.read(getattr(first, kind)).lines)
        return f"{kind}, {count} line{'s' * (count != 1)}" if count else f"{kind}, empty"
    if kind == "warning":
        count = sum((texts.read(first.stdout).warnings + texts.read(first.stderr).warnings).values())
        return f"{count} warning{'s' * (count != 1)}" if count else ""
    if first.observation is None:
        return ""
    if kind == "first_batch":
        batch = first.observation["first_batch"]
        if not batch:
            return ""
        count = len(batch["arguments"])
        return f"first batch ({batch['rule']}), {count} argument{'s' * (count != 1)}"
    if kind == "random":
        loaded = [set(each.observation["fingerprint"].get("random", ())) for each in runs if each.observation]
        names = sorted(set.intersection(*loaded))
        return f"random generators at the end: {', '.join(names)}" if names else ""
    return "side effects"


def _row(label: str, text: str, colour: str, style: Style) -> list[str]:
    """A label and wrapped text beside it."""
    wrapped = textwrap.wrap(printable(text), WIDTH - LABEL - 2, break_on_hyphens=False) or [""]
    head = "  " + style.paint(label.ljust(LABEL), colour)
    return [head + wrapped[0], *(" " * (LABEL + 2) + line for line in wrapped[1:])]


def _first(seen: Seen, runs: int, style: Style) -> list[str]:
    """The first difference at length."""
    each = seen.difference
    lines = [style.paint("first difference: ", BOLD) + each.text]
    if seen.runs < runs:
        lines[0] += f" (in {seen.runs} of {runs} lazy runs)"
    for label, value in (("expected", each.expected), ("got", each.got)):
        if each.expected or each.got:
            lines.append(f"  {label:<{LABEL}}{_cut(value) or style.paint('nothing', DIM)}")
    if each.module:
        lines.append(f"  {'perhaps' if each.is_guess else 'made by':<{LABEL}}module {each.module}")
    if each.statement:
        by = f" in {each.importer}" if each.importer else ""
        lines += _row("imported", f"at {_relative(each.statement)}{by}", "", style)
        lines += _row("way out", f'keep it eager: eager = ["{each.module}"] under [tool.lazyimp]', "", style)
    else:
        lines += _row("way out", "`lazyimp bisect` finds the import that has to stay eager", "", style)
    return lines


def _relative(statement: str) -> str:
    """The place, seen from the working directory or from where distributions are installed."""
    file, _, line = statement.rpartition(":")
    if not os.path.isabs(file):
        return statement
    for home in (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"):
        if home in file:
            return f"{file.rpartition(home)[2]}:{line}"
    near = os.path.relpath(file)
    return statement if near.startswith("..") else f"{near}:{line}"


def _cut(text: str) -> str:
    text = printable(text)
    room = WIDTH - LABEL - 2
    return text if len(text) <= room else text[: room - 3] + "..."


def _counts(difference: Difference, strict: bool) -> bool:
    return difference.is_wrong or (strict and difference.kind == "side_effect")


def _distinct(differences: Sequence[Difference]) -> list[Difference]:
    """One difference of each kind."""
    return list({each.kind: each for each in reversed(differences)}.values())[::-1]


# -- for machines --------------------------------------------------------------------------------------------


def as_json(found: Verification, strict: bool) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "format": FORMAT,
        "command": list(found.command.shown),
        "mode": found.trial.mode,
        "same": found.is_same(strict),
        "strict": strict,
        "eager": [_run_as_json(each) for each in found.eager],
        "lazy": [_run_as_json(each) for each in found.lazy],
        "differences": [
            {
                **_difference_as_json(each.difference),
                "runs": each.runs,
                "counts": _counts(each.difference, strict),
            }
            for each in found.seen
        ],
        "unstable": [_difference_as_json(each) for each in found.unstable],
        "notes": list(found.notes),
    }


def _difference_as_json(each: Difference) -> dict[str, Any]:
    names = ("kind", "text", "expected", "got", "module", "importer", "statement", "is_guess")
    values = {name: getattr(each, name) for name in names}
    return {**values, "statement": _relative(each.statement)}


def _run_as_json(outcome: Outcome) -> dict[str, Any]:
    seen = outcome.observation or {}
    return {
        "status": outcome.status,
        "wall_s": round(outcome.wall_s, 3),
        "cpu_s": round(outcome.cpu_s, 3),
        "cpu_first_batch_s": seen.get("cpu_first_batch_s"),
        "modules": len(outcome.modules),
        "observed": outcome.observation is not None,
    }
