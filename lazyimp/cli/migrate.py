"""`lazyimp migrate`: which imports can be lazy by PEP 810, as advice, as a patch, as configuration."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp.cli import patches
from lazyimp.cli.style import BOLD, DIM, GREEN, Style
from lazyimp.errors import ConfigError, LazyimpError, UsageError, unknown_word

if TYPE_CHECKING:
    from lazyimp.migrate.advice import Advised, Adviser
    from lazyimp.migrate.measured import Measured

SCHEMA = "lazyimp-migrate/1"
OF_COURSE = ("LZ214", "LZ220")  # __future__, sys, os: nobody expects anything else
STYLES = ("auto", "lazy", "modules", "function")
KINDS = {
    "lazy": "lazy",
    "modules": "lazy",
    "function": "move into their function",
    "types": "move under TYPE_CHECKING",
}


class Migrate:
    """Advise on PEP 810: which imports can be lazy, by first use in a recorded run and by the code."""

    name = "migrate"

    def split(self, words: list[str]) -> int:
        """Ours is what stands before `--`."""
        return words.index("--") if "--" in words else len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp migrate [options] PATH... [-- program arguments]"
        parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders to look at")
        parser.add_argument(
            "--record", metavar="FILE", help="a recorded lazy run (`lazyimp profile` writes one)"
        )
        parser.add_argument(
            "--style",
            default="auto",
            help="lazy: `lazy import` (3.15 alone); modules: __lazy_modules__ (any Python); function; auto (auto)",
        )
        parser.add_argument(
            "--all", action="store_true", help="also what the run used before its first batch"
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--diff", action="store_true", help="print the patch alone")
        how.add_argument("--list", action="store_true", help="print the advice alone, a line for each import")
        how.add_argument("--write", action="store_true", help="change the files")
        how.add_argument(
            "--emit-ruff", action="store_true", help="print configuration for ruff's lazy-import rules"
        )
        how.add_argument("--emit-filter", action="store_true", help="print a filter module for CPython 3.15")
        how.add_argument("--json", action="store_true", help="print JSON")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Advise."""
        if options.style not in STYLES:
            raise UsageError(unknown_word("style", options.style, STYLES))
        if options.record and rest:
            raise UsageError("a record or a program behind --, not both")
        from lazyimp.migrate.source import python_files

        missing = [path for path in options.paths if not os.path.exists(path)]
        if missing:
            raise UsageError(f"no file or folder {missing[0]!r}; check the path")
        measured = _measured(options, rest[1:])
        files, unread = _advise(python_files(options.paths), _adviser(options, measured))
        for fault in unread:
            print(f"lazyimp: {fault}", file=sys.stderr)
        _print(options, files, measured is not None)
        return 0


def _measured(options: argparse.Namespace, words: list[str]) -> Measured | None:
    from lazyimp.migrate.measured import Measured
    from lazyimp.record import read_record

    if options.record:
        record = read_record(options.record)
    elif words:
        from lazyimp.cli.programs import command_for
        from lazyimp.tuning.runs import Trial, run

        with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
            path = os.path.join(folder, "record.jsonl")
            trial = Trial("safe", env={"LAZYIMP_RECORD": path, "LAZYIMP_OBSERVE": None})
            outcome = run(command_for(words), trial, 3600.0)
            if not os.path.isfile(path):
                last = (outcome.stderr.decode("utf-8", "replace").strip().splitlines() or ["no output"])[-1]
                raise LazyimpError(f"the program left no record ({last})", slug="no-record")
            record = read_record(path)
    else:
        return None
    if not record.deferrals:
        raise UsageError(
            "the record is of an eager run, which cannot tell when names are first used; record a lazy one"
        )
    return Measured(record)


def _adviser(options: argparse.Namespace, measured: Measured | None) -> Adviser:
    from lazyimp import _config, _program
    from lazyimp.migrate.advice import Adviser

    start = os.path.abspath(options.paths[0])
    folder = start if os.path.isdir(start) else os.path.dirname(start)
    path = _program.search_config(folder)
    config = _config.load_config(path) if path else None
    style = options.style if options.style != "auto" else _style_for(folder)
    return Adviser(style, _roots(options.paths), config, measured, options.all)


def _style_for(folder: str) -> str:
    """`lazy` for a project that needs 3.15 at least, else what any Python can read."""
    for each in [Path(folder), *Path(folder).parents]:
        path = each / "pyproject.toml"
        if path.is_file():
            found = re.search(
                r"""(?m)^requires-python\s*=\s*["'][^"']*>=?\s*3\.(\d+)""", path.read_text("utf-8", "replace")
            )
            return "lazy" if found and int(found[1]) >= 15 else "modules"
    return "modules"


