"""The answer to "why was this module loaded", for terminals."""

from __future__ import annotations

from lazyimp.profile import FAILED, NEVER, REIFIED, Step, Why
from lazyimp.reports.terminal import (
    BOLD,
    CYAN,
    DIM,
    RED,
    YELLOW,
    Cell,
    Column,
    Row,
    Style,
    Unit,
    amount,
    clean,
    count,
    headed,
    table,
    wrapped,
)
from lazyimp.reports.words import asker, phase_name, place

OUTCOMES = {NEVER: Cell("never used", DIM), FAILED: Cell("failed at", RED), REIFIED: Cell("first used at")}


def render(found: Why, style: Style | None = None, *, limit: int | None = 8) -> str:
    """The report; `limit` is how many places that asked are named, None for all."""
    style = style or Style()
    lines = _headline(found, style)
    for part in (
        _chain(found, style),
        _deferred(found, style, limit),
        _asked(found, style, limit),
        _pulled(found, style),
        _rule(found, style),
    ):
        lines += ["", *part] if part else []
    return "\n".join(lines) + "\n"


def _headline(found: Why, style: Style) -> list[str]:
    node = found.node
    name = style.paint(style.plain(clean(found.name)), BOLD)
    if node is None:
        loaded = f"{count(len(found.below), 'modules')} below it were loaded" if found.below else "not loaded"
        return [f"{name}  {style.paint(loaded, DIM)}"]
    unit = Unit.of(node.wall_s)
    if found.error:
        error = style.paint(clean(f"failed with {found.error}"), RED)
        return [f"{name}  {error} after {unit.full(node.wall_s)}", *_when(found, style)]
    told = (
        f"{unit.full(node.self_wall_s)} by itself",
        f"CPU {unit.full(node.cpu_s)}",
        amount(node.rss_bytes),
        f"{count(found.modules, 'modules')} in all" if found.modules > 1 else "",
    )
    head = f"{name}  {style.paint(unit.full(node.wall_s), BOLD)}"
    return [head, *wrapped(" · ".join(filter(None, told)), style, indent=1, code=DIM), *_when(found, style)]


def _when(found: Why, style: Style) -> list[str]:
    node = found.node
    if node is None:
        return []
    about = [
        node.origin,
        f"in {phase_name(node.phase)}" if node.phase else "",
        "" if node.before_batch else "after the first batch",
        f"in a {found.process}" if found.process else "",
    ]
    lines = wrapped(", ".join(filter(None, about)), style, indent=1, code=DIM)
    hidden = "hidden: loaded late, so that timing the program's import statements does not show it"
    return lines + (wrapped(hidden, style, indent=1, code=YELLOW) if node.hidden else [])


def _chain(found: Why, style: Style) -> list[str]:
    """Who imported whom, the program first."""
    if not found.chain:
        return []
    unit = Unit.of(found.chain[0].wall_s)
    rows: list[Row] = []
    for step in found.chain:
        name = Cell(step.name, BOLD if step is found.chain[-1] else "")
        if step.deferred_file:
            rows.append(
                [Cell(place(step.deferred_file, step.deferred_line), DIM), Cell("defers", DIM), name, ""]
            )
        where = asker(step.file, step.line, step.function) or "the interpreter"
        rows.append([where, Cell(_verb(step), DIM), name, unit.full(step.wall_s)])
    columns = [
        Column("", cut="left", least=20),
        Column("", drop=1),
        Column("", cut="right", least=34),
        Column("", ">"),
    ]
    return [headed("Imported by", "", style), *table(columns, rows, style, indent=1)]


def _verb(step: Step) -> str:
    return {"first use": "first uses", "call": "calls for"}.get(step.use, "imports")


def _deferred(found: Why, style: Style, limit: int | None) -> list[str]:
    if not found.deferrals:
        return []
    rows: list[Row] = []
    for row in found.deferrals[:limit]:
        used = asker(row.used_file, row.used_line, row.used_by)
        name = Cell(row.bound or row.target, CYAN)
        rows.append([place(row.file, row.line), name, OUTCOMES[row.verdict], used])
    columns = [
        Column("", cut="left", least=16),
        Column("", cut="right", drop=2),
        Column("", drop=1),
        Column("", cut="left", least=16),
    ]
    return [
        headed("Deferred", "", style),
        *table(columns, rows, style, indent=1),
        *_more(len(found.deferrals), limit, style),
    ]


def _asked(found: Why, style: Style, limit: int | None) -> list[str]:
    """Everybody who asked, where that is more than the chain says."""
    others = [each for each in found.asked if each.how != "deferred it"]
    if len(others) < 2:
        return []
    rows: list[Row] = [[place(each.file, each.line), Cell(each.how, DIM)] for each in others[:limit]]
    columns = [Column("", cut="left", least=20), Column("")]
    return [
        headed("Asked for by", "", style),
        *table(columns, rows, style, indent=1),
        *_more(len(others), limit, style),
    ]


def _more(total: int, limit: int | None, style: Style) -> list[str]:
    return [style.paint(f" and {total - limit:,} more", DIM)] if limit is not None and total > limit else []


def _pulled(found: Why, style: Style) -> list[str]:
    if len(found.pulled) < 2 and found.modules < 2:
        return []
    unit = Unit.of(found.node.wall_s if found.node is not None else 0)
    rows: list[Row] = [[name, f"{modules:,}", unit.full(took)] for name, modules, took in found.pulled]
    columns = [Column("package", cut="right"), Column("modules", ">"), Column("own wall", ">")]
    return [headed("Loaded with it", "", style), *table(columns, rows, style, indent=1)]


def _rule(found: Why, style: Style) -> list[str]:
    return [headed("Rule", "", style), *wrapped(found.rule, style, indent=1)] if found.rule else []
