"""The command line: one class per command, each in its own file; only this package prints and exits."""

import argparse
import importlib
import os
import sys
from typing import NoReturn, Protocol

from lazyimp import __version__
from lazyimp.errors import LazyimpError, UsageError, unknown_word

FINE, OUR_ERROR, WRONG_USAGE, INTERRUPTED, READER_GONE = 0, 1, 2, 130, 141


class Command(Protocol):
    """One command: its options, and what it does; the class docstring is its help line."""

    name: str

    def split(self, words: list[str]) -> int:
        """How many of `words` are ours to parse; the rest are handed to `run` as they stand."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Do it; returns the exit status."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise the message, for `main` to print."""
        raise UsageError(message)


COMMANDS = {  # name -> where its class is; a command loads nothing of the others
    "bisect": "lazyimp.cli.bisect:Bisect",
    "check": "lazyimp.cli.check:Check",
    "compare": "lazyimp.cli.compare:Compare",
    "demo": "lazyimp.cli.demo:Demo",
    "doctor": "lazyimp.cli.doctor:Doctor",
    "exclude": "lazyimp.cli.patterns:Exclude",
    "explain": "lazyimp.cli.explain:Explain",
    "include": "lazyimp.cli.patterns:Include",
    "init": "lazyimp.cli.init:Init",
    "job": "lazyimp.cli.job:Job",
    "kernel": "lazyimp.cli.kernel:Kernel",
    "manifest": "lazyimp.cli.manifest:MakeManifest",
    "migrate": "lazyimp.cli.migrate:Migrate",
    "profile": "lazyimp.cli.profile:ProfileRun",
    "report": "lazyimp.cli.report:Report",
    "run": "lazyimp.cli.run:Run",
    "ship": "lazyimp.cli.ship:Ship",
    "status": "lazyimp.cli.status:ShowStatus",
    "ttfb": "lazyimp.cli.ttfb:Ttfb",
    "tune": "lazyimp.cli.tune:Tune",
    "verify": "lazyimp.cli.verify:Verify",
    "why": "lazyimp.cli.why:Why",
}


def load(name: str) -> Command:
    """The command called `name`, one of COMMANDS."""
    home, _, kind = COMMANDS[name].partition(":")
    command: Command = getattr(importlib.import_module(home), kind)()
    return command


def main(words: list[str] | None = None) -> int:
    """Run the command that `words` name; returns the exit status."""
    words = sys.argv[1:] if words is None else words
    try:
        status = dispatch(words)
        sys.stdout.flush()
        return status
    except LazyimpError as error:
        return told(error, words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return reader_gone()


def told(error: LazyimpError, words: list[str]) -> int:
    """Say what was wrong, to machines too where they asked; returns the exit status."""
    status = WRONG_USAGE if isinstance(error, UsageError) else OUR_ERROR
    try:
        print(f"lazyimp: {error}", file=sys.stderr, flush=True)
        if words and words[0] in COMMANDS and "--json" in words[1 : 1 + load(words[0]).split(words[1:])]:
            import json  # only on the way to an error

            failure = {"message": str(error), "slug": error.slug}
            schema = f"lazyimp-{load(words[0]).name}/1"
            whole = {"schema": schema, "exit_code": status, "error": failure}
            print(json.dumps(whole, indent=2, sort_keys=True), flush=True)
    except BrokenPipeError:
        return reader_gone()
    return status


def reader_gone() -> int:
    """Whoever read our output has enough: end as other programs do, and quietly."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return READER_GONE


def dispatch(words: list[str]) -> int:
    """Find the command and run it; raises UsageError."""
    if not words:
        raise UsageError("say what to do: " + ", ".join(sorted(COMMANDS)) + "; `lazyimp --help` says more")
    if words[0] in ("-h", "--help"):
        print(overview())
        return FINE
    if words[0] in ("-V", "--version"):
        print(f"lazyimp {__version__}")
        return FINE
    if words[0] not in COMMANDS:
        raise UsageError(unknown_word("command", words[0], tuple(sorted(COMMANDS))))
    command = load(words[0])
    parser = Parser(prog=f"lazyimp {command.name}", description=command.__doc__, allow_abbrev=False)
    command.add_options(parser)
    cut = command.split(words[1:])
    try:
        options = parser.parse_args(words[1 : 1 + cut])
    except SystemExit as leaving:  # argparse leaves that way after --help
        return int(leaving.code or 0)
    return command.run(options, words[1 + cut :])


def overview() -> str:
    """The help text: a line per command."""
    lines = ["usage: lazyimp <command> ...", "", "commands:"]
    lines += [f"  {name:<9} {(load(name).__doc__ or '').strip()}" for name in sorted(COMMANDS)]
    return "\n".join(
        [*lines, "", "`lazyimp <command> --help` lists the options; `lazyimp --version` the version."]
    )
