"""The long tables of the report for terminals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lazyimp.profile import FAILED, Profile
from lazyimp.reports import picks
from lazyimp.reports.terminal import (
    DIM,
    RED,
    YELLOW,
    Cell,
    Column,
    Row,
    Style,
    Unit,
    amount,
    count,
    headed,
    table,
)
from lazyimp.reports.words import asker, phase_name, place


class Section(NamedTuple):
    """A table under its headline."""

    title: str
    remark: str
    columns: Sequence[Column]
    rows: Sequence[Row]


def sections(profile: Profile, style: Style, limit: int | None) -> Iterator[list[str]]:
    """The lines of each table that has rows; those beyond `limit` are only counted."""
    unit = Unit.of(profile.ttfb_s)
    loaded = (_statements, _packages, _hidden, _in_vain, _never, _failed)
    tables = (*loaded, _from_disk, _processes, _ranks, _rejected)
    for section in (make(profile, unit) for make in tables):
        if section.rows:
            yield _lines(section, style, limit)


def _lines(section: Section, style: Style, limit: int | None) -> list[str]:
    shown = section.rows if limit is None else section.rows[:limit]
    lines = [headed(section.title, section.remark, style), *table(section.columns, shown, style, indent=1)]
    if len(shown) < len(section.rows):
        lines.append(style.paint(f" and {len(section.rows) - len(shown):,} more", DIM))
    return lines


def _packages(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("package", cut="right"),
        Column("kind", drop=3),
        Column("modules", ">"),
        Column("hidden", ">", drop=2),
        Column(f"own wall {unit.name}", ">"),
        Column(f"own cpu {unit.name}", ">", drop=1),
        Column("memory", ">", drop=4),
    ]
    rows = [
        (
            each.name,
            Cell(each.kind, DIM),
            f"{each.modules:,}",
            Cell(f"{each.hidden_modules:,}" if each.hidden_modules else "", YELLOW),
            unit.plain(each.wall_s),
            unit.plain(each.cpu_s),
            amount(each.rss_bytes),
        )
        for each in profile.packages
    ]
    return Section("Packages", "without what they import from others", columns, rows)


def _statements(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("module", cut="right"),
        Column(f"wall {unit.name}", ">"),
        Column(f"cpu {unit.name}", ">", drop=1),
        Column("memory", ">", drop=2),
        Column("imported at", cut="left", least=16),
    ]
    rows = [
        (
            node.name,
            unit.plain(node.wall_s),
            unit.plain(node.cpu_s),
            amount(node.rss_bytes),
            place(node.file, node.line),
        )
        for node in picks.statements(profile)
    ]
    return Section("Import statements", "the program's own, with all that they load", columns, rows)


def _hidden(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("module", cut="right"),
        Column(f"wall {unit.name}", ">"),
        Column("phase", drop=2),
        Column("imported at", cut="left", least=16, drop=1),
    ]
    rows = [
        (
            Cell(node.name, YELLOW),
            unit.plain(node.wall_s),
            Cell(phase_name(node.phase), DIM),
            asker(node.file, node.line, node.function),
        )
        for node in picks.hidden(profile)
    ]
    return Section("Hidden imports", "loaded late; timing an import does not show it", columns, rows)


def _in_vain(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("module", cut="right", least=28),
        Column(f"wall {unit.name}", ">"),
        Column("first used at", cut="left", least=32),
        Column("deferred at", cut="left", least=16, drop=1),
    ]
    rows = [
        (
            row.target.replace(":", "."),
            unit.plain(took),
            asker(row.used_file, row.used_line, row.used_by),
            Cell(place(row.file, row.line), DIM),
        )
        for row, took in picks.in_vain(profile)
    ]
    return Section("Deferred, but loaded", "used before the first batch", columns, rows)


def _never(profile: Profile, unit: Unit) -> Section:
    columns = [Column("module", cut="right", least=20), Column("deferred at", cut="left", least=16)]
    rows = []
    for name, asked in picks.never(profile):
        more = f" and {len(asked) - 1:,} more" if len(asked) > 1 else ""
        rows.append((name, Cell(place(asked[0].file, asked[0].line) + more, DIM)))
    return Section("Never used, never loaded", "", columns, rows)


def _failed(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("module", cut="right"),
        Column("tries", ">", drop=2),
        Column(f"wall {unit.name}", ">"),
        Column("error", cut="right", drop=1),
        Column("tried at", cut="left", least=20),
    ]
    rows = [
        (
            node.name,
            f"{tries:,}",
            unit.plain(took),
            Cell(node.error, RED),
            asker(node.file, node.line, node.function),
        )
        for node, tries, took in picks.failed(profile)
    ]
    late = sum(row.verdict == FAILED for row in profile.deferrals)
    remark = f"and {count(late, 'deferred names')} at the first use" if late else ""
    return Section("Failed imports", remark, columns, rows)


def _from_disk(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("file", cut="left", least=20),
        Column(f"wall {unit.name}", ">"),
        Column("read", ">"),
        Column("faults", ">", drop=1),
    ]
    rows = [
        (each.path, unit.plain(each.wall_s), amount(each.read_bytes), f"{each.major_faults:,}")
        for each in picks.from_disk(profile)
    ]
    return Section("Files read from disk", "they were not in memory", columns, rows)


def _processes(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("process", ">"),
        Column("role"),
        Column("program", cut="right", drop=3),
        Column(f"from {unit.name}", ">", drop=2),
        Column(f"to {unit.name}", ">", drop=2),
        Column("imports", ">"),
        Column(f"cpu {unit.name}", ">", drop=1),
    ]
    rows = [
        (
            str(each.pid),
            each.role,
            Cell(each.main, DIM),
            unit.plain(each.start_s),
            unit.plain(each.end_s) if each.end_s is not None else Cell("no end", DIM),
            f"{each.imports:,}",
            unit.plain(each.cpu_s),
        )
        for each in profile.processes
    ]
    return Section("Processes", "", columns, rows if len(rows) > 1 else [])


def _ranks(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("rank", ">"),
        Column(f"ttfb {unit.name}", ">"),
        Column(f"cpu {unit.name}", ">", drop=1),
        Column(f"imports {unit.name}", ">"),
        Column("modules", ">", drop=2),
        Column("longest phase", cut="right", drop=3),
    ]
    rows = []
    for each in sorted(profile.ranks, key=lambda each: (-each.ttfb_s, each.rank)):
        name, wall = max(each.phases, key=lambda phase: phase[1], default=("", 0.0))
        times = (each.ttfb_s, each.ttfb_cpu_s, each.imports_wall_s)
        longest = f"{phase_name(name)} {unit.plain(wall)}"
        rows.append((str(each.rank), *map(unit.plain, times), f"{each.modules:,}", longest))
    return Section("Ranks", "the slowest first", columns, rows)


def _rejected(profile: Profile, unit: Unit) -> Section:
    columns = [
        Column("rule", cut="right", least=20),
        Column(f"at {unit.name}", ">"),
        Column("why not", cut="right", least=40),
    ]
    told = profile.batch.rejected if profile.batch is not None else ()
    rows = [(rule, unit.plain(at_s), Cell(why, DIM)) for rule, at_s, why in told]
    return Section("Not the first batch", "", columns, rows)
