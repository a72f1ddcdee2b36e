"""The report for terminals: where the time to first batch went, and what to do about it, in 25 lines.

`render(profile, style)` is the short report; with `verbose` come all phases, packages, hidden imports, deferrals
that were in vain, what was never used, what failed, slow files, processes and ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lazyimp.profile import Finding, Node, PhaseRow, Profile
from lazyimp.reports import picks, text_tables
from lazyimp.reports.terminal import (
    BLUE,
    BOLD,
    CYAN,
    DIM,
    GAP,
    GREEN,
    RED,
    YELLOW,
    Cell,
    Column,
    Row,
    Style,
    Unit,
    bar,
    clean,
    count,
    fit,
    headed,
    table,
    wide,
    wrapped,
)
from lazyimp.reports.words import AFTER, batch_rule, busy, environment, phase_title, t0, until

LEAST_BAR, MOST_BAR = 8, 32
MOST_WHAT, LEAST_WHAT = 32, 26
SMALL_PART = 0.01  # of the whole: shorter rests are counted to their phase, shorter phases together
TINY_PART = 0.0005
MOST_PHASES, MOST_VERBOSE = 9, 40
START = "interpreter + site"
MOST_FINDINGS = 3
NARROW = 56


def render(
    profile: Profile, style: Style | None = None, *, verbose: bool = False, limit: int | None = 15
) -> str:
    """The report, with a newline at the end; `limit` is how many rows a long table may have, None for all."""
    style = style or Style()
    lines = [*_headline(profile, style, verbose), "", *_phases(profile, style, verbose)]
    lines += _section(_findings(profile, style, verbose))
    if verbose:
        for part in text_tables.sections(profile, style, limit):
            lines += _section(part)
    lines += _section(_next(profile, style))
    return "\n".join(lines) + "\n"


def _section(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


def _headline(profile: Profile, style: Style, verbose: bool) -> list[str]:
    unit = Unit.of(profile.ttfb_s)
    title = f"Time to {until(profile)}"
    head = f"{style.paint(title, BOLD)}  {style.paint(unit.full(profile.ttfb_s), f'{BOLD};{GREEN}')}"
    counts = profile.counts
    told = [f"CPU {unit.full(profile.ttfb_cpu_s)}", count(counts.get("modules", 0), "modules")]
    if counts.get("deferred"):
        told += [f"{counts['deferred']:,} deferred", f"{counts.get('never', 0):,} never used"]
    room = style.width - len(title) - len(unit.full(profile.ttfb_s)) - 4
    while told and len(" · ".join(told)) > room:
        told.pop()
    lines = [head + ("  " + style.paint(style.plain(" · ".join(told)), DIM) if told else "")]
    for text, code in _remarks(profile):
        lines += wrapped(text, style, code=code, most=2)
    return lines


def _remarks(profile: Profile) -> list[tuple[str, str]]:
    """What one has to know to read the numbers."""
    about = [environment(profile), t0(profile)]
    found = [(" · ".join(filter(None, about)), DIM)]
    if profile.batch is not None:
        found.append((f"first batch by {batch_rule(profile.batch)}", DIM))
    else:
        found.append(("no first batch was seen: these are the times to the end", YELLOW))
    if profile.exception:
        found.append((f"the program was ended by {profile.exception}", RED))
    if busy(profile):
        found.append((busy(profile), YELLOW))
    if not profile.complete:
        found.append(("the record has no end: the process was killed, or is running", RED))
    if profile.ranks:
        slowest = max(profile.ranks, key=lambda each: each.ttfb_s)
        fastest = min(profile.ranks, key=lambda each: each.ttfb_s)
        spread = Unit.of(profile.ttfb_s).full(slowest.ttfb_s - fastest.ttfb_s)
        text = (
            f"rank {slowest.rank} of {len(profile.ranks)}, the slowest; {spread} behind rank {fastest.rank}"
        )
        found.append((text, DIM))
    return found


# -- phases --------------------------------------------------------------------------------------------------


def _phases(profile: Profile, style: Style, verbose: bool) -> list[str]:
    unit = Unit.of(profile.ttfb_s)
    shown = _few(profile, verbose)
    columns = [
        Column("phase", cut="right", least=14),
        Column(f"wall {unit.name}", ">"),
        Column(f"cpu {unit.name}", ">", drop=2),
        Column("imports", ">", drop=1),
        Column("what", cut="list", least=22, drop=3 if style.width < NARROW else 0),
    ]
    late = picks.hidden(profile)
    rows = [_phase(profile, row, late, unit) for row in shown]
    for most in (MOST_WHAT, LEAST_WHAT):
        fitted = [[*row[:4], Cell(fit(row[4].text, most, "list"), row[4].code)] for row in rows]
        room = min(style.width - max(map(wide, table(columns, fitted, _bare(style)))) - len(GAP), MOST_BAR)
        if room >= LEAST_BAR:
            bars = [Cell("" if row.name == AFTER else _bar(profile, row, room), BLUE) for row in shown]
            rows = [[*row, each] for row, each in zip(fitted, bars, strict=True)]
            return table([*columns, Column("")], rows, style)
    return table(columns, rows, style)


def _bare(style: Style) -> Style:
    """For lines that are only measured."""
    return replace(style, is_coloured=False, is_unicode=True)


def _phase(profile: Profile, row: PhaseRow, late: Sequence[Node], unit: Unit) -> list[Cell]:
    after = row.name == AFTER
    code = DIM if after or not row.claimed else ""
    what, colour = _what(profile, row, late, unit)
    return [
        Cell(phase_title(row), code),
        Cell(unit.plain(row.wall_s), code),
        Cell(unit.plain(row.cpu_s), code),
        Cell(f"{row.imports:,}" if row.imports else "", code),
        Cell(what, DIM if after else colour),
    ]


def _bar(profile: Profile, row: PhaseRow, width: int) -> str:
    whole = profile.ttfb_s or 1.0
    zero = profile.phases[0].start_s
    loading = min(row.imports_wall_s, row.wall_s) / whole
    return bar((row.start_s - zero) / whole, loading, row.wall_s / whole - loading, width)


def _what(profile: Profile, row: PhaseRow, late: Sequence[Node], unit: Unit) -> tuple[str, str]:
    """What a phase was about: a hidden import that filled it, else its packages, and what was built."""
    hidden = [
        node for node in picks.hidden(profile) if row.start_s <= node.start_s < row.start_s + row.wall_s
    ]
    dear = max(hidden, key=lambda node: node.wall_s, default=None)
    if dear is not None and dear.wall_s * 3 >= row.imports_wall_s and dear.wall_s * 5 >= row.wall_s:
        return f"hidden: {dear.name} {unit.plain(dear.wall_s)}", YELLOW
    least = max(row.cpu_s / 20, profile.ttfb_cpu_s / 500)
    named = [f"{name} {unit.plain(cpu)}" for name, cpu in row.packages if cpu >= least][:3]
    excess = profile.first_step_excess_s or 0.0
    if row.name == AFTER and abs(excess) * 100 >= profile.ttfb_s:
        named.insert(0, f"first step {'+' if excess > 0 else '-'}{unit.plain(abs(excess))}")
    return ", ".join([*named, *([row.detail] if row.detail else [])]), ""


def _few(profile: Profile, verbose: bool) -> list[PhaseRow]:
    """The phases with what is short counted to its neighbour; to be brief, the start as one, and not too many."""
    least = profile.ttfb_s * (TINY_PART if verbose else SMALL_PART)
    rows: list[PhaseRow] = []
    for row in profile.phases:
        last = rows[-1] if rows else None
        if last is not None and not verbose and (last.name, row.name) == ("interp", "site"):
            rows[-1] = _together([last, row], START)
        elif last is not None and _belongs(last, row, least):
            rows[-1] = _together([last, row], last.name)
        elif last is not None and last.name == START and not row.claimed:
            rows[-1] = _together([last, row], START)
        else:
            rows.append(row)
    return _fewer(rows, MOST_VERBOSE if verbose else MOST_PHASES)


def _belongs(last: PhaseRow, row: PhaseRow, least: float) -> bool:
    """A row is no more than the end of the one before it."""
    is_alike = row.name == last.name
    return (is_alike and row.claimed == last.claimed) or (
        row.wall_s < least and (is_alike or not row.claimed)
    )


def _fewer(rows: list[PhaseRow], most: int) -> list[PhaseRow]:
    """At most so many rows: the longest as they are, what lies between them together."""
    for keep in range(most, most // 2 - 1, -1):
        longest = sorted(range(len(rows)), key=lambda place: -rows[place].wall_s)[:keep]
        found = _grouped(rows, {*longest, len(rows) - 1})
        if len(found) <= most:
            return found
    return found


def _grouped(rows: list[PhaseRow], kept: set[int]) -> list[PhaseRow]:
    """Rows that are not kept together with their neighbours that are not."""
    found: list[PhaseRow] = []
    group: list[PhaseRow] = []
    for place, row in enumerate(rows):
        if place not in kept:
            group.append(row)
            continue
        found += _merged(group)
        found.append(row)
        group = []
    return found + _merged(group)


def _merged(group: list[PhaseRow]) -> list[PhaseRow]:
    if len(group) < 2:
        return group
    names = {row.name for row in group}
    name = f"{group[0].name} …" if len(names) > 1 else group[0].name
    return [replace(_together(group, name), claimed=True, detail="")]


def _together(rows: list[PhaseRow], name: str) -> PhaseRow:
    """Neighbours as one row."""
    packages: dict[str, float] = {}
    for row in rows:
        for package, cpu in row.packages:
            packages[package] = packages.get(package, 0.0) + cpu
    return replace(
        rows[0],
        name=name,
        detail=next((row.detail for row in rows if row.detail), ""),
        packages=tuple(sorted(packages.items(), key=lambda each: (-each[1], each[0]))),
        wall_s=sum(row.wall_s for row in rows),
        cpu_s=sum(row.cpu_s for row in rows),
        imports=sum(row.imports for row in rows),
        imports_wall_s=sum(row.imports_wall_s for row in rows),
        hidden_imports=sum(row.hidden_imports for row in rows),
    )


# -- what to do ----------------------------------------------------------------------------------------------


def _findings(profile: Profile, style: Style, verbose: bool) -> list[str]:
    found = [each for each in profile.findings if each.saves_s > 0]
    shown = found if verbose else found[:MOST_FINDINGS]
    unit = Unit.of(profile.ttfb_s)
    if not shown:
        return []
    columns = [Column(""), Column("", ">"), Column("")]
    rows: list[Row] = [
        [Cell(each.subject, BOLD), unit.full(each.saves_s), Cell(each.command, CYAN)] for each in shown
    ]
    beside = max(map(wide, table(columns, rows, _bare(style), indent=1))) <= style.width
    if not beside:
        columns, rows = [Column("", cut="right"), columns[1]], [row[:2] for row in rows]
    few = f"{len(shown)} of {len(found)}, " if len(shown) < len(found) else ""
    lines = [headed("Biggest avoidable", f"{few}at most, and how", style)]
    for each, line in zip(shown, table(columns, rows, style, indent=1), strict=True):
        lines += [line] if beside else [line, f"   {style.paint(clean(each.command), CYAN)}"]
        lines += wrapped(each.how, style, indent=3, most=0 if verbose else 2, code=DIM)
    return lines


def _next(profile: Profile, style: Style) -> list[str]:
    """One thing to do next."""
    unknown = [each for each in profile.findings if not each.saves_s]
    found: Finding | None = unknown[0] if unknown else None
    if found is None:
        return []
    lines = table([Column(""), Column("")], [[Cell("Next", BOLD), Cell(found.command, CYAN)]], style)
    if wide(clean(f"Next{GAP}{found.command}{GAP}{found.how}")) <= style.width:
        return [f"{lines[0]}{GAP}{style.paint(style.plain(clean(found.how)), DIM)}"]
    return lines + wrapped(found.how, style, indent=6, most=2, code=DIM)
