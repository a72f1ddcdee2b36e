"""`lazyimp ttfb -n N --interleave A,B`: several ways to run a program by turns, and which is faster."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

from lazyimp import __version__
from lazyimp.cli import starting
from lazyimp.cli.progress import Progress
from lazyimp.cli.rounds_report import USUAL_SIDES, as_json, as_text
from lazyimp.errors import UsageError, unknown_word

if TYPE_CHECKING:
    from lazyimp.running.machine import Watch
    from lazyimp.running.rounds import Failed, Measured, Side
    from lazyimp.running.until import Until
    from lazyimp.tuning.runs import Command

SCHEMA = "lazyimp-ttfb/1"
CLEAR, DIFFERENT, INCONCLUSIVE = 0, 1, 3
USUAL_ROUNDS = 5
LIMIT_S = 600.0  # of each run
SHOWN_LINES = 20  # of what a run that failed printed


def compare(options: argparse.Namespace, command: Command, when: Until) -> int:
    """Run the sides by turns and say which is faster; 3 where that cannot be told."""
    from lazyimp.running import store
    from lazyimp.running.machine import Watch
    from lazyimp.running.rounds import Failed, Rounds

    if when.seconds is not None:
        raise UsageError("runs that are compared need a moment they all reach; --until names a time")
    wanted = sides(options.interleave or USUAL_SIDES)
    progress = Progress("lazyimp ttfb") if sys.stderr.isatty() else None
    run, watch = store.new_run("rounds", starting.shown_name(command.shown), command.shown), Watch()
    rounds = Rounds(
        command=command,
        sides=wanted,
        count=options.n or USUAL_ROUNDS,
        when=when,
        limit_s=options.timeout or LIMIT_S,
        normalise=options.normalise,
        tell=progress or (lambda text: None),
    )
    try:
        measured = rounds.measure(run.folder)
    except Failed as failure:
        return told_failure(failure, options.json)
    finally:
        if progress is not None:
            progress.end()
    records = {each.side.name: [sample.record.name for sample in each.samples] for each in measured.figures}
    store.note(run, {"record": measured.figures[-1].typical.record.name, "sides": records})
    return report(options, command, measured, facts_of(measured, when, watch))


def sides(words: str) -> list[Side]:
    """The sides that `--interleave` names; raises UsageError."""
    from lazyimp.running.rounds import SIDES, Side

    names = [word.strip() for word in words.split(",")]
    for name in names:
        if name not in SIDES:
            raise UsageError(unknown_word("side", name, tuple(SIDES)))
    if len(names) < 2:
        raise UsageError(f"--interleave {words!r} names one side; name two, as in {USUAL_SIDES}")
    if len(set(names)) < len(names):
        raise UsageError(f"--interleave {words!r} names a side twice")
    return [Side(name, SIDES[name]) for name in names]


def facts_of(measured: Measured, when: Until, watch: Watch) -> dict[str, Any]:
    """What the figures have to be read with."""
    samples = [sample for each in measured.figures for sample in each.samples]
    environment = measured.figures[-1].typical.profile.environment
    versions = {
        "Python": environment.get("python", ""),
        "lazyimp": __version__,
        "core": environment.get("core", ""),
    }
    return {
        "until": when.shown,
        "versions": {name: value for name, value in versions.items() if value},
        "machine": watch.facts(sum(each.outcome.cpu_s for each in samples)),
    }


def report(options: argparse.Namespace, command: Command, measured: Measured, facts: dict[str, Any]) -> int:
    """Print what came of it; gives the exit status."""
    from lazyimp.reports.terminal import Style

    status = CLEAR if measured.is_clear else INCONCLUSIVE
    status = status if measured.is_same else DIFFERENT
    if options.json:
        head = {"schema": SCHEMA, "exit_code": status, "program": starting.shown_name(command.shown)}
        whole = {**head, **as_json(measured, facts)}
        print(json.dumps(whole, indent=2, sort_keys=True))
    else:
        lines = as_text(measured, shlex.join(command.shown), facts, Style.of(sys.stdout))
        print("\n".join(lines))
    return status


def told_failure(failure: Failed, in_json: bool) -> int:
    """Say that a run did not end well, show the end of what it printed, and leave with its status."""
    from lazyimp.tuning.compare import said
    from lazyimp.tuning.runs import HANG

    outcome, side = failure.outcome, failure.side.name
    status = DIFFERENT if outcome.status == HANG or outcome.status.startswith("-") else int(outcome.status)
    message = f"nothing to compare: a run of side {side!r} came to {said(outcome.status)}"
    if in_json:
        error = {"message": message, "slug": "run-failed"}
        print(json.dumps({"schema": SCHEMA, "exit_code": status, "error": error}, indent=2, sort_keys=True))
    lines = outcome.stderr.decode("utf-8", "replace").splitlines()[-SHOWN_LINES:]
    print("\n".join([*lines, f"lazyimp: {message}"]), file=sys.stderr)
    return status
