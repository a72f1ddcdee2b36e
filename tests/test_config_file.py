"""Commands that change pyproject.toml: init, exclude, include. Every byte they do not mean to change stays."""

import os
import sys

import pytest

from lazyimp.cli import init
from lazyimp.cli.patches import diff
from lazyimp.tuning import config_file, toml_array

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = '[project]\nname = "x"  # mine\n\n[tool.other]\nx = 1'
TABLE = """\
[tool.lazyimp]   # ours
mode = "deep"
eager = [
    "plugins",  # registers
    # about the next
    { pattern = "a -> b", reason = "has ], and \\" in it" },
    'c',
]
lazy = ["one", "two"]

[tool.other]
eager = ["plugins"]
"""


@pytest.fixture
def lazyimp(run_python):
    """`lazyimp ...` in the test's folder."""

    def run(*words, **more):
        return run_python("-m", "lazyimp", *words, check=False, **more)

    return run


# -- arrays ----------------------------------------------------------------------------------------------


def test_elements_are_found_whatever_is_between_them():
    text = """x = [ 'a' ,"b]#",  # c ], d
      { p = [1, 2], q = "," } , '''e
, f''', "\\"g" # h
    ] # i"""
    found = [text[start:end] for start, end in toml_array.elements(text, text.index("[") + 1)]
    assert found == ["'a'", '"b]#"', '{ p = [1, 2], q = "," }', "'''e\n, f'''", '"\\"g"']


@pytest.mark.parametrize(
    ("text", "number", "after"),
    [
        ("x = [1, 2, 3]", 0, "x = [2, 3]"),
        ("x = [1, 2, 3]", 2, "x = [1, 2]"),
        ("x = [1]", 0, "x = []"),
        ("x = [\n  1,\n  2, # two\n  3\n]", 1, "x = [\n  1,\n  3\n]"),
        ("x = [\n  1, 2,\n]", 1, "x = [\n  1, \n]"),
        ("x = [\n  1,\n]", 0, "x = [\n]"),
    ],
)
def test_one_element_is_taken_out(text, number, after):
    start, end = list(toml_array.elements(text, 5))[number]
    assert toml_array.without(text, start, end) == after
    assert tomllib.loads(after)["x"] == [
        each for n, each in enumerate(tomllib.loads(text)["x"]) if n != number
    ]


def test_patterns_are_removed_from_their_own_list_alone():
    after = config_file.removed(TABLE, "plugins")
    assert after == TABLE.replace('    "plugins",  # registers\n', "")
    assert config_file.removed(TABLE, "a -> b") == TABLE.replace(TABLE.splitlines(keepends=True)[5], "")
    assert config_file.removed(TABLE, "c") == TABLE.replace("    'c',\n", "")
    assert config_file.removed(TABLE, "two", "lazy") == TABLE.replace('"one", "two"', '"one"')
    assert config_file.removed("x = 1\n", "c") is None


def test_patterns_are_added_to_either_list():
    after = config_file.added(TABLE, [("d", "")], "lazy")
    assert after == TABLE.replace('lazy = ["one"', 'lazy = ["d", "one"')
    assert tomllib.loads(config_file.added(TABLE, [("d", "why")]))["tool"]["lazyimp"]["eager"][0] == {
        "pattern": "d",
        "reason": "why",
    }
    assert config_file.added("[tool.lazyimp]\neager = []\n", [("d", "")]) == '[tool.lazyimp]\neager = ["d"]\n'
    long = "a" * 90
    assert config_file.added("[tool.lazyimp]\neager = []\n", [(long, "")]) == (
        f'[tool.lazyimp]\neager = [\n    "{long}",\n]\n'
    )


def test_what_cannot_be_changed_for_certain_is_left_alone():
    assert config_file.added('tool.lazyimp.eager = ["x"]\n', [("d", "")]) is None
    assert config_file.added("not toml", [("d", "")]) is None


# -- exclude and include ---------------------------------------------------------------------------------


