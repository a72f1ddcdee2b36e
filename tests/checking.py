"""A project for `lazyimp check`, the records that its runs leave, and the command."""

import os
from pathlib import Path

import pytest
from small_records import Small

from lazyimp.cli import main
from lazyimp.gate import measure
from lazyimp.tuning.runs import Outcome

SITE = "/venv/lib/python3/site-packages"
BUDGET = """
[[tool.lazyimp.budget]]
target = "train.py"
max_modules = 6
forbid = ["pandas", "torch._*"]
max_cpu_ms = 50
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty project, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def program(folder, pandas=True, extra=()):
    """A record of train.py: it imports mypkg.data, that numpy and, through mypkg.frames, pandas."""
    record = Small()
    record.load(1, "mypkg", f"{folder}/train.py:3", f"{folder}/mypkg/__init__.py")
    record.load(2, "mypkg.data", f"{folder}/train.py:3", f"{folder}/mypkg/data.py")
    record.load(3, "numpy", f"{folder}/mypkg/data.py:1", f"{SITE}/numpy/__init__.py", parent=2)
    record.load(
        4, "json", f"{SITE}/numpy/__init__.py:9", os.__file__.replace("os.py", "json/__init__.py"), parent=3
    )
    if pandas:
        record.load(5, "mypkg.frames", f"{folder}/mypkg/data.py:7", f"{folder}/mypkg/frames.py", parent=2)
        record.load(6, "pandas", f"{folder}/mypkg/frames.py:2", f"{SITE}/pandas/__init__.py", parent=5)
        record.load(
            7, "pandas.core", f"{SITE}/pandas/__init__.py:30", f"{SITE}/pandas/core/__init__.py", parent=6
        )
    for number, (name, at, origin) in enumerate(extra, 20):
        record.load(number, name, at, origin)
    return record


@pytest.fixture
def recorded(folder, monkeypatch):
    """Let the next runs leave this record, or end with that status."""

    def prepare(record, status="0", stderr=b""):
        def run(command, trial, limit_s):
            if record is not None:
                record.write(Path(trial.env["LAZYIMP_RECORD"]))
            return Outcome(trial, status, b"", stderr, None, (), 0.1, 0.1, 10)

        monkeypatch.setattr(measure, "run", run)

    (folder / "train.py").write_text("")
    return prepare


def check(capsys, *words):
    """(status, stdout, stderr) of the command."""
    status = main(["check", *words])
    done = capsys.readouterr()
    return status, done.out, done.err
