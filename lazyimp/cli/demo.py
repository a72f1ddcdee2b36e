"""`lazyimp demo`: a tour of a minute on a toy trainer: slow, lazy, broken, mended, kept fast."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lazyimp.cli.style import BOLD, CYAN, DIM, Style
from lazyimp.demo import toy
from lazyimp.errors import LazyimpError

if TYPE_CHECKING:
    from lazyimp.tuning.runs import Outcome

WORK = 600_000  # makes the slow modules take a few tenths of a second
LIMIT_S = 300.0
INDENT = 3


class Demo:
    """Show in a minute what lazyimp does, on a toy trainer in a temporary folder."""

    name = "demo"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--keep", metavar="FOLDER", help="make the toy there, and leave it there")
        parser.add_argument("--no-pause", action="store_true", help="do not wait for Enter between the steps")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Give the tour."""
        pauses = not options.no_pause and sys.stdin.isatty() and sys.stdout.isatty()
        if options.keep:
            folder = Path(options.keep)
            if folder.exists() and any(folder.iterdir()):
                raise LazyimpError(f"{options.keep!r} is not empty; name a folder that the toy can have")
            folder.mkdir(parents=True, exist_ok=True)
            Tour(folder, pauses).give()
            print(
                f"{' ' * INDENT}The toy stays in {options.keep}; PYTHONPATH={toy.INSTALLED} finds its packages."
            )
            return 0
        with tempfile.TemporaryDirectory(prefix="lazyimp-demo-") as temporary:
            Tour(Path(temporary), pauses).give()
        return 0


@dataclass(frozen=True)
class Seen:
    """What a command printed, its status, how many of the toy's modules it loaded, and its processor time."""

    lines: list[str]
    error: str
    status: str
    loaded: int
    cpu_s: float


