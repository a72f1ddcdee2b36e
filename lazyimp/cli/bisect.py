"""`lazyimp bisect`: which imports a command needs eager."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp import _program, _startup
from lazyimp.cli.patches import nearest_project
from lazyimp.cli.progress import Progress, program_words, split_options
from lazyimp.errors import LazyimpError, UsageError, unknown_word

if TYPE_CHECKING:
    from lazyimp.tuning.bisect import Finding, Verdict
    from lazyimp.tuning.runs import Command
    from lazyimp.tuning.trials import Trials

FORMAT = 1
FOUND, NOTHING_FOUND = 0, 1
GIT = {"good": 0, "bad": 1, "skip": 125}
WITH_VALUE = ("--mode", "--timeout", "--flaky", "--check", "--normalise", "--runs")
INSTEAD = "lazyimp-bisect.toml"


class Bisect:
    """Find the fewest imports to keep eager for a command that lazy imports break."""

    name = "bisect"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the program."""
        return split_options(words, WITH_VALUE)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp bisect [options] -- (script | -m module | -c code | command) [arguments]"
        parser.add_argument("--mode", default="safe", help="the mode that fails: safe, deep or all (safe)")
        parser.add_argument(
            "--timeout", type=float, default=600.0, metavar="S", help="seconds for a run (600)"
        )
        parser.add_argument(
            "--flaky", default="1/1", metavar="K/N", help="K failures in N runs are one (1/1)"
        )
        parser.add_argument(
            "--check", metavar="CMD", help="CMD gets the output; its exit status is the verdict"
        )
        parser.add_argument("--runs", type=int, metavar="N", help="stop after about N runs")
        parser.add_argument(
            "--normalise", action="append", default=[], metavar="REGEX", help="mask in outputs"
        )
        parser.add_argument("--git-bisect", action="store_true", help="only test: exit with 0, 1 or 125")
        parser.add_argument("--write", action="store_true", help="put the rule into pyproject.toml")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Search and report."""
        if options.mode not in _startup.MODES:
            raise UsageError(unknown_word("mode", options.mode, _startup.MODES), slug="unknown-mode")
        from lazyimp.cli.programs import command_for
        from lazyimp.tuning.bisect import bisect, good_or_bad

        command = same_interpreter(command_for(program_words(rest)))
        progress = Progress("lazyimp bisect")
        with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
            trials = make_trials(command, options, Path(folder), progress)
            try:
                if options.git_bisect:
                    return git_status(good_or_bad, trials, options.mode)
                verdict = bisect(trials, options.mode, config_of(command), options.runs)
            finally:
                progress.end()
        print(as_json(verdict) if options.json else as_text(verdict, command))
        if options.write:
            write_rules(verdict, command)
        return FOUND if verdict.findings else NOTHING_FOUND


def git_status(question: object, trials: Trials, mode: str) -> int:
    """What `git bisect run` wants to hear; a fault of ours means that nothing can be told."""
    try:
        return GIT[question(trials, mode)]  # type: ignore[operator]  # good_or_bad
    except (LazyimpError, OSError) as error:
        print(f"lazyimp: {error}", file=sys.stderr)
        return GIT["skip"]


def make_trials(command: Command, options: argparse.Namespace, folder: Path, progress: Progress) -> Trials:
    """The runs that the options ask for."""
    from lazyimp.tuning.trials import Trials

    if options.timeout <= 0:
        raise UsageError(f"--timeout {options.timeout:g} leaves no time to run")
    votes = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", options.flaky)
    if votes is None or int(votes[1]) > int(votes[2]):
        raise UsageError(f"--flaky {options.flaky!r} is not K/N with K at most N, as in 1/3")
    for pattern in options.normalise:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"--normalise {pattern!r} is no regular expression: {error}") from None
    return Trials(
        command,
        options.timeout,
        folder,
        note=progress,
        check=options.check,
        votes=(int(votes[1]), int(votes[2])),
        normalise=options.normalise,
    )


def same_interpreter(command: Command) -> Command:
    """The command, if our interpreter runs it: its modules' code is read here; raises UsageError."""
    theirs = command.argv[0]
    if os.path.dirname(os.path.abspath(theirs)) != os.path.dirname(os.path.abspath(sys.executable)):
        raise UsageError(f"{theirs} is another interpreter; use `{theirs} -m lazyimp`")
    return command


def config_of(command: Command) -> Path | None:
    """The pyproject.toml that holds the program's `[tool.lazyimp]`, or None."""
    from lazyimp.tuning.profile_file import import_path

    found = _program.search_config(import_path(command)[0])
    return None if found is None else Path(found)


# -- the result ----------------------------------------------------------------------------------------


def as_text(verdict: Verdict, command: Command) -> str:
    """The result for people, with the rule to paste."""
    from lazyimp.tuning import config_file
    from lazyimp.tuning.bisect import rules

    lines = [f"mode {verdict.mode} fails: {verdict.failure[0]}", ""]
    for number, finding in enumerate(verdict.findings, 1):
        lines += [f"{number}. {line}" if not at else f"   {line}" for at, line in enumerate(_told(finding))]
    if not verdict.complete:
        lines.append("the search was cut short; there may be more")
    count = sum(len(each.statements) for each in verdict.findings)
    lines.append("")
    lines.append(f"{count} of {verdict.suspects} statements stay eager; {verdict.runs} runs")
    return "\n".join([*lines, "", config_file.table(rules(verdict))]).rstrip()


def _told(finding: Finding) -> list[str]:
    lines = [
        f"{each.importer} imports {each.written}  ({os.path.relpath(each.file)}:{each.line})"
        for each in finding.statements
    ]
    if finding.alone:
        lines.append("fails with nothing else lazy")
    for other in finding.partners:
        lines.append(
            f"fails only together with: {other.importer} imports {other.written}  "
            f"({os.path.relpath(other.file)}:{other.line}); one of them eager is enough"
        )
    return lines


def as_json(verdict: Verdict) -> str:
    """The result for machines."""
    from lazyimp.tuning.bisect import rules

    def plain(finding: Finding) -> dict[str, object]:
        def places(kind: str) -> list[dict[str, object]]:
            return [
                {"importer": each.importer, "imports": each.written, "file": each.file, "line": each.line}
                for each in getattr(finding, kind)
            ]

        return {
            "statements": places("statements"),
            "together_with": places("partners"),
            "alone": finding.alone,
        }

    whole = {
        "format": FORMAT,
        "mode": verdict.mode,
        "failure": list(verdict.failure),
        "findings": [plain(each) for each in verdict.findings],
        "eager": [{"pattern": pattern, "reason": reason} for pattern, reason in rules(verdict)],
        "complete": verdict.complete,
        "runs": verdict.runs,
    }
    return json.dumps(whole, indent=2, sort_keys=True)


def write_rules(verdict: Verdict, command: Command) -> None:
    """Put the rule into the program's pyproject.toml, or beside it where that cannot be done for certain."""
    from lazyimp.tuning import config_file, profile_file
    from lazyimp.tuning.bisect import rules

    if not verdict.findings:
        return
    path = nearest_project(Path(profile_file.import_path(command)[0]))
    text = path.read_bytes().decode("utf-8") if path.exists() else ""
    after = config_file.added(text, rules(verdict))
    if after is None:
        other = path.with_name(INSTEAD)
        profile_file.write(other, config_file.table(rules(verdict)))
        print(f"{path} could not be changed safely; the rule is in {other}", file=sys.stderr)
        return
    profile_file.write(path, after)
    print(f"written to {path}", file=sys.stderr)
