"""`lazyimp kernel`: a Jupyter kernel that starts lazily, installed, removed, and timed beside another."""

from __future__ import annotations

import argparse
import statistics
import sys

from lazyimp import _startup
from lazyimp.errors import UsageError, unknown_word

ACTIONS = ("install", "remove", "time")


class Kernel:
    """Install a Jupyter kernel that starts lazily, or time kernels until they are ready."""

    name = "kernel"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the action and its options."""
        parser.add_argument("action", help="install, remove, or time: until ready, against --against")
        parser.add_argument("--name", default="lazyimp", help="the kernel's name (lazyimp)")
        parser.add_argument("--display", default="Python (lazyimp)", help="what Jupyter shows")
        parser.add_argument("--mode", help="safe, deep or all; else the one in [tool.lazyimp], else safe")
        parser.add_argument("--prefix", help="install below this folder, not for the user")
        parser.add_argument("--against", default="python3", help="the kernel to compare with (python3)")
        parser.add_argument("-n", "--rounds", type=int, default=5, help="starts of each, in turns (5)")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Do it."""
        from lazyimp.integrations import kernel

        if options.action not in ACTIONS:
            raise UsageError(unknown_word("action", options.action, ACTIONS))
        if options.mode is not None and options.mode not in _startup.MODES:
            raise UsageError(unknown_word("mode", options.mode, _startup.MODES), slug="unknown-mode")
        if options.action == "remove":
            kernel.remove(options.name)
            print(f"removed kernel {options.name}")
        elif options.action == "install":
            place = kernel.install(options.name, options.mode, options.display, options.prefix)
            print(f"installed kernel {options.name} in {place}")
        else:
            _time(options)
        return 0


def _time(options: argparse.Namespace) -> None:
    """Print how long both kernels take."""
    from lazyimp.integrations import kernel
    from lazyimp.reports.terminal import Column, Style, table

    if options.rounds < 1:
        raise UsageError(f"-n {options.rounds} leaves nothing to measure")
    found = kernel.measure([options.against, options.name], options.rounds)
    rows = []
    base = 0.0
    for name in (options.against, options.name):
        times = [each.wall_s for each in found if each.name == name]
        middle = statistics.median(times)
        base = base or middle
        rows.append([name, f"{min(times):.2f}", f"{middle:.2f}", f"{max(times):.2f}", f"{middle / base:.2f}"])
    columns = (
        Column("kernel"), Column("least s", ">"), Column("median s", ">"), Column("most s", ">"), Column("ratio", ">"),
    )  # fmt: skip
    print("\n".join(table(columns, rows, Style.of(sys.stdout))))
    print(f"until ready, {options.rounds} starts of each in turns, one more not counted")
