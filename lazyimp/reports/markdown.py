"""Markdown for a pull request or an issue: a profile, or a comparison of two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lazyimp.profile import Change, Comparison, PhaseRow, Profile
from lazyimp.reports import picks
from lazyimp.reports.compare import SAID, number, outermost, signed
from lazyimp.reports.terminal import Unit, amount, count
from lazyimp.reports.words import batch_rule, environment, phase_name, phase_title, place, until

LIMIT = 12
Line = Sequence[str]


def render(profile: Profile, *, limit: int | None = LIMIT) -> str:
    """One profile; `limit` is how many rows a table may have, None for all."""
    unit = Unit.of(profile.ttfb_s)
    lines = [f"### Time to {until(profile)}: {unit.full(profile.ttfb_s)}", "", _about(profile, unit), ""]
    rows = [
        [
            text(_title(row)),
            unit.plain(row.wall_s),
            unit.plain(row.cpu_s),
            f"{row.imports:,}",
            ", ".join(f"{code(name)} {unit.plain(cpu)}" for name, cpu in row.packages[:3])
            or text(row.detail),
        ]
        for row in profile.phases
    ]
    lines += table(["phase", f">wall {unit.name}", f">CPU {unit.name}", ">imports", "what"], rows)
    lines += _findings(profile, unit)
    for title, head, found in _details(profile, unit):
        lines += _folded(title, head, found, limit)
    return "\n".join(lines) + "\n"


def _title(row: PhaseRow) -> str:
    return phase_name(row.name) if row.claimed else f"{phase_name(row.name)}, then {phase_title(row).strip()}"


def _about(profile: Profile, unit: Unit) -> str:
    counts = profile.counts
    told = [
        text(environment(profile)),
        f"CPU {unit.full(profile.ttfb_cpu_s)}",
        count(counts.get("modules", 0), "modules"),
    ]
    if counts.get("deferred"):
        told += [f"{counts['deferred']:,} deferred, {counts.get('never', 0):,} never used"]
    told += (
        [f"first batch by {text(batch_rule(profile.batch))}"]
        if profile.batch is not None
        else ["no first batch was seen"]
    )
    told += [] if profile.complete else ["the record has no end"]
    return " · ".join(told)


def _findings(profile: Profile, unit: Unit) -> list[str]:
    rows = [
        [
            code(each.subject),
            unit.full(each.saves_s) if each.saves_s else "",
            text(each.how),
            code(each.command),
        ]
        for each in profile.findings
    ]
    return ["", "**What to do**", "", *table(["what", ">at most", "why", "how"], rows)] if rows else []


Table = tuple[str, Line, Sequence[Line]]  # title, head, rows


def _details(profile: Profile, unit: Unit) -> Iterable[Table]:
    """The long tables."""
    statements = [
        [code(node.name), unit.plain(node.wall_s), unit.plain(node.cpu_s), _at(node.file, node.line)]
        for node in picks.statements(profile)
    ]
    head = ["module", f">wall {unit.name}", f">CPU {unit.name}", "imported at"]
    yield "Import statements, with all that they load", head, statements
    yield _packages(profile, unit)
    yield from _late(profile, f">wall {unit.name}", unit)
    never = [
        [code(name), ", ".join(_at(row.file, row.line) for row in asked[:3])]
        for name, asked in picks.never(profile)
    ]
    yield "Never used, never loaded", ["module", "deferred at"], never
    failed = [
        [code(node.name), f"{tries:,}", unit.plain(took), text(node.error), _at(node.file, node.line)]
        for node, tries, took in picks.failed(profile)
    ]
    yield "Failed imports", ["module", ">tries", f">wall {unit.name}", "error", "tried at"], failed


def _packages(profile: Profile, unit: Unit) -> Table:
    head = ["package", "kind", ">modules", f">own wall {unit.name}", f">own CPU {unit.name}", ">memory"]
    rows = [
        [
            code(each.name),
            each.kind,
            f"{each.modules:,}",
            unit.plain(each.wall_s),
            unit.plain(each.cpu_s),
            amount(each.rss_bytes),
        ]
        for each in profile.packages
    ]
    return "Packages", head, rows


def _late(profile: Profile, wall: str, unit: Unit) -> Iterable[Table]:
    """What was loaded late: hidden, or deferred and then used."""
    hidden = [
        [code(node.name), unit.plain(node.wall_s), text(phase_name(node.phase)), _at(node.file, node.line)]
        for node in picks.hidden(profile)
    ]
    yield "Hidden imports", ["module", wall, "phase", "imported at"], hidden
    in_vain = [
        [code(row.target), unit.plain(took), _at(row.used_file, row.used_line), _at(row.file, row.line)]
        for row, took in picks.in_vain(profile)
    ]
    yield (
        "Deferred, but loaded before the first batch",
        ["module", wall, "first used at", "deferred at"],
        in_vain,
    )


def _at(file: str, line: int) -> str:
    return code(place(file, line))


def _folded(title: str, head: Line, rows: Sequence[Line], limit: int | None) -> list[str]:
    """A table that opens when it is clicked."""
    if not rows:
        return []
    shown = rows if limit is None else rows[:limit]
    more = ["", f"and {len(rows) - len(shown):,} more"] if len(shown) < len(rows) else []
    summary = f"<details><summary>{title} ({len(rows):,})</summary>"
    return ["", summary, "", *table(head, shown), *more, "", "</details>"]


def render_comparison(found: Comparison, *, limit: int | None = LIMIT) -> str:
    """A comparison."""
    wall, verdict = found.numbers[0], found.verdict
    unit = Unit.of(max(wall.before, wall.after))
    head = f"### {SAID[verdict.word].capitalize()}: time to first batch"
    head += f" {unit.plain(wall.before)} → {unit.full(wall.after)}"
    sides = [
        f"{text(side.name)}: {code(side.title)}, {count(side.runs, 'runs')}"
        for side in (found.before, found.after)
    ]
    sure = ""
    if verdict.low is not None and verdict.high is not None:
        sure = f"95 % sure: {signed(verdict.low, unit)} to {signed(verdict.high, unit)} {unit.name}"
    lines = [head, "", " · ".join(filter(None, [*sides, sure])), ""]
    names = [f">{text(found.before.name)}", f">{text(found.after.name)}", ">change"]
    lines += table(["", *names], [_change(each, unit) for each in found.numbers])
    phases = [replace(each, name=phase_name(each.name)) for each in found.phases]
    for title, changes in (("Phases", phases), ("Packages, own CPU", found.packages)):
        moved = [each for each in changes if signed(each.difference, unit).strip("+-0.,")]
        lines += _folded(title, ["", *names], [_change(each, unit) for each in moved], limit)
    for title, modules in (("No longer loaded", found.removed), ("Newly loaded", found.added)):
        lines += _folded(title, ["module"], [[code(name)] for name in outermost(modules)], limit)
    lines += ["", *(f"> {text(note)}" for note in found.notes)] if found.notes else []
    return "\n".join(lines) + "\n"


def _change(change: Change, unit: Unit) -> list[str]:
    before, after, difference = (
        number(change, value, unit) for value in (change.before, change.after, change.difference)
    )
    sign = "+" if change.difference > 0 and difference.strip("0.,") else ""
    name = f"{change.name}, {unit.name}" if change.unit == "s" else change.name
    return [text(name), before, after, sign + difference]


def table(head: Line, rows: Iterable[Line]) -> list[str]:
    """A table; a column whose title begins with ">" is aligned to the right."""
    titles = [title.removeprefix(">") for title in head]
    rules = ["---:" if title.startswith(">") else "---" for title in head]
    return [f"| {' | '.join(line)} |" for line in (titles, rules, *rows)]


def text(words: str) -> str:
    """Words in which nothing is markup, a table's cell ends or a line breaks."""
    clean = "".join(each if each.isprintable() else " " for each in words)
    for sign in "\\`*_[]<>|#":
        clean = clean.replace(sign, f"\\{sign}")
    return clean


def code(words: str) -> str:
    """A name in a fixed font."""
    clean = (
        "".join(each if each.isprintable() else " " for each in words).replace("`", "'").replace("|", "\\|")
    )
    return f"`{clean}`" if clean.strip() else ""
