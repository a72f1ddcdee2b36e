"""`lazyimp check` without a run: own code is followed by its import statements."""

import os
import re
from pathlib import Path

import checking
import pytest
from checking import check, program

folder, recorded = checking.folder, checking.recorded


SOURCES = {
    "train.py": "import os\nfrom mypkg.data import load\nif __name__ == '__main__':\n    load()\n",
    "mypkg/__init__.py": "",
    "mypkg/data.py": "from . import frames\nimport numpy as np\n\ndef load():\n    import pandas\n",
    "mypkg/frames.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars\n"
    "try:\n    import yaml\nexcept ImportError:\n    yaml = None\n",
}


@pytest.fixture
def sources(folder, write, recorded):
    """A project with code."""
    write(SOURCES)
    return folder


def test_own_code_is_followed_without_running_it(sources, capsys):
    found = project_survey(sources)
    assert sorted(found.packages) == ["numpy", "yaml"]
    assert sorted(found.own) == ["__main__", "mypkg", "mypkg.data", "mypkg.frames"]
    yaml = found.packages["yaml"]
    assert (yaml.file, yaml.line, yaml.column) == (os.path.join("mypkg", "frames.py"), 5, 5)
    assert [step.line for step in yaml.chain] == [2, 1, 5]


def project_survey(folder):
    from lazyimp.gate.static import survey

    return survey([str(folder / "train.py")], [str(folder)])


def test_a_new_import_statement_is_found_without_a_run(sources, recorded, capsys):
    recorded(program(sources))
    check(capsys, "--update", "train.py")
    recorded(None, "1")
    assert check(capsys, "--static")[0] == 0, "nothing is run, and nothing is new"
    with open(sources / "mypkg" / "frames.py", "a") as file:
        file.write("import seaborn as sns\n")
    status, out, _ = check(capsys, "--static", "--format", "github")
    assert status == 1
    assert out.startswith(
        "::error file=mypkg/frames.py,line=8,title=lazyimp LZ409::train.py: new import: seaborn;"
    )


def test_a_forbidden_import_statement_counts_for_eager_runs(sources, capsys):
    text = "[[tool.lazyimp.budget]]\ntarget = 'train.py'\nforbid = ['numpy']\n"
    (sources / "pyproject.toml").write_text(text + "mode = '0'\n")
    assert check(capsys, "--static")[0] == 1
    (sources / "pyproject.toml").write_text(text)
    assert check(capsys, "--static")[0] == 0


def test_static_without_anything_to_compare_is_inconclusive(sources, capsys):
    assert check(capsys, "--static", "train.py")[0] == 3


def test_static_with_budgets_and_without_a_lock_is_fine(sources, capsys):
    (sources / "pyproject.toml").write_text("[[tool.lazyimp.budget]]\ntarget = 'train.py'\nmax_modules = 3\n")
    status, out, _ = check(capsys, "--static")
    assert (status, "there is no lazyimp.lock yet" in out) == (0, True)


def test_a_command_that_is_not_installed_is_left_out_of_static(sources, capsys):
    (sources / "pyproject.toml").write_text("[[tool.lazyimp.budget]]\ntarget = 'no-such-tool --help'\n")
    status, out, _ = check(capsys, "--static")
    assert (status, "not looked at: no script or command 'no-such-tool'" in out) == (0, True)
    assert check(capsys)[0] == 2


def test_the_pre_commit_hook_runs_what_it_says(sources, recorded, capsys, run_python):
    manifest = Path(__file__).parent.parent / ".pre-commit-hooks.yaml"
    if not manifest.is_file():
        pytest.skip("the tests run beside no source tree")
    text = manifest.read_text()
    (entry,) = re.findall(r"^  entry: (.*)$", text, re.MULTILINE)
    (files,) = re.findall(r"^  files: '(.*)'$", text, re.MULTILINE)
    assert all(re.search(files, name) for name in ("a/b.py", "pyproject.toml", "lazyimp.lock"))
    assert "pass_filenames: false" in text and "language: python" in text
    recorded(program(sources))
    check(capsys, "--update", "train.py")
    words = entry.split()
    assert words[0] == "lazyimp"
    assert run_python("-m", *words).returncode == 0
    (sources / "train.py").write_text("import seaborn\n")
    done = run_python("-m", *words, check=False)
    assert (done.returncode, "LZ409" in done.stdout) == (1, True)


def test_a_file_that_cannot_be_parsed_is_told(sources, capsys):
    (sources / "mypkg" / "data.py").write_text("import numpy\ndef (:\n")
    found = project_survey(sources)
    assert len(found.unread) == 1 and "data.py" in found.unread[0]


def test_a_folder_of_data_is_no_module(sources):
    (sources / "wandb").mkdir()
    (sources / "wandb" / "run.log").write_text("")
    (sources / "train.py").write_text("import wandb\nimport ns.part.mod\n")
    (sources / "ns" / "part").mkdir(parents=True)
    (sources / "ns" / "part" / "mod.py").write_text("import attr\n")
    found = project_survey(sources)
    assert sorted(found.packages) == ["attr", "wandb"]
    assert "ns.part.mod" in found.own


def test_modules_and_code_are_targets_too(sources):
    from lazyimp.gate.static import survey

    (sources / "mypkg" / "__main__.py").write_text("from .data import load\nimport click\n")
    assert sorted(survey(["-m", "mypkg"], [str(sources)]).packages) == ["click", "numpy", "yaml"]
    assert sorted(survey(["-m", "mypkg.data"], [str(sources)]).packages) == ["numpy", "yaml"]
    assert sorted(survey(["-c", "import mypkg.frames, rich"], [str(sources)]).packages) == ["rich", "yaml"]
