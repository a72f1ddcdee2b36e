"""Reads the small programs of tests/semantics/programs and lays one out in a folder.

A file of programs is plain text, so that a program is read as it runs:

    === 064 membership_in_sys_modules
    title: a name imported above is in sys.modules below
    run: main.py arg           (default: main.py; split like a shell line)
    python: >=3.11 <3.14       (default: every version)
    needs: numpy               (top-level modules; the program is skipped without them)
    env: NAME=value
    modes: deep all            (default: safe deep all)
    late: yes                  (a traceback may come later and with a cause: its last exception is compared)
    unloaded: m n              (not loaded when the program calls marks.loaded(); cores c and native)
    unloaded-py: m             (the same for core py)
    --- main.py
    ...

A block named `stdin` is given to the program's standard input, one named `x.zip/pkg/mod.py` goes into an
archive.
The number is the case's number in the list of semantics; one case may have several programs.
"""

from __future__ import annotations

import re
import shlex
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
MODES = ("safe", "deep", "all")

MARKS = '''\
import os, sys

def loaded():
    """Write down the modules that have executed (a proxy that has not is of another type)."""
    names = [name for name, module in list(sys.modules.items()) if type(module) is type(sys)]
    with open(os.environ["SEMANTICS_MARK"], "a") as file:
        file.write("\\n".join(names) + "\\n")
'''


@dataclass(frozen=True)
class Program:
    """One small program and what is expected of it beyond equality with its eager run."""

    id: str
    group: str
    title: str
    run: tuple[str, ...] = ("main.py",)
    python: str = ""
    needs: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = MODES
    late: bool = False
    unloaded: tuple[str, ...] = ()
    unloaded_py: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def number(self) -> int:
        """The case's number in the list of semantics."""
        return int(self.id[:3])

    @property
    def stdin(self) -> str:
        """What the program reads from its standard input."""
        return dict(self.files).get("stdin", "")

    def must_stay_unloaded(self, core: str) -> tuple[str, ...]:
        """The modules that this core must not have loaded at the program's mark."""
        return self.unloaded_py if core == "py" else self.unloaded

    def runs_on(self, version: tuple[int, int]) -> bool:
        """Whether the program is meant for this Python version."""
        return in_range(version, self.python)

    def lay_out(self, folder: Path) -> None:
        """Write the program's files into an empty folder."""
        folder.mkdir(parents=True)
        if self.unloaded or self.unloaded_py:
            (folder / "marks.py").write_text(MARKS)
        for name, text in self.files:
            if name == "stdin":
                continue
            archive, inside, member = name.partition(".zip/")
            if inside:
                with zipfile.ZipFile(folder / f"{archive}.zip", "a") as file:
                    file.writestr(member, text)
            else:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)


def in_range(version: tuple[int, int], conditions: str) -> bool:
    """Whether a version meets conditions like `>=3.11 <3.14`."""
    for condition in conditions.split():
        match = re.fullmatch(r"(>=|<)3\.(\d+)", condition)
        if match is None:
            msg = f"unreadable version condition {condition!r}"
            raise ValueError(msg)
        at_least = version >= (3, int(match[2]))
        if at_least != (match[1] == ">="):
            return False
    return True


def read_programs(folder: Path = PROGRAMS) -> list[Program]:
    """Every program, in the order of the cases' numbers."""
    programs = [
        _parse(path.stem, chunk)
        for path in sorted(folder.glob("*.txt"))
        for chunk in re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]
    ]
    ids = [program.id for program in programs]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        msg = f"programs with one id: {twice}"
        raise ValueError(msg)
    return sorted(programs, key=lambda program: program.id)


def _parse(group: str, chunk: str) -> Program:
    head, *blocks = re.split(r"^--- (\S+)\n", chunk, flags=re.MULTILINE)
    first, *lines = head.strip().splitlines()
    keys = dict(re.split(r":\s*", line, maxsplit=1) for line in lines)
    files = tuple(
        (name, text.strip("\n") + "\n") for name, text in zip(blocks[::2], blocks[1::2], strict=True)
    )
    program = Program(
        id="_".join(first.split()),
        group=group,
        title=keys.pop("title"),
        run=tuple(shlex.split(keys.pop("run", "main.py"))),
        python=keys.pop("python", ""),
        needs=tuple(keys.pop("needs", "").split()),
        env=tuple((k, v) for k, _, v in (e.partition("=") for e in keys.pop("env", "").split())),
        modes=tuple(keys.pop("modes", " ".join(MODES)).split()),
        late=keys.pop("late", "no") == "yes",
        unloaded=tuple(keys.pop("unloaded", "").split()),
        unloaded_py=tuple(keys.pop("unloaded-py", "").split()),
        files=files,
    )
    if keys:
        msg = f"{program.id}: unknown keys {sorted(keys)}"
        raise ValueError(msg)
    return program
