"""`lazyimp tune`: makes a program's tuned profile."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp import _startup
from lazyimp.cli.bisect import config_of, make_trials, same_interpreter
from lazyimp.cli.progress import Progress, program_words, split_options
from lazyimp.errors import UsageError

if TYPE_CHECKING:
    from lazyimp.tuning.runs import Command
    from lazyimp.tuning.state import State
    from lazyimp.tuning.tune import Tuned

FORMAT = 1
WITH_VALUE = ("--timeout", "--rounds", "--runs", "--normalise", "-o", "--output")
INTERRUPTED = 130


class Tune:
    """Run a program to its first batch, find what it never needs, write its profile."""

    name = "tune"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the program."""
        return split_options(words, WITH_VALUE)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        from lazyimp.tuning.tune import MOST_RUNS, ROUNDS

        parser.usage = "lazyimp tune [options] (script | -m module | command) [arguments]"
        parser.add_argument(
            "--timeout", type=float, default=600.0, metavar="S", help="seconds for a run (600)"
        )
        parser.add_argument("--runs", type=int, default=MOST_RUNS, metavar="N", help=f"at most ({MOST_RUNS})")
        parser.add_argument(
            "--rounds", type=int, default=ROUNDS, metavar="N", help=f"timing: rounds of three runs ({ROUNDS})"
        )
        parser.add_argument(
            "--normalise", action="append", default=[], metavar="REGEX", help="mask in outputs"
        )
        parser.add_argument("--no-stubs", action="store_true", help="leave the recipes' stand-ins out")
        parser.add_argument("--force", action="store_true", help="write over a profile that was edited")
        parser.add_argument("-o", "--output", metavar="FILE", help="write here, for LAZYIMP_PROFILE to name")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(flaky="1/1", check=None)

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Tune, write, report."""
        from lazyimp.cli.programs import command_for
        from lazyimp.tuning import profile_file

        command = same_interpreter(command_for(program_words(rest)))
        path = place_of(command, options.output)
        if not options.force:
            profile_file.check_untouched(path)
        before = profile_file.rows_of(path)
        state = state_of(path, command)
        tuned = tune(command, options, path, state)
        profile_file.save(path, tuned.draft, options.force)
        state.finish()
        if options.json:
            print(as_json(tuned, path))
        else:
            print(as_text(tuned, path, before, profile_file.rows_of(path)))
            print("\n" + use_of(command, None if options.output is None else path))
        return 0


def place_of(command: Command, output: str | None) -> Path:
    """Where the profile goes; raises UsageError."""
    from lazyimp.tuning import profile_file

    if output == "-":
        raise UsageError("a profile is written beside its program; name a file with -o")
    place = Path(output) if output is not None else profile_file.place_for(command)
    if place is None:
        raise UsageError("this program has no file to put a profile beside; name one with -o FILE")
    return place


def state_of(path: Path, command: Command) -> State:
    """What an interrupted tuning of the same command has left."""
    from lazyimp import __version__
    from lazyimp.tuning.state import State

    key = {
        "argv": list(command.argv),
        "folder": str(command.folder or Path.cwd()),
        "lazyimp": __version__,
        "python": sys.version,
    }
    return State(
        path.with_name(path.name.removesuffix(".toml").removesuffix(".lazyimp") + ".lazyimp.tune.json"), key
    )


def tune(command: Command, options: argparse.Namespace, path: Path, state: State) -> Tuned:
    """The tuning itself, with its progress on stderr."""
    from lazyimp.tuning.tune import Tuner

    progress = Progress("lazyimp tune")
    with tempfile.TemporaryDirectory(prefix="lazyimp-") as folder:
        trials = make_trials(command, options, Path(folder), progress)
        trials.state = state
        tuner = Tuner(
            trials,
            config=config_of(command),
            core=_startup.choose().name,
            program=" ".join(command.shown[: 2 if command.shown[0] in ("-m", "-c") else 1]),
            most_runs=options.runs,
            rounds=options.rounds,
            stubs=not options.no_stubs and _startup.switch("LAZYIMP_STUBS") is None,
        )
        try:
            return tuner.tune()
        except KeyboardInterrupt:
            progress.end()
            print("lazyimp: interrupted; the same command goes on from here", file=sys.stderr)
            raise
        finally:
            progress.end()


def as_text(tuned: Tuned, path: Path, before: frozenset[str], after: frozenset[str]) -> str:
    """The result for people."""
    mark = (
        f"first batch by {tuned.first_batch}" if tuned.first_batch else "no first batch: to the program's end"
    )
    earlier = f", {tuned.resumed} of them before the interruption" if tuned.resumed else ""
    lines = [
        f"{path}: {len(tuned.draft.lazy)} of {tuned.candidates} statements deferred on top of mode deep",
        f"  {mark}; {tuned.runs} runs{earlier}",
    ]
    if tuned.draft.stubs:
        lines.append(
            f"  stand-in for {', '.join(tuned.draft.stubs)} until it is needed (--no-stubs: without)"
        )
    lines += [
        f"  {opened} of {count} statements inside {unit} among them, which its recipe closes"
        for unit, (opened, count) in tuned.closed.items()
        if opened
    ]
    if before:
        lines.append(f"  {len(after - before)} rows new, {len(before - after)} gone")
    if tuned.kept:
        lines.append(f"  {len(tuned.kept)} could not be deferred; the profile's head says where")
    if not tuned.complete:
        lines.append("  the search for them was cut short; more runs (--runs) may open more")
    lines += timing_lines(tuned)
    return "\n".join(lines)


def use_of(command: Command, elsewhere: Path | None) -> str:
    """How a run gets the profile; `elsewhere`: it does not lie where runs look for it."""
    named = "" if elsewhere is None else f"LAZYIMP_PROFILE={shlex.quote(str(elsewhere))} "
    program = shlex.join(command.shown[: 2 if command.shown[0] == "-m" else 1])
    return f"  in use from now on: {named}lazyimp run {program}, or python -X lazyimp"


def timing_lines(tuned: Tuned) -> list[str]:
    """A table of processor times, as ratios to the eager runs."""
    eager = tuned.timings.get("eager")
    if eager is None:
        return []
    until = "to first batch" if tuned.first_batch else "to the end"
    lines = ["", f"  {'CPU':<8} {until:>16} {'ratio':>6} {'whole run':>10} {'ratio':>6}"]
    for name, each in tuned.timings.items():
        first = f"{each.first_batch_s:>14.2f} s {each.first_batch_s / (eager.first_batch_s or 1):>6.2f}"
        lines.append(
            f"  {name:<8} {first} {each.whole_s:>8.2f} s {each.whole_s / (eager.whole_s or 1):>6.2f}"
        )
    return [*lines, f"  medians of {eager.runs} interleaved runs"]


def as_json(tuned: Tuned, path: Path) -> str:
    """The result for machines."""
    whole = {
        "format": FORMAT,
        "profile": str(path),
        "deferred": sorted(tuned.draft.lazy),
        "eager": sorted(tuned.draft.eager),
        "stubs": sorted(tuned.draft.stubs),
        "closed": {unit: list(counts) for unit, counts in tuned.closed.items()},
        "not_deferred": sorted(f"{each.importer} -> {each.written}" for each in tuned.kept),
        "candidates": tuned.candidates,
        "complete": tuned.complete,
        "first_batch": tuned.first_batch,
        "runs": tuned.runs,
        "resumed": tuned.resumed,
        "timings": {name: vars(each) for name, each in tuned.timings.items()},
    }
    return json.dumps(whole, indent=2, sort_keys=True)