def test_exclude_and_include_are_each_others_inverse(lazyimp, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_bytes(TABLE.replace("\n", "\r\n").encode())
    done = lazyimp("exclude", "mypkg -> cv2", "--reason", 'loads "late"\\')
    assert (done.returncode, done.stderr) == (0, "written to pyproject.toml\n")
    assert '+    { pattern = "mypkg -> cv2", reason = "loads \'late\'/" },' in done.stdout
    assert b"\r\n" in path.read_bytes() and b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    lazyimp("include", "mypkg -> cv2")
    assert path.read_bytes() == TABLE.replace("\n", "\r\n").encode()


def test_a_pattern_is_in_one_list(lazyimp, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(TABLE)
    lazyimp("exclude", "one")
    mine = tomllib.loads(path.read_text())["tool"]["lazyimp"]
    assert mine["eager"][0] == "one" and mine["lazy"] == ["two"]
    lazyimp("include", "--lazy", "one")
    mine = tomllib.loads(path.read_text())["tool"]["lazyimp"]
    assert mine["lazy"] == ["one", "two"] and "one" not in mine["eager"]


def test_a_second_time_nothing_changes(lazyimp, tmp_path):
    (tmp_path / "pyproject.toml").write_text(TABLE)
    done = lazyimp("exclude", "plugins")
    assert (done.stdout, done.stderr, done.returncode) == ("", "`eager` has 'plugins' already\n", 0)
    assert (tmp_path / "pyproject.toml").read_text() == TABLE


def test_without_a_file_there_is_one_afterwards(lazyimp, tmp_path):
    lazyimp("exclude", "plugins")
    assert (tmp_path / "pyproject.toml").read_text() == '[tool.lazyimp]\neager = [\n    "plugins",\n]\n'


def test_a_dry_run_leaves_the_file_alone(lazyimp, tmp_path):
    (tmp_path / "pyproject.toml").write_text(TABLE)
    done = lazyimp("exclude", "new", "--dry-run")
    assert '+    "new",' in done.stdout and done.stderr == ""
    assert (tmp_path / "pyproject.toml").read_text() == TABLE


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["exclude", "a b"], 2, "'a b' is no pattern; write 'target' or 'importer -> target'"),
        (["include", "nothing"], 2, "`eager` has no 'nothing'; --lazy puts it off"),
        (["exclude"], 2, "the following arguments are required: pattern"),
    ],
)
def test_mistakes(lazyimp, tmp_path, words, status, said):
    (tmp_path / "pyproject.toml").write_text(TABLE)
    done = lazyimp(*words)
    assert (done.returncode, done.stdout) == (status, "") and said in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(lazyimp, tmp_path):
    (tmp_path / "pyproject.toml").write_text(TABLE)
    tmp_path.chmod(0o500)
    done = lazyimp("exclude", "new")
    tmp_path.chmod(0o700)
    assert (done.returncode, "cannot write" in done.stderr) == (1, True)


def test_a_folder_in_the_files_place_is_told(lazyimp, tmp_path):
    (tmp_path / "pyproject.toml").mkdir()
    for words in (["exclude", "new"], ["init"]):
        done = lazyimp(*words)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr


def test_a_file_that_cannot_be_changed_is_told(lazyimp, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool]\nlazyimp.eager = ['x']\n")
    done = lazyimp("exclude", "d")
    assert (done.returncode, "cannot be changed for certain" in done.stderr) == (1, True)
    assert (tmp_path / "pyproject.toml").read_text() == "[tool]\nlazyimp.eager = ['x']\n"


# -- init ------------------------------------------------------------------------------------------------


def test_init_appends_a_commented_table(lazyimp, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(PROJECT)
    done = lazyimp("init")
    assert (done.returncode, done.stderr) == (0, "written to pyproject.toml\n")
    text = path.read_text()
    assert text.startswith(PROJECT + "\n\n[tool.lazyimp]\n")
    assert tomllib.loads(text)["tool"]["lazyimp"] == {}
    assert '+# mode = "safe"' in done.stdout
    assert max(map(len, text.splitlines())) <= 110
    status = lazyimp("status", "--config", "--json")
    assert status.returncode == 0


def test_what_the_comments_say_can_be_uncommented(tmp_path):
    from lazyimp import _config
    from lazyimp.gate.budgets import load_budgets

    text = init.template()
    lines = [
        line[2:] if line.startswith("# ") and ("=" in line or line[2:3] in "[] ") else line
        for line in text.splitlines()
    ]
    lines = [line for line in lines if not line.startswith(("# ", "What stands"))]
    path = tmp_path / "pyproject.toml"
    path.write_text("\n".join(lines) + "\n")
    config = _config.load_config(str(path))
    assert (config.mode, config.patterns[0].text) == ("safe", "mypkg -> mypkg.plugins")
    (budget,) = load_budgets(str(path))
    assert (budget.name, budget.max_modules, budget.forbid) == ("train.py", 1200, ("matplotlib", "pandas"))


def test_init_leaves_alone_what_is_there(lazyimp, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(TABLE)
    done = lazyimp("init")
    assert (done.returncode, done.stdout, path.read_text()) == (2, "", TABLE)
    assert "has a [tool.lazyimp] already" in done.stderr


def test_init_without_a_file_makes_one(lazyimp, tmp_path):
    assert lazyimp("init", "--dry-run").stderr == ""
    assert not (tmp_path / "pyproject.toml").exists()
    done = lazyimp("init")
    assert done.stdout.startswith("--- /dev/null\n+++ b/pyproject.toml\n")
    assert (tmp_path / "pyproject.toml").read_text().startswith("[tool.lazyimp]\n")


def test_init_tries_the_program(lazyimp, write, tmp_path):
    write({"main.py": "import json\nprint(json.dumps(1))\n"})
    done = lazyimp("init", "--", "main.py")
    assert done.returncode == 0, done.stderr
    mine = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["lazyimp"]
    assert mine["mode"] == "deep"
    (budget,) = mine["budget"]
    assert budget["target"] == "main.py" and budget["max_modules"] % 10 == 0 and budget["forbid"] == []
    assert lazyimp("check").returncode == 0


def test_init_writes_nothing_for_a_program_that_fails(lazyimp, write, tmp_path):
    write({"main.py": "1 / 0\n"})
    done = lazyimp("init", "--", "main.py")
    assert (done.returncode, "fails without lazyimp" in done.stderr) == (1, True)
    assert not (tmp_path / "pyproject.toml").exists()


def test_diffs_of_bytes_that_are_no_text():
    lines = diff("x", b"a\n\xff\n", b"a\n\xff\nb")
    assert lines[-3:] == [" \udcff", "+b", "\\ No newline at end of file"]
    assert os.linesep not in lines[0]
