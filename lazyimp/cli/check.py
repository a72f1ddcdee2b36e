"""`lazyimp check`: does a program load more at its start than it may? For continuous integration."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp.cli import check_report
from lazyimp.cli.progress import Progress, program_words, split_options
from lazyimp.cli.style import Style
from lazyimp.errors import LazyimpError, UsageError, unknown_word

if TYPE_CHECKING:
    from lazyimp.cli.check_report import Result
    from lazyimp.gate.budgets import Budget
    from lazyimp.gate.project import Project
    from lazyimp.gate.static import Survey

FINE, BROKEN, INCONCLUSIVE = 0, 1, 3
WITH_VALUE = ("--mode", "--timeout", "--format", "--max-modules", "--forbid")
FORMATS = ("text", "github", "md", "json")


class Check:
    """Compare what a program loads at its start with a budget and with lazyimp.lock."""

    name = "check"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the program."""
        return split_options(words, WITH_VALUE)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp check [options] [[--] (script | -m module | -c code | command) [arguments]]"
        parser.add_argument("--update", action="store_true", help="write what is loaded now to lazyimp.lock")
        parser.add_argument(
            "--static", action="store_true", help="run nothing; look at the import statements"
        )
        parser.add_argument(
            "--mode", help="safe, deep, all or 0; else the budget's, else what -X lazyimp does"
        )
        parser.add_argument("--max-modules", type=int, metavar="N", help="at most N modules, in this run")
        parser.add_argument(
            "--forbid", action="append", default=[], metavar="PATTERN", help="and none of these"
        )
        parser.add_argument(
            "--timeout", type=float, default=600.0, metavar="S", help="seconds for a run (600)"
        )
        parser.add_argument("--chains", action="store_true", help="tell of every new package how it came")
        parser.add_argument("--format", default="text", metavar="F", help="text, github, md or json (text)")
        parser.add_argument(
            "--json", action="store_const", dest="format", const="json", help="as --format json"
        )
        parser.add_argument("--md", action="store_const", dest="format", const="md", help="as --format md")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Check the named target, or all that the project names."""
        _refuse_nonsense(options)
        from lazyimp.gate.project import find_project

        project = find_project(Path.cwd())
        targets = _targets(options, program_words(rest), project)
        before, style = os.getcwd(), Style.of(sys.stdout)
        os.chdir(project.folder)  # targets are named from there
        progress = Progress("lazyimp check")
        try:
            results = [_examine(options, budget, project, progress) for budget in targets]
            was_written = options.update and _update(project, results)
            text = check_report.FORMATS[options.format](results, _status(results), style)
        finally:
            progress.end()
            os.chdir(before)
        if was_written:
            print(f"written to {os.path.relpath(project.lock_path)}", file=sys.stderr)
        if text:
            print("\n".join(text))
        return _status(results)


def _refuse_nonsense(options: argparse.Namespace) -> None:
    """Raises UsageError."""
    from lazyimp.gate.budgets import MODES

    if options.format not in FORMATS:
        raise UsageError(unknown_word("format", options.format, FORMATS))
    if options.mode is not None and options.mode not in MODES:
        raise UsageError(unknown_word("mode", options.mode, MODES), slug="unknown-mode")
    if options.timeout <= 0:
        raise UsageError(f"--timeout {options.timeout:g} leaves no time to run")
    if options.max_modules is not None and options.max_modules <= 0:
        raise UsageError(f"--max-modules {options.max_modules} allows nothing")


def _targets(options: argparse.Namespace, words: list[str], project: Project) -> list[Budget]:
    """What to check; raises UsageError where nothing is named."""
    from dataclasses import replace

    if not words:
        found = project.targets()
        if not found:
            where = os.path.relpath(project.folder)
            raise UsageError(
                f"nothing to check: name a program, or write [[tool.lazyimp.budget]] into {where}/pyproject.toml"
            )
        return [replace(each, mode=options.mode or each.mode) for each in found]
    if os.path.exists(words[0]):
        words = [os.path.relpath(words[0], project.folder).replace(os.sep, "/"), *words[1:]]
    budget = project.budget_for(tuple(words), options.mode)
    forbid = (*budget.forbid, *options.forbid)
    return [replace(budget, forbid=forbid, max_modules=options.max_modules or budget.max_modules)]


def _examine(options: argparse.Namespace, budget: Budget, project: Project, progress: Progress) -> Result:
    """One target's result; what cannot be told is told as such."""
    progress(budget.name)
    try:
        if options.static:
            return _by_code(options, budget, project)
        return _by_running(options, budget, project)
    except UsageError as error:
        if not options.static:
            raise UsageError(f"target {budget.name!r}: {error}") from None
        # a hook runs in an environment of its own, where the project's commands are not installed
        return check_report.Result(budget, "", notes=[f"not looked at: {error}"])
    except LazyimpError as error:
        return check_report.Result(budget, "", unknown=str(error), code="LZ408")


