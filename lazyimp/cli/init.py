"""`lazyimp init`: a commented `[tool.lazyimp]` for a project, with what a dry run of its program says."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp.cli.patches import change_project, nearest_file, read_or_nothing
from lazyimp.cli.progress import Progress, program_words
from lazyimp.cli.style import Style
from lazyimp.errors import ConfigError, LazyimpError, UsageError

if TYPE_CHECKING:
    from lazyimp.tuning.runs import Command

HEADROOM = 1.1  # a budget leaves room for a tenth more modules

TABLE = """\
[tool.lazyimp]
# What stands in a comment is the default. `lazyimp status --config` shows what is in force, and from where.
{mode}
# eager = [              # imports that run where they stand; `lazyimp exclude` and `lazyimp bisect` add to it
#     {{ pattern = "mypkg -> mypkg.plugins", reason = "fills a registry" }},
# ]
# lazy = []              # imports that are put off against every rule of lazyimp
# stubs = []             # recipes' stand-ins: `lazyimp explain LZ206`, docs/recipes.md
# keep = false           # true: what is pending at the first batch stays pending
# first_batch = true     # false: deferring does not stop by itself
# rare_gc = true         # false: garbage is collected as often while modules load as at other times
# trackers = true        # W&B, MLflow, TensorBoard hear of every start; left out: recorded ones; false: none
"""
BUDGET = """
# For `lazyimp check`, which fails where a start loads more; nothing else reads it.
{sign}[[tool.lazyimp.budget]]
{sign}target = {target}
{sign}max_modules = {modules}
{sign}forbid = [{forbid}]
"""


class Init:
    """Write a commented [tool.lazyimp] into pyproject.toml; a program behind -- is tried out first."""

    name = "init"

    def split(self, words: list[str]) -> int:
        """Ours is what stands before `--`."""
        return words.index("--") if "--" in words else len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp init [--dry-run] [-- (script | -m module | -c code | command) [arguments]]"
        parser.add_argument(
            "--dry-run", action="store_true", help="show the change, and leave the file alone"
        )
        parser.add_argument(
            "--timeout", type=float, default=600.0, metavar="S", help="seconds for a run (600)"
        )

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Try the program, show the change, make it."""
        path = nearest_file(Path.cwd())
        refuse_second(path)
        words = program_words(rest)
        text = tried(words, options.timeout) if words else template()
        change_project(path, lambda before: appended(before, text), options.dry_run, Style.of(sys.stdout))
        return 0


def refuse_second(path: Path) -> None:
    """Leave alone what somebody has written; raises UsageError."""
    from lazyimp import _config

    tool = _config.parse(read_or_nothing(path), path.name).get("tool")
    table = tool.get("lazyimp") if isinstance(tool, dict) else None
    if isinstance(table, dict) and set(table) - {_config.BUDGET}:
        raise UsageError(
            f"{path.name} has a [tool.lazyimp] already; edit it, or use lazyimp exclude and include"
        )


def template(mode: str | None = None, target: str | None = None, modules: int = 1200) -> str:
    """The text to append; what was not tried is a comment."""
    from lazyimp.gate.lockfile import quoted

    chosen = f'mode = "{mode}"' if mode else '# mode = "safe"'
    head = TABLE.format(mode=f"{chosen:<23}# safe, deep or all, for runs that name none")
    forbid = "" if target else '"matplotlib", "pandas"'
    sign = "" if target else "# "
    return head + BUDGET.format(
        sign=sign, target=quoted(target or "train.py"), modules=modules, forbid=forbid
    )


def tried(words: list[str], limit_s: float) -> str:
    """What the program's runs say: the mode it is right in, and how many modules it loads."""
    import shlex

    from lazyimp.cli.programs import command_for
    from lazyimp.gate.budgets import Budget
    from lazyimp.gate.measure import Unmeasured, measure

    command = command_for(words)
    progress = Progress("lazyimp init")
    try:
        mode = _right_mode(command, limit_s, progress)
        progress("how many modules it loads")
        count = len(measure(command, Budget(tuple(words), mode), limit_s).modules)
    except Unmeasured as fault:
        progress.end()
        print(f"lazyimp: no budget: {fault}", file=sys.stderr)
        return template(mode)
    finally:
        progress.end()
    return template(mode, shlex.join(words), -int(-count * HEADROOM // 10) * 10)


def _right_mode(command: Command, limit_s: float, progress: Progress) -> str:
    """The furthest mode in which the program comes to the same as without lazyimp; raises LazyimpError."""
    from lazyimp.tuning.runs import Trial
    from lazyimp.tuning.verify import Verifier

    for mode in ("deep", "safe"):
        verifier = Verifier(command, Trial(mode), limit_s=limit_s)
        verifier.tell = partial(_tell, progress, mode)
        found = verifier.verify()
        if found.eager[0].status != "0":
            raise LazyimpError("the program fails without lazyimp; nothing was written", slug="eager-fails")
        if found.is_same():
            return mode
    raise LazyimpError(
        "the program comes to something else in both modes; lazyimp bisect finds out why. Nothing was written",
        slug="verify",
    )


def _tell(progress: Progress, mode: str, what: str) -> None:
    progress(f"mode {mode}, {what}")


def appended(before: str, text: str) -> str | None:
    """The file with the table at its end; None where that is not TOML any more."""
    from lazyimp import _config

    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    after = f"{before}{gap}{text}"
    try:
        table = _config.parse(after.encode("utf-8"), "pyproject.toml")
    except ConfigError:
        return None
    tool = table.get("tool")
    return after if isinstance(tool, dict) and "lazyimp" in tool else None
