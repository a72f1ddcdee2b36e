"""The result of `lazyimp check`: text, GitHub annotations, Markdown and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lazyimp.cli.style import BOLD, CYAN, DIM, RED, YELLOW, Style, shortened, wrapped
from lazyimp.gate.budgets import Budget
from lazyimp.gate.judging import ERROR, NOTE, WARNING, Finding
from lazyimp.gate.loaded import Step
from lazyimp.gate.lockfile import Entry

SCHEMA = "lazyimp-check/1"
INDENT = 4
MOST_PACKAGES = 12


@dataclass
class Result:
    """What came of one target; `unknown` says why nothing can be told, with its code."""

    budget: Budget
    where: str
    count: int = 0
    unit: str = "module"
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: str = ""
    code: str = ""
    entry: Entry | None = None
    before: Entry | None = None
    has_all_chains: bool = False

    @property
    def told(self) -> list[Finding]:
        """What people are shown."""
        return self.findings if self.has_all_chains else brief(self.findings)

    @property
    def is_broken(self) -> bool:
        """Some finding fails the check."""
        return any(each.weight == ERROR for each in self.findings)

    @property
    def mark(self) -> str:
        """Good, note or bad."""
        return "bad" if self.is_broken else "note" if self.unknown or self.findings else "good"


def brief(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with the chain of the first new package alone: the others mostly came with it."""
    new = [each for each in findings if each.code == "LZ403"]
    if len(new) < 3:
        return list(findings)
    names = [each.text.removeprefix("new package: ") for each in new[1:]]
    shown = ", ".join(names[:MOST_PACKAGES])
    more = f" and {len(names) - MOST_PACKAGES} more" if len(names) > MOST_PACKAGES else ""
    rest = Finding(
        "LZ403", new[0].weight, f"{len(names)} more new packages: {shown}{more}; --chains tells how each came"
    )
    place = findings.index(new[0]) + 1
    kept = [each for each in findings if each not in new[1:]]
    return [*kept[:place], rest, *kept[place:]]


# -- for people ------------------------------------------------------------------------------------------


def as_text(results: Sequence[Result], status: int, style: Style) -> list[str]:
    """A paragraph for each target."""
    lines: list[str] = []
    for each in results:
        lines += [*([""] if lines else []), *_told(each, style)]
    if any(each.is_broken for each in results):
        accept = "If it has to be: lazyimp check --update, or another budget in pyproject.toml."
        lines += ["", *style.indented(accept, 0, DIM)]
    return lines


def _told(result: Result, style: Style) -> list[str]:
    name = shortened(result.budget.name, style.width - 2)
    lines = [f"{style.mark(result.mark)} {style.paint(name, BOLD)}"]
    if result.where:
        count = f"{result.count:,} {result.unit}{'s' * (result.count != 1)}"
        if result.budget.max_modules is not None and result.unit == "module":
            count += f" of {result.budget.max_modules:,}"
        lines += style.indented(f"{count} {result.where}", INDENT, DIM)
    for finding in result.told:
        colour = {ERROR: RED, WARNING: YELLOW, NOTE: DIM}[finding.weight]
        lines += style.beside(finding.code, finding.text, 7, colour, indent=INDENT)
        lines += _chain(finding.chain, style)
    if result.unknown:
        lines += style.beside(result.code, result.unknown, 7, YELLOW, indent=INDENT)
        if result.code == "LZ407":
            fix = f"{style.arrow()} lazyimp check --update {result.budget.name}"
            lines += style.indented(fix, INDENT + 7, CYAN)
    for note in result.notes:
        lines += style.indented(note, INDENT, DIM)
    return lines


def _chain(chain: Sequence[Step], style: Style) -> list[str]:
    """The statements from the program down to the module, one a line."""
    indent = INDENT + 7
    if not chain:
        return []
    room = min(max(len(step.place) for step in chain), (style.width - indent) // 2)
    lines = []
    for step in chain:
        place = shortened(step.place, room)
        what, *more = wrapped(step.told, style.width - indent - room - 2)
        code = BOLD if step is chain[-1] else ""
        lines.append(" " * indent + f"{place:<{room}}  {style.paint(what, code)}")
        lines += [" " * (indent + room + 2) + style.paint(line, code) for line in more]
    return lines


# -- for GitHub ------------------------------------------------------------------------------------------


def as_github(results: Sequence[Result], status: int, style: Style) -> list[str]:
    """Workflow commands, which become annotations of the lines that they name."""
    lines = []
    for each in results:
        for finding in each.told:
            kind = {ERROR: "error", WARNING: "warning", NOTE: "notice"}[finding.weight]
            text = f"{each.budget.name}: {finding.text}" + "".join(
                f"\n{step.place} {step.told}" for step in finding.chain
            )
            lines.append(_command(kind, finding.code, text, finding.file, finding.line))
        if each.unknown:
            lines.append(_command("warning", each.code, f"{each.budget.name}: {each.unknown}"))
    return lines


def _command(kind: str, code: str, text: str, file: str = "", line: int = 0) -> str:
    values = {"file": file.replace(os.sep, "/"), "line": str(line or ""), "title": f"lazyimp {code}"}
    listed = ",".join(f"{name}={_property(value)}" for name, value in values.items() if value)
    return f"::{kind} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# -- for a pull request ----------------------------------------------------------------------------------


def as_markdown(results: Sequence[Result], status: int, style: Style) -> list[str]:
    """A table, and the findings below it."""
    lines = ["### Start-up imports", "", "| target | modules | budget | result |", "|---|---:|---:|---|"]
    for each in results:
        verdict = "over" if each.is_broken else "unknown" if each.unknown else "fine"
        most = f"{each.budget.max_modules:,}" if each.budget.max_modules is not None else ""
        lines.append(f"| `{_cell(each.budget.name)}` | {each.count:,} | {most} | {verdict} |")
    for each in results:
        told = [*each.told, *([Finding(each.code, NOTE, each.unknown)] if each.unknown else [])]
        if told:
            lines += [
                "",
                f"**`{_cell(each.budget.name)}`** ({each.where})"
                if each.where
                else f"**{each.budget.name}**",
            ]
        for finding in told:
            lines += ["", f"- **{finding.code}** {finding.text}"]
            if finding.chain:
                steps = [f"{step.place} {step.told}" for step in finding.chain]
                lines += ["  ```", *(f"  {step}" for step in steps), "  ```"]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


# -- for machines ----------------------------------------------------------------------------------------


def as_json(results: Sequence[Result], status: int, style: Style) -> list[str]:
    """Everything as JSON."""
    whole = {"schema": SCHEMA, "exit_code": status, "targets": [_plain(each) for each in results]}
    return [json.dumps(whole, indent=2, sort_keys=True)]


def _plain(result: Result) -> dict[str, object]:
    return {
        "target": result.budget.name,
        "where": result.where,
        "modules": result.count,
        "max_modules": result.budget.max_modules,
        "broken": result.is_broken,
        "unknown": result.unknown or None,
        "notes": result.notes,
        "findings": [
            {
                "code": finding.code,
                "weight": finding.weight,
                "text": finding.text,
                "file": finding.file or None,
                "line": finding.line or None,
                "chain": [
                    {
                        "file": step.file,
                        "line": step.line,
                        "module": step.module,
                        "first_use": step.is_first_use,
                        "written": step.written or None,
                    }
                    for step in finding.chain
                ],
            }
            for finding in result.findings
        ],
    }


FORMATS: dict[str, Callable[[Sequence[Result], int, Style], list[str]]] = {
    "text": as_text,
    "github": as_github,
    "md": as_markdown,
    "json": as_json,
}