def _by_running(options: argparse.Namespace, budget: Budget, project: Project) -> Result:
    from lazyimp.cli.programs import command_for
    from lazyimp.gate.judging import judge, missing_entry
    from lazyimp.gate.measure import measure

    command = command_for(budget.target)
    loaded = measure(command, budget, options.timeout)
    entry = loaded.entry(budget.name, _survey(budget, project).packages)
    known = project.lock.get(entry.key)
    where = f"until its {'first batch' if loaded.has_batch else 'end'}; {entry.key.where}"
    result = check_report.Result(budget, where, len(loaded.modules), entry=entry, before=known)
    if options.update:
        return result
    result.findings += judge(budget, project.lock, entry.key, loaded)
    result.has_all_chains = options.chains
    if known is None:
        asks_nothing = budget.max_modules is None and not budget.forbid and budget.max_cpu_ms is None
        if project.lock.entries or asks_nothing:
            result.unknown, result.code = missing_entry(project.lock, entry.key), "LZ407"
    return result


def _by_code(options: argparse.Namespace, budget: Budget, project: Project) -> Result:
    from lazyimp.gate.judging import judge_static, missing_entry
    from lazyimp.gate.lockfile import Key, here

    found = _survey(budget, project)
    entries = [each for each in project.lock.entries if each.key.name == budget.name]
    result = check_report.Result(budget, "read, none run", len(found.own), unit="own module")
    result.findings += judge_static(budget, entries, found)
    result.notes += [f"cannot be read: {each}" for each in found.unread]
    if not entries and not project.lock.entries and project.budgets:
        result.notes.append("there is no lazyimp.lock yet; lazyimp check --update writes one")
    elif not entries:
        result.unknown = missing_entry(project.lock, Key(budget.name, *here(), ""))
        result.code = "LZ407"
    return result


def _survey(budget: Budget, project: Project) -> Survey:
    from lazyimp.cli.programs import command_for
    from lazyimp.gate.static import survey
    from lazyimp.tuning.profile_file import import_path, program_words

    command = command_for(budget.target)
    roots = [*import_path(command), str(project.folder), str(project.folder / "src")]
    return survey(program_words(command), list(dict.fromkeys(roots)))


def _update(project: Project, results: list[Result]) -> bool:
    """Write what was measured into the lock, and note what changed; false where nothing did."""
    from lazyimp.gate.judging import changed
    from lazyimp.gate.lockfile import save

    lock = project.lock
    for each in results:
        if each.entry is not None:
            each.notes.append(changed(each.before, each.entry))
            lock = lock.with_entry(each.entry)
    return bool(lock.entries) and save(project.lock_path, lock)


def _status(results: list[Result]) -> int:
    if any(each.is_broken for each in results):
        return BROKEN
    return INCONCLUSIVE if any(each.unknown for each in results) else FINE
