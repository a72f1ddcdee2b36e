"""One recorded run in the foreground and the report at its end: what profile, ttfb and run have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lazyimp.cli import outputs, starting

if TYPE_CHECKING:
    from lazyimp.profile import Profile
    from lazyimp.running.foreground import Ended
    from lazyimp.running.recorded import Wish
    from lazyimp.running.store import Run
    from lazyimp.tuning.runs import Command


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of commands that run a program and report."""
    starting.add_mode(parser)
    parser.add_argument("--timeout", type=float, metavar="S", help="interrupt a run after S seconds")
    outputs.add_output(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="all phases, packages and other tables")
    parser.add_argument(
        "--json", action="store_true", help="print JSON; what the program prints goes to stderr"
    )


def check_options(options: argparse.Namespace) -> str:
    """The mode that the options ask for; raises LazyimpError where they cannot be followed."""
    mode = starting.mode_of(options)
    starting.check_timeout(options.timeout)
    outputs.check_all(options.output, options.force)
    return mode


def run(command: Command, wish: Wish, kind: str, to_stderr: bool = False) -> tuple[Run, Ended, Profile]:
    """Run the command; its record is kept under the name of that kind. Raises NoRecord."""
    from lazyimp.running.recorded import check_recorded, run_recorded
    from lazyimp.running.store import new_run

    folder = new_run(kind, starting.shown_name(command.shown), command.shown)
    kept, ended = run_recorded(command, wish, folder, to_stderr=to_stderr)
    check_recorded(kept, command)
    return kept, ended, outputs.profile_at(kept.record)


def run_and_report(
    options: argparse.Namespace,
    command: Command,
    wish: Wish,
    kind: str,
    *,
    cut: bool = False,
    before: Callable[[Profile], None] | None = None,
) -> int:
    """Run the command, report, write what was asked for, and leave as the program did.

    `cut`: that the time is over is no failure; `before` says something ahead of the report.
    """
    kept, ended, profile = run(command, wish, kind, options.json)
    status = 0 if cut and not ended.in_time else starting.tell_end(ended, wish.limit_s)
    if before is not None:
        before(profile)
    if options.json:
        outputs.write("-", outputs.as_json(profile, kind, status, facts_of(kept)))
    else:
        outputs.show_run(profile, options.verbose)
    outputs.write_all(options.output, kept.record, profile, options.force)
    return starting.leave_like(ended, status)


def facts_of(kept: Run) -> dict[str, Any]:
    """What is known of a run besides its record, for JSON."""
    keys = ("status", "in_time", "wall_s", "cpu_s", "peak_bytes", "machine")
    return {"run": {key: kept.about.get(key) for key in keys}}
