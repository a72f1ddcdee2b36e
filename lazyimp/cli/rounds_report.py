"""The report of `lazyimp ttfb -n N --interleave …`: which side is faster, and how sure that is."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from lazyimp.profile import compare
from lazyimp.profile.spread import EQUAL, FASTER, FEWEST, SLOWER, UNCLEAR, Verdict
from lazyimp.reports.compare import signed
from lazyimp.reports.terminal import (
    BOLD,
    CYAN,
    DIM,
    GREEN,
    RED,
    YELLOW,
    Column,
    Style,
    Unit,
    count,
    table,
    wrapped,
)
from lazyimp.running.rounds import Comparison, Figures, Measured, Sample

LABEL = 12
COLOURS = {FASTER: GREEN, SLOWER: RED, EQUAL: BOLD, UNCLEAR: YELLOW}
MOST_DIFFERENCES, MOST_PACKAGES = 3, 5
LEAST_PART, LEAST_S = 0.02, 0.005  # of the reference's processor time; packages that moved less are not named
USUAL_SIDES = "eager,lazy"


# -- for people ----------------------------------------------------------------------------------------


def as_text(measured: Measured, program: str, facts: Mapping[str, Any], style: Style) -> list[str]:
    """The lines of the report."""
    unit = Unit.of(max(max(each.values("wall_s")) for each in measured.figures))
    lines = []
    if measured.is_same:
        for each in measured.comparisons:
            lines += _verdict(each, measured.figures[0], program, unit, style)
    else:
        lines += _differences(measured, program, style)
    reached = any(each.typical.rule for each in measured.figures)
    lines += ["", f"  to {facts['until']}" if reached else f"  {facts['until']} never came; whole runs"]
    lines += [*table(COLUMNS, [_row(each, unit) for each in measured.figures], style, 2), ""]
    for label, text in _notes(measured, facts, unit):
        lines += beside(label, text, style)
    return [*lines, "", *_next(measured, program, style)]


def beside(label: str, text: str, style: Style, code: str = DIM) -> list[str]:
    """`text` wrapped beside a label."""
    first, *more = wrapped(text, style, LABEL + 2)
    return ["  " + style.paint(label, code) + " " * (LABEL - len(label)) + first.lstrip(), *more]


def _verdict(each: Comparison, reference: Figures, program: str, unit: Unit, style: Style) -> list[str]:
    """Who is faster, by how much, and how sure."""
    name, other = each.side.name, reference.side.name
    by_cpu = each.cpu.is_clear and not each.wall.is_clear
    word = (each.cpu if by_cpu else each.wall).word
    if word == UNCLEAR:
        said = f"cannot tell {name} from {other}"
    elif word == EQUAL:
        said = f"{name} and {other} take the same{' CPU time' if by_cpu else ''}"
    elif by_cpu:
        said = f"{name} takes {'less' if word == FASTER else 'more'} CPU time than {other}"
    else:
        said = f"{name} is {word} than {other}"
    lines = [style.paint(said, f"{BOLD};{COLOURS[word]}") + f"  {program}"]
    lines += beside("wall time", _told(each.wall, reference, unit), style)
    return lines + beside("CPU time", _told(each.cpu, reference, unit), style)


def _told(verdict: Verdict, reference: Figures, unit: Unit) -> str:
    """A verdict on one quantity, in words."""
    more = "less" if verdict.difference < 0 else "more"
    said = f"{unit.full(abs(verdict.difference))} {more} ({verdict.ratio:.2f} of {reference.side.name}'s)"
    low, high = verdict.low, verdict.high
    if low is None or high is None:
        return f"{said}, but {count(len(reference.samples), 'runs')} cannot tell; {FEWEST + 1} may"
    if verdict.word in (EQUAL, UNCLEAR):
        between = f"between {signed(low, unit)} and {signed(high, unit)} {unit.name}"
        why = "no difference that matters" if verdict.word == EQUAL else "the runs scatter too much to tell"
        return f"{why}: {between} (95 % sure)"
    near, far = sorted((abs(low), abs(high)))
    return f"{said}; 95 % sure: {unit.plain(near)} to {unit.full(far)}"


def _differences(measured: Measured, program: str, style: Style) -> list[str]:
    """What is not the same, in place of a verdict."""
    lines = [style.paint("not the same program", f"{BOLD};{RED}") + f"  {program}"]
    other = measured.figures[0].side.name
    for each in measured.comparisons:
        for one in each.differences[:MOST_DIFFERENCES]:
            lines += beside(each.side.name, f"{one.text}, compared with {other}", style, RED)
            for label, text in (("expected", one.expected), ("got", one.got)):
                lines += beside(label, text, style) if text else []
    if not measured.is_level:
        lines += beside("differs", "not every run got that far", style, RED)
    return lines


COLUMNS = (
    Column(""),
    Column("runs", ">", drop=3),
    Column("wall min", ">", drop=1),
    Column("median", ">"),
    Column("max", ">", drop=4),
    Column("CPU min", ">", drop=2),
    Column("median", ">"),
    Column("modules", ">", drop=5),
)


def _row(figures: Figures, unit: Unit) -> list[str]:
    """One side in the table."""
    walls, cpus = figures.values("wall_s"), figures.values("cpu_s")
    return [
        figures.side.name,
        str(len(figures.samples)),
        unit.plain(min(walls)),
        unit.full(statistics.median(walls)),
        unit.plain(max(walls)),
        unit.plain(min(cpus)),
        unit.full(statistics.median(cpus)),
        f"{statistics.median(figures.values('modules')):,.0f}",
    ]


def _notes(measured: Measured, facts: Mapping[str, Any], unit: Unit) -> list[tuple[str, str]]:
    """What else a reader needs to judge the figures."""
    rules = {figures.side.name: figures.typical.rule for figures in measured.figures}
    found = []
    if len(set(rules.values())) > 1:
        told = "; ".join(f"{name}: {rule or 'none seen'}" for name, rule in rules.items())
        found.append(("first batch", f"not decided alike: {told}"))
    elif measured.figures[0].typical.rule != facts["until"]:
        rule = measured.figures[0].typical.rule
        found.append(("first batch", rule or "none; `lazyimp.first_batch()` in the program marks it"))
    if measured.is_same:
        found.append(("output", _output(measured.figures[0].samples[0])))
    moved = _moved(measured, unit) if len(measured.figures) == 2 else ""
    if moved:
        found.append(("packages", f"{moved} (own CPU)"))
    machine = facts.get("machine", {})
    if machine:
        busy = f", others took {machine['others']:.0%} of it" if machine.get("others") is not None else ""
        found.append(("machine", f"{count(machine['cores'], 'cores')}, load {machine['load']:.1f}{busy}"))
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return [*found, ("versions", versions)]


def _moved(measured: Measured, unit: Unit) -> str:
    """The packages that the difference comes from, by the processor time of their own code."""
    one, other = measured.figures[0].typical, measured.figures[1].typical
    least = max(LEAST_PART * one.cpu_s, LEAST_S)
    changes = compare([one.profile], [other.profile]).packages
    shown = [each for each in changes if abs(each.difference) >= least][:MOST_PACKAGES]
    return ", ".join(f"{each.name} {signed(each.difference, unit)} {unit.name}" for each in shown)


def _output(sample: Sample) -> str:
    counts = [
        f"{count} line{'s' * (count != 1)} on {name}"
        for name in ("stdout", "stderr")
        if (count := getattr(sample.outcome, name).count(b"\n"))
    ]
    return f"the same on all sides ({', '.join(counts) or 'nothing printed'})"


def _next(measured: Measured, program: str, style: Style) -> list[str]:
    """The one command that comes next."""
    names = ",".join(each.side.name for each in measured.figures)
    how = "" if names == USUAL_SIDES else f" --interleave {names}"
    runs = len(measured.figures[0].samples)
    if not measured.is_same:
        command = f"lazyimp verify -- {program}"
    elif not measured.is_clear:
        command = f"lazyimp ttfb -n {FEWEST + 1 if runs < FEWEST else 2 * runs}{how} {program}"
    elif any(each.wall.word == SLOWER for each in measured.comparisons):
        command = "lazyimp compare"
    else:
        command = f"lazyimp tune {program}"
    return [style.paint("Next", BOLD) + "  " + style.paint(command, CYAN)]


# -- for machines --------------------------------------------------------------------------------------


def as_json(measured: Measured, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same as plain values."""
    reference = measured.figures[0].side.name
    return {
        **facts,
        "same_output": measured.is_same,
        "conclusive": measured.is_clear,
        "sides": [_side(each) for each in measured.figures],
        "comparisons": [
            {
                "side": each.side.name,
                "against": reference,
                "wall": _plain(each.wall),
                "cpu": _plain(each.cpu),
                "differences": [
                    {"kind": one.kind, "text": one.text, "expected": one.expected, "got": one.got}
                    for one in each.differences
                ],
            }
            for each in measured.comparisons
        ],
    }


def _side(figures: Figures) -> dict[str, Any]:
    return {
        "name": figures.side.name,
        "mode": figures.side.mode,
        "rule": figures.typical.rule or None,
        "modules": figures.typical.modules,
        **{
            key: {"min": round(min(values), 6), "median": round(statistics.median(values), 6)}
            for key in ("wall_s", "cpu_s")
            for values in (figures.values(key),)
        },
        "samples": [
            {"round": each.round, "wall_s": round(each.wall_s, 6), "cpu_s": round(each.cpu_s, 6)}
            for each in figures.samples
        ],
    }


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": verdict.word,
        "difference_s": round(verdict.difference, 6),
        "low_s": None if verdict.low is None else round(verdict.low, 6),
        "high_s": None if verdict.high is None else round(verdict.high, 6),
        "ratio": round(verdict.ratio, 4),
    }
