"""Tunes programs one by one, then runs each eagerly, in mode deep and tuned, in turns; prints one table.

    python bench/tune_corpus.py --list programs.txt --cwd FOLDER      # one command a line, '#' begins a comment
    python bench/tune_corpus.py --corpus FOLDER                       # a folder with cases.json and its run.py
    python bench/tune_corpus.py --corpus FOLDER --cases a,b --no-tune # just the runs, with the profiles there are

A profile lies beside its program, where `lazyimp tune` puts it. A corpus's own checks say what is right; of
other commands output and exit status have to be those of the eager run of the same round. `--floor FILE` adds
what a corpus's oracle.py came to: imports inside try and with eager, then lazy. `--peers LAUNCH=FOLDER` adds
other tools as sides, in the same rounds: `LAUNCH TOOL words` runs a program of the corpus under one, which is
imported from FOLDER. Processor time; the first round runs to the end, later ones of a corpus stop at the first
batch.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import clean_environment, conditions, cpu_of, run_once, table

SIDES = {"eager": ("LAZYIMP", "0"), "safe": ("LAZYIMP", "safe"), "deep": ("LAZYIMP", "deep")}
TUNED = "tuned"
PEERS = {
    "lazyloader": "importlib.util.LazyLoader",
    "lil": "lazy-imports-lite",
    "defer": "defer-imports",
    "lazi": "lazi",
}
TIME_LIMIT_S = 300


@dataclass(frozen=True)
class Run:
    """One run: processor seconds to the first batch and to the end (None: not run so far), or what is wrong."""

    first_s: float
    whole_s: float | None
    answer: object
    fault: str = ""


@dataclass
class Row:
    """One program: its tuning in a few words, and the runs of each side."""

    name: str
    tuning: str = ""
    runs: dict[str, list[Run]] = field(default_factory=dict)
    floor: tuple[float, float] | None = None

    def fault(self, side: str) -> str:
        """Why a side is wrong, or ""."""
        for number, run in enumerate(self.runs.get(side, ())):
            if run.fault:
                return run.fault
            if run.answer is not None and run.answer != self.runs["eager"][number].answer:
                return "its output differs"
        return ""

    def ratio(self, side: str, clock: str) -> float | None:
        """The side's median over the eager one."""
        values = [[getattr(run, clock) for run in self.runs.get(each, ())] for each in (side, "eager")]
        known = [[value for value in each if value is not None] for each in values]
        if not all(known) or self.fault(side):
            return None
        return statistics.median(known[0]) / (statistics.median(known[1]) or math.nan)


class Commands:
    """Commands from a file, all run in one folder to their end."""

    def __init__(self, file: Path, folder: Path) -> None:
        lines = file.read_text(encoding="utf-8").splitlines()
        self.words = {line: words for line in lines if (words := shlex.split(line, comments=True))}
        self.folder = folder

    def names(self) -> list[str]:
        """The commands as they are written."""
        return list(self.words)

    def place(self, name: str) -> tuple[list[str], Path, dict[str, str]]:
        """(words after the interpreter, folder, environment) of a command."""
        return self.words[name], self.folder, clean_environment()

    def run(self, name: str, variables: Mapping[str, str], whole: bool, peer: str = "") -> Run:
        """Run a command; other tools are for the programs of a corpus."""
        if peer:
            return Run(math.nan, None, None, "is for a corpus only")
        words, folder, env = self.place(name)
        sample = run_once([sys.executable, *words], env={**env, **variables}, cwd=folder)
        return Run(sample.cpu_s, sample.cpu_s, sample.answer)


class Corpus:
    """The programs of a corpus, run and checked by its own `run.py`."""

    def __init__(self, folder: Path, only: Sequence[str], peers: str = "") -> None:
        self.launch, _, self.peers = peers.partition("=")
        sys.path.insert(0, str(folder))
        self.runner: Any = importlib.import_module("run")
        self.runner.cpu_at = cpu_of  # finer than clock ticks
        cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))["cases"]
        self.cases = {case["name"]: case for case in cases if not only or case["name"] in only}
        self._golden: dict[str, object] = {}

    def names(self) -> list[str]:
        """The programs."""
        return list(self.cases)

    def place(self, name: str) -> tuple[list[str], Path, dict[str, str]]:
        """(words after the interpreter, folder, environment) of a program."""
        runner, case = self.runner, self.cases[name]
        words = [runner.sub(word, case) for word in case["argv"]]
        env = {**clean_environment(), **runner.BASE_ENV, "HOME": f"{runner.ROOT}/home"}
        env["PATH"] = f"{runner.VENV}/bin:{env['PATH']}"
        env |= {key: runner.sub(value, case) for key, value in case.get("env", {}).items()}
        return words, Path(runner.ROOT, "work", name, case.get("cwd", "")), env

    def run(self, name: str, variables: Mapping[str, str], whole: bool, peer: str = "") -> Run:
        """Run a program to its end, or to its first batch; under another tool if one is named."""
        runner, case = self.runner, self.cases[name]
        prefix = [sys.executable, self.launch, peer] if peer else [sys.executable]
        extra = {**variables, "PYTHONPATH": self.peers} if peer else dict(variables)
        made = runner.one(case, prefix, whole, TIME_LIMIT_S, extra_env=extra)
        made["quick"] = not whole
        if whole and variables.get("LAZYIMP") == "0" and not peer:
            self._golden = {name: runner.gold(case, made["out"])} if case.get("golden") else {}
        right, why = runner.check(case, made, self._golden if whole else {})
        return Run(
            made["cpu"] if made["cpu"] is not None else math.nan,
            made["cpu_total"] if whole and not made["killed"] else None,
            None,
            "" if right else why or "wrong",
        )


Source = Commands | Corpus


