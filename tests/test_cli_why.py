"""`lazyimp why`: who had a module loaded, which statement, which rule decided, and what to say of unknown names."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import profiles
import pytest
import record_files

PROTECTED = "inside try or with: a standard module may be there and fail for want of a library"
PROGRAM = """
import json
import colorsys
from helper import shout
try:
    import netrc
except ImportError:
    netrc = None
from json import *


def late():
    import wave
    return wave, colorsys


print(shout(late))
"""


@pytest.fixture
def made_up(tmp_path) -> Path:
    """The record of a made-up training program, which ran elsewhere."""
    return record_files.write(profiles.record(), tmp_path / "run.jsonl")


@pytest.fixture
def here(write, tmp_path):
    """Gives the record of a small program that ran in this interpreter, in some mode."""
    main = write({"main.py": PROGRAM, "helper.py": "import wave\n\ndef shout(it):\n    return it\n"})
    lines = {text.strip(): number for number, text in enumerate(main.read_text().splitlines(), 1)}

    def made(mode: str = "safe", **header: object) -> Path:
        w = profiles.Writer(
            python=platform.python_version(),
            prefix=sys.prefix,
            cwd=str(tmp_path),
            mode=mode,
            main={"kind": "script", "name": "main.py"},
            **header,
        )
        w.mark("main")
        w.load("json", f"{main}:{lines['import json']}", 5)
        w.defer("__main__", "colorsys", "colorsys", f"{main}:{lines['import colorsys']}")
        w.load("helper", f"{main}:{lines['from helper import shout']}", 5)
        w.load("netrc", f"{main}:{lines['import netrc']}", 5)
        w.load("wave", f"{main}:{lines['import wave']}", 5, function="late")
        path = [str(tmp_path), *(each for each in sys.path if each)]
        return record_files.write(w.record(facts={"sys_path": path}), tmp_path / "here.jsonl")

    return made


def test_chain_cost_and_first_use(command_here, made_up):
    done = command_here("why", "pandas", made_up)
    assert done.returncode == 0
    assert all(told in done.stdout for told in ("first uses", "loading.py:31 is_frame()", "loading.py:3 "))
    assert "another environment" in done.stderr  # and so no rule
    assert command_here("explain", "pandas", made_up).stdout == done.stdout


def rule_of(done) -> str:
    """What is said of the rule."""
    return " ".join(done.stdout.partition("Rule\n")[2].split())


@pytest.mark.parametrize(
    ("module", "rule"),
    [
        ("colorsys", "main.py:2 is lazy: imported by own code"),
        ("helper", "main.py:3 is lazy: imported by own code"),
        ("netrc", f"main.py:5 is eager: {PROTECTED} (LZ203)"),
        (
            "wave",
            "main.py:12 is not deferred: it stands in a function or a class, and runs when it is reached (LZ201)",
        ),
    ],
)
def test_the_rule_is_the_policys(command_here, here, module, rule):
    done = command_here("why", module, here())
    assert (done.returncode, done.stderr, rule_of(done)) == (0, "", rule)


def test_the_users_pattern_comes_first(command_here, here, write):
    write({"pyproject.toml": '[tool.lazyimp]\neager = [{ pattern = "colorsys", reason = "of course" }]\n'})
    assert rule_of(command_here("why", "colorsys", here())) == (
        "main.py:2 is eager: [tool.lazyimp] eager: colorsys (of course) (LZ204)"
    )


def test_an_eager_run_is_told_what_a_lazy_one_would_do(command_here, here):
    assert (
        rule_of(command_here("why", "helper", here("0")))
        == "in mode safe main.py:3 is lazy: imported by own code"
    )


def test_a_configuration_that_cannot_be_read_is_told(command_here, here, write):
    write({"pyproject.toml": "[tool.lazyimp]\nmodee = 'safe'\n"})
    done = command_here("why", "colorsys", here())
    assert done.returncode == 0 and "Rule" not in done.stdout and "modee" in done.stderr


def test_json(command_here, here):
    found = json.loads(command_here("why", "colorsys", here(), "--json").stdout)
    assert (found["schema"], found["exit_code"], found["name"]) == ("lazyimp-why/1", 0, "colorsys")
    assert (
        found["rule"] == "main.py:2 is lazy: imported by own code"
        and found["deferrals"][0]["verdict"] == "never"
    )
    assert found["note"] is None


def test_a_report_as_json_has_no_rules(command_here, here):
    command_here("report", here(), "-o", "saved.json")
    done = command_here("why", "colorsys", "saved.json")
    assert done.returncode == 0 and "the rule is told from a record" in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["pandsa", "run.jsonl"], 1, "this run did not import 'pandsa'; did you mean 'pandas'?"),
        (["pandas"], 1, "no run was recorded in this folder; `lazyimp profile SCRIPT` records one"),
        (["pandas", "gone"], 2, "no file 'gone'; without one the last run in this folder is shown"),
        ([], 2, "the following arguments are required: module"),
    ],
)
def test_mistakes_are_one_line(command_here, made_up, words, status, told):
    done = command_here("why", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"lazyimp: {told}")


def test_a_distribution_is_known_by_its_name(command_here, write, tmp_path, monkeypatch):
    write(
        {
            "site/Made_Up-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: Made-Up\nVersion: 1.0\n",
            "site/Made_Up-1.0.dist-info/top_level.txt": "otherwise\n",
        }
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    w = profiles.Writer()
    w.load("otherwise", f"{profiles.CWD}/train.py:1", 5)
    path = record_files.write(w.record(), tmp_path / "run.jsonl")
    assert command_here("why", "made-up", path).stdout.startswith("otherwise")