def _roots(paths: list[str]) -> list[str]:
    """The folders that the modules are imported from: above their packages."""
    found: dict[str, None] = {}
    for path in paths:
        folder = os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path) or ".")
        while os.path.isfile(os.path.join(folder, "__init__.py")):
            folder = os.path.dirname(folder)
        for each in (folder, os.path.join(folder, "src")):
            if os.path.isdir(each):
                found[each] = None
    return list(found)


def _advise(paths: list[str], adviser: Adviser) -> tuple[list[Advised], list[str]]:
    from lazyimp.migrate.source import Unreadable, read_source

    files, unread = [], []
    for path in paths:
        try:
            files.append(adviser.advise(read_source(path)))
        except Unreadable as fault:
            unread.append(f"{path}: {fault}")
        except OSError as error:
            unread.append(f"{path}: {error.strerror or error}")
    return files, unread


# -- what is printed -------------------------------------------------------------------------------------


def _print(options: argparse.Namespace, files: list[Advised], is_measured: bool) -> None:
    from lazyimp.migrate import emit

    style = Style.of(sys.stdout)
    if options.emit_ruff:
        print(emit.ruff(files), end="")
    elif options.emit_filter:
        print(emit.filter_module(files), end="")
    elif options.json:
        print(json.dumps(as_json(files), indent=2, sort_keys=True))
    elif options.diff:
        patches.show(patch(files, style))
    elif options.list:
        patches.show(listing(files, style))
    elif options.write:
        patches.show(listing(files, style))
        _write(files)
    else:
        patches.show([*listing(files, style), "", *patch(files, style), *summary(files, is_measured, style)])


def listing(files: list[Advised], style: Style) -> list[str]:
    """`file:line:column: CODE text`, for people and editors."""
    lines = []
    for each in files:
        for advice in each.advice:
            if advice.kind == "done" or advice.code in OF_COURSE:
                continue
            place = f"{each.source.path}:{advice.statement.line}:{advice.statement.column}:"
            code = style.paint(advice.code, GREEN if advice.kind != "keep" else DIM)
            word = "" if advice.kind != "keep" else "keep "
            lines.append(f"{place} {code} {word}{advice.text}")
    return lines


def patch(files: list[Advised], style: Style) -> list[str]:
    """A unified diff of all files."""
    from lazyimp.migrate.rewrite import rewritten

    lines: list[str] = []
    for each in files:
        before, after = each.source.data, rewritten(each)
        if before != after:
            lines += patches.diff(os.path.relpath(each.source.path).replace(os.sep, "/"), before, after)
    return patches.coloured(lines, style)


def summary(files: list[Advised], is_measured: bool, style: Style) -> list[str]:
    """How many of which kind, and what to do next."""
    counts = Counter(KINDS.get(advice.kind, advice.kind) for each in files for advice in each.advice)
    told = [
        f"{counts[kind]} can be lazy" if kind == "lazy" else f"{counts[kind]} can {kind}"
        for kind in dict.fromkeys(KINDS.values())
        if counts[kind]
    ]
    told += [
        f"{counts['keep']} stay{'s' * (counts['keep'] == 1)}" if counts["keep"] else "",
        f"{counts['done']} {'is' if counts['done'] == 1 else 'are'} lazy" if counts["done"] else "",
    ]
    lines = ["", style.paint("; ".join(filter(None, told)) or "no imports", BOLD)]
    if not is_measured:
        lines.append(
            style.paint("by the code alone: --record FILE, or `-- program`, measures first use", DIM)
        )
    if counts["lazy"]:
        lines.append(style.paint("--write changes the files", DIM))
    return lines


def _write(files: list[Advised]) -> None:
    from lazyimp.migrate.rewrite import rewritten

    for each in files:
        after = rewritten(each)
        if after != each.source.data:
            if patches.read_or_nothing(Path(each.source.path)) != each.source.data:
                raise ConfigError(f"{each.source.path} has changed meanwhile; run migrate again")
            patches.write(each.source.path, after)
            print(f"written: {each.source.path}", file=sys.stderr)


def as_json(files: list[Advised]) -> dict[str, object]:
    """The advice for machines."""
    return {
        "schema": SCHEMA,
        "exit_code": 0,
        "files": [
            {
                "path": each.source.path,
                "module": each.module,
                "advice": [
                    {
                        "line": advice.statement.line,
                        "column": advice.statement.column,
                        "targets": list(advice.statement.targets),
                        "names": None if advice.statement.names is None else list(advice.statement.names),
                        "kind": advice.kind,
                        "code": advice.code or None,
                        "text": advice.text,
                        "wall_ms": round(advice.wall_ms, 3),
                    }
                    for advice in each.advice
                ],
            }
            for each in files
        ],
    }