# -- tuning ------------------------------------------------------------------------------------------------


def tune(source: Source, name: str, options: Sequence[str]) -> str:
    """Tune a program; gives the number of runs and seconds, or the fault, in a few words."""
    words, folder, env = source.place(name)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lazyimp", "tune", "--json", "--rounds", "0", *options, *words],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        return "not tuned: " + (done.stderr.strip().rpartition("\n")[2] or f"status {done.returncode}")
    found = json.loads(done.stdout)
    return f"{found['runs']} runs, {seconds:.0f} s"


# -- measuring ---------------------------------------------------------------------------------------------


def measure(source: Source, row: Row, rounds: int, sides: Iterable[str]) -> None:
    """Run all sides in turns; the order reverses every other round."""
    order = [side for side in (*SIDES, TUNED, *PEERS) if side in sides]
    for number in range(rounds):
        first = number == 0
        for side in order if number % 2 == 0 else order[::-1]:
            name, value = SIDES.get(side, ("LAZYIMP", "0" if side in PEERS else "1"))
            peer = (side,) if side in PEERS else ()
            row.runs.setdefault(side, []).append(source.run(row.name, {name: value}, first, *peer))


def geometric_mean(values: Iterable[float | None]) -> float:
    """The mean of the ratios there are."""
    logs = [math.log(value) for value in values if value]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def cells(row: Row, sides: Sequence[str], floor: bool) -> list[str]:
    """A row of the table."""
    eager = row.runs.get("eager", [])
    found = [row.name, f"{statistics.median([run.first_s for run in eager]):.2f}" if eager else ""]
    for side in sides:
        pair = [row.ratio(side, clock) for clock in ("first_s", "whole_s")]
        fault = row.fault(side)
        found += ["wrong", ""] if fault else [f"{value:.2f}" if value else "" for value in pair]
    if floor:
        found += [f"{value:.2f}" for value in row.floor] if row.floor else ["", ""]
    return [*found, row.tuning]


def shown(rows: Sequence[Row], sides: Sequence[str]) -> str:
    """The table, with geometric means and the number of right programs."""
    lazy = [side for side in sides if side != "eager"]
    floor = any(row.floor for row in rows)
    head = ["program", "eager s", *(title for side in lazy for title in (side, "whole"))]
    head += (["floor", "no try"] if floor else []) + ["tuning"]
    means = ["geometric mean", ""]
    for side in lazy:
        means += [
            f"{geometric_mean(row.ratio(side, clock) for row in rows):.3f}"
            for clock in ("first_s", "whole_s")
        ]
    if floor:
        means += [
            f"{geometric_mean(row.floor[part] if row.floor else None for row in rows):.3f}" for part in (0, 1)
        ]
    right = ["right", f"{sum(not row.fault('eager') for row in rows)}"]
    for side in lazy:
        right += [f"{sum(not row.fault(side) for row in rows)}/{len(rows)}", ""]
    faults = [f"{row.name}, {side}: {row.fault(side)}" for row in rows for side in sides if row.fault(side)]
    lines = [cells(row, lazy, floor) for row in rows]
    return "\n".join([table(head, [*lines, means, right]), *faults])


def floors(file: Path | None) -> dict[str, tuple[float, float]]:
    """What a corpus's oracle.py says, by program."""
    if file is None:
        return {}
    rows = json.loads(file.read_text(encoding="utf-8"))
    return {row["name"]: (row["ratio_cinder"], row["ratio_max"]) for row in rows if row.get("ratio_max")}


def main() -> None:
    """Tune and measure all programs, one after the other; the table grows in the file, too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="cases.json and run.py")
    parser.add_argument("--list", type=Path, metavar="FILE", help="commands, one a line")
    parser.add_argument("--cwd", type=Path, default=Path.cwd(), help="folder for the commands of a list")
    parser.add_argument("--cases", default="", help="only these programs of the corpus")
    parser.add_argument("--no-tune", action="store_true", help="use the profiles that are there")
    parser.add_argument("--tune-only", action="store_true", help="measure nothing")
    parser.add_argument("--options", default="", help="more options for lazyimp tune")
    parser.add_argument("-n", type=int, default=2, help="rounds (2)")
    parser.add_argument(
        "--sides", default="eager,deep,tuned", help=f"of eager, safe, deep, tuned, {', '.join(PEERS)}"
    )
    parser.add_argument("--peers", default="", metavar="LAUNCH=FOLDER", help="how to run other tools")
    parser.add_argument("--floor", type=Path, metavar="FILE", help="what oracle.py wrote")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="the table so far, as it grows")
    options = parser.parse_args()
    if (options.corpus is None) is (options.list is None):
        parser.error("name --corpus or --list")
    only = [name for name in options.cases.split(",") if name]
    source: Source = (
        Corpus(options.corpus.resolve(), only, options.peers)
        if options.corpus
        else Commands(options.list, options.cwd)
    )
    sides, known, rows = options.sides.split(","), floors(options.floor), []
    for name in source.names():
        row = Row(name, floor=known.get(name))
        rows.append(row)
        if not options.no_tune:
            row.tuning = tune(source, name, shlex.split(options.options))
        if not options.tune_only:
            measure(source, row, options.n, sides)
        print("  ".join(cells(row, [side for side in sides if side != "eager"], bool(known))), flush=True)
        if options.output is not None and not options.tune_only:
            temporary = options.output.with_name(f".{options.output.name}.{os.getpid()}")
            temporary.write_text(shown(rows, sides) + "\n", encoding="utf-8")
            os.replace(temporary, options.output)
    if not options.tune_only:
        print(f"\n{shown(rows, sides)}\n\n{options.n} rounds, sides in turns; {conditions()}")
    sys.exit(any(row.fault(side) for row in rows for side in sides))


if __name__ == "__main__":
    main()
