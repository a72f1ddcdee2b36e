"""A manifest for people: the short list with reasons, what travels as files, what could not be decided."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lazyimp.manifest.diff import Change
from lazyimp.manifest.values import DIRECT, OBSERVED, Manifest, Requirement
from lazyimp.reports.terminal import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    Cell,
    Column,
    Style,
    amount,
    count,
    headed,
    table,
    wrapped,
)

MOST_LOCAL = 6
_COLUMNS = (
    Column("distribution"),
    Column("version", drop=1),
    Column("kind"),
    Column("size", ">"),
    Column("needed as", drop=3),
    Column("first asked for by", drop=2, cut="left", least=16),
)


def render(manifest: Manifest, style: Style | None = None, *, verbose: bool = False) -> str:
    """The text; `verbose` lists the whole lock."""
    style = style or Style()
    lines = [*_headline(manifest, style), ""]
    rows = manifest.requirements if verbose else manifest.roots()
    if rows:
        lines += table(_COLUMNS, [_row(each, verbose) for each in rows], style)
    hidden = len(manifest.requirements) - len(manifest.roots())
    if hidden and not verbose:
        own = [each.name for each in manifest.requirements if not each.root and DIRECT in each.tags]
        said = f" ({', '.join(own)}: imported by the program itself)" if own else ""
        text = f"and {count(hidden, 'others')} that these require{said}; -v lists them"
        lines += wrapped(text, style, code=DIM)
    lines += _local(manifest, style)
    lines += _undecided(manifest, style)
    return "\n".join(lines) + "\n"


def _headline(manifest: Manifest, style: Style) -> list[str]:
    size = sum(each.size_bytes for each in manifest.requirements)
    whole = manifest.whole
    title = f"{len(manifest.requirements)} of {count(whole.get('distributions', 0), 'distributions')}"
    share = f"{amount(size)} of {amount(whole.get('size_bytes', 0))}"
    target = manifest.target
    libc = [f"{target.libc} {target.libc_version}"] if target.system == "linux" else []
    machine = [f"Python {target.python}", f"{target.system} {target.architecture}", *libc, target.accelerator]
    lines = [headed(title, share, style)]
    lines.append(style.paint(style.plain(" · ".join(machine)), DIM))
    if not manifest.complete:
        why = "; ".join(["this is not a whole run", *manifest.notes])
        lines += wrapped(f"{why}: something may be missing", style, code=YELLOW)
    return lines


def _row(each: Requirement, verbose: bool) -> list[Cell | str]:
    by = _short(each.evidence[0].by) if each.evidence else ""
    if verbose and not each.root:
        return [
            Cell(f"  {each.name}", DIM),
            each.version,
            each.kind,
            amount(each.size_bytes),
            Cell(_tags(each), DIM),
            by,
        ]
    code = RED if each.kind == "unresolved" else YELLOW if "modified" in each.flags else BOLD
    return [Cell(each.name, code), each.version, each.kind, amount(each.size_bytes), _tags(each), by]


def _short(place: str) -> str:
    """A file without the folder of distributions that it is in."""
    return re.sub(r".*[/\\](?:site|dist)-packages[/\\]", "", place)


def _tags(each: Requirement) -> str:
    """What it is needed as; that code of it was loaded, or that the program imports it, says more than the rest."""
    loaded = {DIRECT, OBSERVED}.intersection(each.tags)
    shown = [tag for tag in each.tags if not loaded or tag not in ("data", "metadata", "library")]
    shown = [tag for tag in shown if tag != OBSERVED or len(shown) == 1]
    return ", ".join([*shown, *(flag for flag in each.flags if flag == "modified")])


def _local(manifest: Manifest, style: Style) -> list[str]:
    if not manifest.local:
        return []
    lines = ["", headed("Local code", "travels as files", style)]
    for part in manifest.local:
        size = sum(file.size_bytes for file in part.files)
        lines += wrapped(
            f"{part.name}: {count(len(part.files), 'files')}, {amount(size)}, from {part.root}", style, 1
        )
    return lines


def _undecided(manifest: Manifest, style: Style) -> list[str]:
    if not manifest.undecided:
        return []
    blocking = [each for each in manifest.undecided if each.blocks]
    stop = "stops" if len(blocking) == 1 else "stop"
    remark = f"{len(blocking)} of them {stop} shipping" if blocking else "none of them stops shipping"
    lines = ["", headed("Not decided", remark, style)]
    for each in manifest.undecided:
        lines += wrapped(f"{each.what}: {each.why}", style, 1, code=RED if each.blocks else "")
        lines += wrapped(each.way_out, style, 3, code=DIM)
    return lines


def render_changes(changes: Sequence[Change], style: Style | None = None) -> str:
    """What differs between two manifests."""
    style = style or Style()
    if not changes:
        return "no difference\n"
    signs = {"added": ("+", GREEN), "removed": ("-", RED), "changed": ("~", YELLOW)}
    rows: list[list[Cell | str]] = [
        [Cell(*signs[each.what]), each.name, each.before, each.after] for each in changes
    ]
    columns = (Column(""), Column("name"), Column("before", cut="right"), Column("after", cut="right"))
    return "\n".join(table(columns, rows, style)) + "\n"


def render_explained(
    manifest: Manifest, each: Requirement, above: Sequence[str], style: Style | None = None
) -> str:
    """Why one distribution is listed: kind, origin, evidence, who requires it, size."""
    style = style or Style()
    lines = [headed(f"{each.display or each.name} {each.version}", amount(each.size_bytes), style)]
    lines += wrapped(f"{each.kind}: {each.reason}", style, 1)
    for name in ("url", "commit", "path", "channel", "build"):
        value = getattr(each.source, name)
        if value:
            lines += wrapped(f"{name}: {value}", style, 3, code=DIM)
    if each.modules:
        was = "was" if each.modules == 1 else "were"
        lines.append(f" {count(each.modules, 'modules')} of it {was} loaded")
    chain = next((fact for fact in each.evidence if fact.chain), None)
    if chain is not None:
        lines += wrapped(f"loaded by {' > '.join([*chain.chain, chain.what])}", style, 1)
    for fact in each.evidence:
        asked = f", asked for by {_short(fact.by)}" if fact.by else ""
        lines += wrapped(f"{fact.tag}: {_short(fact.what)}{asked}", style, 1)
    if above:
        lines += wrapped(f"required by {', '.join(above)}", style, 1)
    if each.requires:
        lines += wrapped(f"requires {', '.join(each.requires)}", style, 1)
    if each.flags:
        lines += wrapped(f"noted: {', '.join(each.flags)}", style, 1, code=YELLOW)
    lines.append(" in the short list" if each.root else " in the lock, as a requirement of others")
    return "\n".join(lines) + "\n"