class Tour:
    """The steps; times are shown on a terminal alone, so that the text elsewhere is always the same."""

    def __init__(self, folder: Path, pauses: bool = False, work: int = WORK) -> None:
        self._folder = folder.resolve()
        self._pauses = pauses
        self._times = sys.stdout.isatty()
        self._style = Style.of(sys.stdout)
        self._files = toy.files(work)
        self._count = 0

    def give(self) -> None:
        """All steps."""
        for name, text in self._files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._say(
            self._style.paint("lazyimp demo", BOLD) + "  a toy trainer in a folder of its own; about a minute"
        )
        for step in (self._slow, self._lazy, self._broken, self._mended, self._kept):
            step()
            if self._pauses and step != self._kept:
                self._wait()
        self._say("")
        self._say(self._style.paint("Now yours", BOLD))
        for command, what in (
            ("lazyimp doctor", "does it work here?"),
            ("lazyimp ttfb train.py", "where does the time to the first batch go?"),
            ("lazyimp verify -- train.py", "does it come to the same lazily?"),
            ("lazyimp init -- train.py", "write the configuration"),
        ):
            self._say(f"{' ' * INDENT}{self._style.paint(f'{command:<28}', CYAN)}{what}")

    # -- the steps ---------------------------------------------------------------------------------------

    def _slow(self) -> None:
        self._title(
            "A slow start", "train.py imports a framework and a plotting library. It plots with --plot only."
        )
        seen = self._run(["python", "train.py"])
        self._all = seen.loaded
        self._told(seen, f"all {seen.loaded} modules of the toy were loaded")

    def _lazy(self) -> None:
        self._title(
            "The same, lazily",
            "An import runs when its name is first used. The plotting library never loads; mode deep goes on "
            "inside the framework, whose compiler nobody needs here.",
        )
        seen = self._run(["lazyimp", "run", "train.py"])
        self._told(seen, f"{seen.loaded} of {self._all} modules")
        self._say("")
        seen = self._run(["lazyimp", "run", "--mode", "deep", "train.py"])
        self._told(seen, f"{seen.loaded} of {self._all} modules")

    def _broken(self) -> None:
        self._title(
            "What can go wrong",
            "Somebody trains a `curve`, a model that the plug-in toyml_curves registers when it is imported. "
            "Nothing reads its name, so lazily it never loads, and the registry lacks it.",
        )
        self._write("train.py", toy.WITH_PLUGIN)
        seen = self._run(["lazyimp", "run", "train.py"])
        self._told(seen, f"exit status {seen.status}; `python train.py` is fine")

    def _mended(self) -> None:
        self._title(
            "Find the import, and keep it eager", "bisect runs the program until one statement is left."
        )
        seen = self._run(["lazyimp", "bisect", "--write", "--", "train.py"])
        self._told(seen, "the rule is in pyproject.toml now")
        self._say("")
        seen = self._run(["lazyimp", "run", "train.py"])
        self._told(seen, f"right again, {seen.loaded} modules")

    def _kept(self) -> None:
        self._title(
            "Keep it fast",
            "check notes what a start loads in lazyimp.lock, and fails where something new comes in, with the "
            "line that brought it. It counts modules: they do not depend on how busy the machine is.",
        )
        self._told(self._run(["lazyimp", "check", "--update", "train.py"]), "")
        self._say("")
        self._prose(
            "Then somebody draws a line above the output, with a character of the plotting library's:"
        )
        self._write("train.py", toy.WITH_TITLE)
        seen = self._run(["lazyimp", "check", "train.py"])
        self._told(seen, f"exit status {seen.status}: a pull request would be red")

    # -- doing and telling -------------------------------------------------------------------------------

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")

    def _run(self, words: Sequence[str]) -> Seen:
        """Run a command as it is shown."""
        from lazyimp.tuning.runs import EAGER, Command, Trial, run

        self._say(" " * INDENT + self._style.paint(f"$ {shlex.join(words)}", CYAN))
        python = [sys.executable, *(["-m", "lazyimp"] if words[0] == "lazyimp" else [])]
        command = Command((*python, *words[1:]), tuple(words), self._folder)
        trial = Trial(EAGER, env={**_BARE, "PYTHONPATH": str(self._folder / toy.INSTALLED)})
        return self._seen(run(command, trial, LIMIT_S))

    def _seen(self, outcome: Outcome) -> Seen:
        modules = (outcome.observation or {}).get("modules", ())
        mine = [
            name for name, origin, _ in modules if str(origin or "").startswith(str(self._folder) + os.sep)
        ]
        out, err = (data.decode("utf-8", "replace").splitlines() for data in (outcome.stdout, outcome.stderr))
        error = err[-1] if err and outcome.status != "0" and not out else ""
        return Seen(out, error, outcome.status, len(mine), outcome.cpu_s)

    def _title(self, title: str, text: str) -> None:
        self._count += 1
        self._say("")
        self._say(self._style.paint(f"{self._count}  {title}", BOLD))
        self._prose(text)

    def _prose(self, text: str) -> None:
        for line in self._style.indented(text, INDENT):
            self._say(line)
        self._say("")

    def _told(self, seen: Seen, verdict: str) -> None:
        """What a command printed, and what to see in it."""
        for line in [*seen.lines, *([seen.error] if seen.error else [])]:
            room = self._style.width - INDENT
            shown = line if len(line) <= room else f"{line[: room - 3]}..."
            self._say(" " * INDENT + self._style.paint(shown, DIM))
        if verdict:
            took = (
                f", {seen.cpu_s:.2f} s of processor time"
                if self._times and seen.loaded and seen.status == "0"
                else ""
            )
            self._say(f"{' ' * INDENT}{self._style.arrow()} {verdict}{took}")

    def _say(self, line: str) -> None:
        print(line.rstrip(), flush=True)

    def _wait(self) -> None:
        try:
            input(self._style.paint(f"{' ' * INDENT}Enter goes on ", DIM))
        except EOFError:
            self._pauses = False


# What the user has set shall not change the tour.
_BARE: dict[str, str | None] = dict.fromkeys(
    ("LAZYIMP_CONFIG", "LAZYIMP_CORE", "LAZYIMP_DEBUG", "LAZYIMP_STUBS", "FORCE_COLOR", "CLICOLOR_FORCE")
)
