"""`lazyimp exclude` and `lazyimp include`: patterns in pyproject.toml without opening an editor."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lazyimp.cli.patches import change_project, nearest_project, read_or_nothing
from lazyimp.cli.style import Style
from lazyimp.errors import ConfigError, UsageError


class Exclude:
    """Keep an import where it stands: add a pattern to `eager` in pyproject.toml."""

    name = "exclude"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        _add_options(parser)

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Add the pattern."""
        check(options.pattern)
        return _change(options, "eager", "lazy")


class Include:
    """Let an import be put off again: take its pattern out of `eager` (--lazy: add it to `lazy`)."""

    name = "include"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        _add_options(parser)
        parser.add_argument(
            "--lazy", action="store_true", help="and put it off against every rule of lazyimp"
        )

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Take the pattern out, or add it to the other list."""
        check(options.pattern)
        if options.lazy:
            return _change(options, "lazy", "eager")
        from lazyimp.tuning import config_file

        path = nearest_project(Path.cwd())
        text = read_or_nothing(path).decode("utf-8", "replace")
        if not config_file.has(text, options.pattern, "eager"):
            raise UsageError(
                f"`eager` has no {options.pattern!r}; --lazy puts it off against every rule of lazyimp"
            )

        def change(text: str) -> str | None:
            return config_file.removed(text, options.pattern, "eager")

        change_project(path, change, options.dry_run, Style.of(sys.stdout))
        return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pattern", help="what is imported, or 'importer -> imported'; * for any characters")
    parser.add_argument("--reason", default="", help="why, for those who read the file")
    parser.add_argument("--dry-run", action="store_true", help="show the change, and leave the file alone")


def check(pattern: str) -> None:
    """Refuse what is no pattern; raises UsageError."""
    from lazyimp import _config

    try:
        _config.check_config({"eager": [pattern]}, "")
    except ConfigError:
        hint = "write 'target' or 'importer -> target', dotted names with * for any characters"
        raise UsageError(f"{pattern!r} is no pattern; {hint}") from None


def _change(options: argparse.Namespace, to: str, other: str) -> int:
    """Put the pattern into one list and take it out of the other."""
    from lazyimp.tuning import config_file
    from lazyimp.tuning.profile_file import clean

    def change(text: str) -> str | None:
        if config_file.has(text, options.pattern, other):
            shorter = config_file.removed(text, options.pattern, other)
            if shorter is None:
                return None
            text = shorter
        if config_file.has(text, options.pattern, to):
            return text
        return config_file.added(text, [(options.pattern, clean(options.reason))], to)

    path = nearest_project(Path.cwd())
    if not change_project(path, change, options.dry_run, Style.of(sys.stdout)):
        print(f"`{to}` has {options.pattern!r} already", file=sys.stderr)
    return 0
