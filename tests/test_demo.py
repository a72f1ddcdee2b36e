"""`lazyimp demo`: every step shows what it says it shows, with the same text each time where nobody watches."""

import re

import pytest

from lazyimp.demo import toy

GIVE = """
import sys
from pathlib import Path
from lazyimp.cli.demo import Tour
Tour(Path(sys.argv[1]), work=10).give()
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The tour's text, and the folder that it leaves."""
    import subprocess
    import sys

    from run import clean_environment

    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-c", GIVE, str(folder)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=True,
    )
    assert done.stderr == ""
    return done.stdout, folder


def test_all_five_steps_show_what_they_say(told):
    text, _ = told
    steps = re.split(r"\n\d  ", text)
    assert len(steps) == 6
    slow, lazy, broken, mended, kept = steps[1:]
    assert "epoch 3  loss 0.1099\n   → all 9 modules of the toy were loaded" in slow
    assert lazy.count("epoch 3  loss 0.1099") == 2 and "of 9 modules" in lazy
    assert "LookupError: no model 'curve'; registered are: line\n   → exit status 1" in broken
    assert "__main__ imports toyml_curves  (train.py:7)" in mended and "epoch 3  loss 0.0560" in mended
    assert "new package: slowplots" in kept and "train.py:14  uses slowplots" in kept
    assert "exit status 1: a pull request would be red" in kept


def test_nothing_in_it_depends_on_time_or_place(told):
    text, folder = told
    assert str(folder) not in text and "/tmp" not in text
    assert not re.search(r"\d\.\d+ s\b", text) and "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_rule_is_written(told):
    _, folder = told
    assert '"__main__ -> toyml_curves"' in (folder / "pyproject.toml").read_text()
    assert (folder / "lazyimp.lock").is_file()


def test_the_toy_changes_where_the_tour_says():
    assert '"curve"' in toy.WITH_PLUGIN and "import toyml_curves" in toy.WITH_PLUGIN
    assert "slowplots.canvas" in toy.WITH_TITLE
    assert "range(2 * 7)" in toy.files(7)["site-packages/toyml/kernels.py"]


def test_a_folder_with_something_in_it_is_left_alone(run_python, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("")
    done = run_python("-m", "lazyimp", "demo", "--keep", "mine", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lazyimp: 'mine' is not empty; name a folder that the toy can have\n"
