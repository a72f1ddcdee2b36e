"""The command line: one class per command, each in its own file; only this package prints and exits."""

import argparse
import sys
from typing import NoReturn, Protocol

from lazyimp import __version__
from lazyimp.errors import LazyimpError, UsageError, unknown_word

FINE, OUR_ERROR, WRONG_USAGE = 0, 1, 2


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


def commands() -> dict[str, Command]:
    """Every command, by name."""
    from lazyimp.cli.bisect import Bisect
    from lazyimp.cli.run import Run
    from lazyimp.cli.status import ShowStatus
    from lazyimp.cli.tune import Tune
    from lazyimp.cli.verify import Verify

    known: list[Command] = [Bisect(), Run(), ShowStatus(), Tune(), Verify()]
    return {command.name: command for command in known}


def main(words: list[str] | None = None) -> int:
    """Run the command that `words` name; returns the exit status."""
    words = sys.argv[1:] if words is None else words
    try:
        return dispatch(words)
    except UsageError as error:
        print(f"lazyimp: {error}", file=sys.stderr)
        return WRONG_USAGE
    except LazyimpError as error:
        print(f"lazyimp: {error}", file=sys.stderr)
        return OUR_ERROR
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return OUR_ERROR


def dispatch(words: list[str]) -> int:
    """Find the command and run it; raises UsageError."""
    known = commands()
    if not words:
        raise UsageError("say what to do: " + ", ".join(sorted(known)) + "; `lazyimp --help` says more")
    if words[0] in ("-h", "--help"):
        print(overview(known))
        return FINE
    if words[0] in ("-V", "--version"):
        print(f"lazyimp {__version__}")
        return FINE
    if words[0] not in known:
        raise UsageError(unknown_word("command", words[0], tuple(sorted(known))))
    command = known[words[0]]
    parser = Parser(prog=f"lazyimp {command.name}", description=command.__doc__, allow_abbrev=False)
    command.add_options(parser)
    cut = command.split(words[1:])
    try:
        options = parser.parse_args(words[1 : 1 + cut])
    except SystemExit as leaving:  # argparse leaves that way after --help
        return int(leaving.code or 0)
    return command.run(options, words[1 + cut :])


def overview(known: dict[str, Command]) -> str:
    """The help text: a line per command."""
    lines = ["usage: lazyimp <command> ...", "", "commands:"]
    lines += [f"  {name:<8} {(command.__doc__ or '').strip()}" for name, command in sorted(known.items())]
    return "\n".join(
        [*lines, "", "`lazyimp <command> --help` lists the options; `lazyimp --version` the version."]
    )
