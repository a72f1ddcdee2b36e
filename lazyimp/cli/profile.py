"""`lazyimp profile`: a whole run, with what its start-up took import by import."""

from __future__ import annotations

import argparse

from lazyimp.cli import one_run, starting
from lazyimp.cli.progress import program_words, split_options

WITH_VALUE = ("--mode", "--timeout", "-o", "--output")


class ProfileRun:
    """Run a program to its end and show where its start-up time went, import by import."""

    name = "profile"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the program."""
        return split_options(words, WITH_VALUE)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = f"lazyimp profile {starting.USAGE}"
        one_run.add_options(parser)
        parser.add_argument(
            "--cold",
            action="store_true",
            help="put the program's files out of the page cache first, and compare with a warm run",
        )

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Run, report on stderr, and leave as the program did."""
        from lazyimp.cli.programs import command_for
        from lazyimp.running.recorded import Wish

        mode = one_run.check_options(options)
        command = command_for(program_words(rest), once=True)
        wish = Wish(mode, files=True, limit_s=options.timeout)
        if options.cold:
            from lazyimp.cli.cold import cold_and_warm

            return cold_and_warm(command, wish, options)
        return one_run.run_and_report(options, command, wish, self.name)
