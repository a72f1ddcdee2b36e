"""Runs a program beside small modules with LAZYIMP_RECORD set, and reads what was written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from lazyimp import record
from lazyimp.record import Deferral, Import, Record

NAME = "run.jsonl"
FALLBACK = "fallback"  # no extension: records are written by lazyimp/_recorder_py.py


class Recording:
    """What a recorded run showed and wrote."""

    def __init__(self, done: subprocess.CompletedProcess[str], path: Path) -> None:
        self.done = done
        self.folder = path.parent
        self.record: Record = record.read_record(path)

    @property
    def lines(self) -> list[str]:
        """What it printed."""
        return self.done.stdout.splitlines()

    def imports(self, name: str) -> list[Import]:
        """The lines about imports of `name`."""
        return [each for each in self.record.imports if each.name == name]

    def one(self, name: str) -> Import:
        """The only import of `name`."""
        (found,) = self.imports(name)
        return found

    def place(self, each: Import) -> tuple[str, int]:
        """Where an import was asked for: file name and line."""
        return Path(each.file).name, each.line

    def deferral(self, target: str, bound: str | None = None) -> Deferral:
        """The only deferral of a target, or of one of its names."""
        (found,) = [
            each for each in self.record.deferrals if each.target == target and bound in (None, each.bound)
        ]
        return found


class Recorder:
    """Runs programs as one core does, or without the extension."""

    def __init__(
        self, run_python: Callable[..., subprocess.CompletedProcess[str]], folder: Path, engine: str
    ) -> None:
        self.run_python = run_python
        self.folder = folder
        self.engine = engine
        if engine == FALLBACK:
            shim = folder / "site-packages" / "lazyimp_c.py"
            shim.parent.mkdir(exist_ok=True)
            shim.write_text("raise ImportError('not here')\n")

    @property
    def core(self) -> str:
        """The core that is forced."""
        return "py" if self.engine == FALLBACK else self.engine

    def environment(self, mode: str = "off", **more: str) -> Mapping[str, str]:
        """What switches recording on."""
        core = {} if mode == "off" else {"LAZYIMP_CORE": self.core}
        return {"LAZYIMP": mode, "LAZYIMP_RECORD": NAME, "LAZYIMP_DEBUG": "1", **core, **more}

    def run(
        self, program: str | Path, *words: str, mode: str = "off", check: bool = True, **more: str
    ) -> Recording:
        """Run a program with a record; `more` are variables of its environment."""
        for old in self.folder.glob(f"{NAME}*"):
            old.unlink()
        done = self.run_python(program, *words, env=self.environment(mode, **more), check=check)
        if check:
            assert done.stderr == "", done.stderr
        return Recording(done, self.folder / NAME)
