"""`lazyimp check`: budgets and the lock decide by what was loaded, and say which statements brought it."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from small_records import Small

from lazyimp.cli import main
from lazyimp.errors import ConfigError
from lazyimp.gate import budgets, lockfile, measure, project
from lazyimp.gate.loaded import loaded_by
from lazyimp.record import read_record
from lazyimp.tuning.runs import Outcome

SITE = "/venv/lib/python3/site-packages"


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


# -- the lock --------------------------------------------------------------------------------------------


def test_an_unchanged_program_is_fine(folder, recorded, capsys):
    recorded(program(folder))
    status, out, err = check(capsys, "--update", "train.py", "--epochs", "1")
    assert (status, err.splitlines()[-1]) == (0, "written to lazyimp.lock")
    assert "new: 7 modules, 2 installed packages" in out
    status, out, _ = check(capsys, "train.py", "--epochs", "1")
    assert status == 0 and out.startswith("✓ train.py --epochs 1\n    7 modules until its end; Python 3.")
    assert check(capsys)[0] == 0, "the lock names the target"


def test_a_new_package_comes_with_the_chain_that_brought_it(folder, recorded, capsys):
    recorded(program(folder, pandas=False))
    check(capsys, "--update", "train.py")
    recorded(program(folder))
    status, out, _ = check(capsys, "train.py")
    assert status == 1
    assert out.splitlines()[:7] == [
        "✗ train.py",
        f"    7 modules until its end; Python {lockfile.here()[0]}, {lockfile.here()[1]}, eager",
        "    LZ403  new package: pandas (2 modules)",
        "           train.py:3         imports mypkg.data",
        "           mypkg/data.py:7    imports mypkg.frames",
        "           mypkg/frames.py:2  imports pandas",
        "    LZ404  new own module: mypkg.frames",
    ]


def test_what_is_no_longer_loaded_is_told_and_no_fault(folder, recorded, capsys):
    recorded(program(folder))
    check(capsys, "--update", "train.py")
    recorded(program(folder, pandas=False))
    status, out, _ = check(capsys, "train.py")
    assert (status, "LZ405  no longer loaded: pandas, mypkg.frames" in out) == (0, True)


def test_of_many_new_packages_the_first_has_its_chain(folder, recorded, capsys):
    recorded(program(folder, pandas=False))
    check(capsys, "--update", "train.py")
    extra = [
        (name, f"{SITE}/pandas/__init__.py:5", f"{SITE}/{name}.py")
        for name in ("pyarrow", "pytz", "dateutil")
    ]
    recorded(program(folder, extra=extra))
    out = check(capsys, "train.py")[1]
    flat = " ".join(out.split())
    assert "3 more new packages: pyarrow, pytz, dateutil; --chains tells how each came" in flat
    assert out.count("imports") == 3 + 2, "the chain of pandas, and that of the own module"
    assert check(capsys, "--chains", "train.py")[1].count("imports") > 4
    whole = json.loads(check(capsys, "--json", "train.py")[1])
    assert [len(each["chain"]) > 0 for each in whole["targets"][0]["findings"]] == [True] * 5


def test_modules_of_a_package_do_not_matter_to_the_lock(folder, recorded, capsys):
    recorded(program(folder))
    check(capsys, "--update", "train.py")
    recorded(program(folder, extra=[("pandas.new", f"{SITE}/pandas/__init__.py:5", f"{SITE}/pandas/new.py")]))
    assert check(capsys, "train.py")[0] == 0


def test_a_first_use_is_told_as_a_use(folder, recorded, capsys):
    recorded(program(folder, pandas=False))
    check(capsys, "--update", "train.py")
    record = program(folder, pandas=False)
    record.load(9, "pandas", f"{folder}/mypkg/data.py:40", f"{SITE}/pandas/__init__.py", use=1)
    data = f"{folder}/mypkg/data.py"
    record.defer(1, "mypkg.data", "pandas", f"{data}:2")
    record.use(1, f"{data}:40")
    recorded(record)
    assert "mypkg/data.py:40  uses pandas, written at line 2" in check(capsys, "train.py")[1]


def test_other_circumstances_are_inconclusive(folder, recorded, capsys):
    recorded(program(folder))
    check(capsys, "--update", "train.py")
    lock = folder / "lazyimp.lock"
    lock.write_text(lock.read_text().replace('laziness = "eager"', 'laziness = "safe, core c"'))
    status, out, _ = check(capsys, "train.py")
    assert status == 3
    assert "LZ407  lazyimp.lock has train.py for Python" in out and "safe, core c only" in " ".join(
        out.split()
    )
    assert check(capsys, "other.py")[0] == 2
    status, out, _ = check(capsys, "-c", "pass")
    assert (status, "no entry for -c pass" in out) == (3, True)


def test_a_program_that_fails_is_inconclusive(folder, recorded, capsys):
    recorded(None, "1", b"Traceback\nValueError: no\n")
    status, out, _ = check(capsys, "train.py")
    assert (status, "exit status 1: ValueError: no" in " ".join(out.split())) == (3, True)
    recorded(None)
    assert "left no record" in check(capsys, "train.py")[1]


def test_only_what_comes_before_the_first_batch_counts(folder):
    record = program(folder)
    record.first_batch(6, cpu_ms=250)
    loaded = loaded_by(read_record(record.write(folder / "r.jsonl")))
    assert loaded.modules[-1] == "mypkg.frames" and loaded.has_batch and loaded.cpu_s == 0.25


def test_failed_imports_and_our_own_do_not_count(folder):
    record = Small("safe", "c")
    record.load(1, "gone", "train.py:1", how=1)
    record.load(2, "there", "train.py:1", how=2)
    record.load(3, "lazyimp.firstbatch", "train.py:1", f"{SITE}/lazyimp/firstbatch/__init__.py")
    loaded = loaded_by(read_record(record.write(folder / "r.jsonl")))
    assert (loaded.modules, loaded.laziness) == ((), "safe, core c")


def test_the_lock_is_sorted_and_the_same_bytes(folder, recorded, capsys):
    recorded(program(folder))
    check(capsys, "--update", "train.py")
    first = (folder / "lazyimp.lock").read_bytes()
    _, _, err = check(capsys, "--update", "train.py")
    assert (folder / "lazyimp.lock").read_bytes() == first and "written" not in err
    lock = lockfile.read_lock(folder / "lazyimp.lock")
    (entry,) = lock.entries
    assert (entry.own, entry.packages, entry.stdlib) == (
        ("mypkg", "mypkg.data", "mypkg.frames"),
        ("numpy", "pandas"),
        ("json",),
    )
    assert lockfile.text_of(lock).encode() == first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD\n", "is not a lock"),
        ("x = 1\n", "names no format"),
        ("format = 2\n", "has format 2, and this lazyimp reads 1"),
        ("format = 1\n[[target]]\nname = 'x'\n", "is damaged"),
        ("format = 1\ntarget = 3\n", "is damaged"),
    ],
)
def test_a_lock_that_cannot_be_read(folder, text, said):
    (folder / "lazyimp.lock").write_text(text)
    with pytest.raises(lockfile.LockError, match=said):
        lockfile.read_lock(folder / "lazyimp.lock")


def test_names_with_odd_characters_survive(folder):
    key = lockfile.Key('-c "a\\b\n\u2028é"', "3.11", "linux-x86_64", "eager")
    lock = lockfile.Lock().with_entry(lockfile.Entry(key, 1, own=("é",)))
    lockfile.save(folder / "x.lock", lock)
    assert lockfile.read_lock(folder / "x.lock") == lock


REAL = {
    "site-packages/heavy/__init__.py": "from . import inner\n",
    "site-packages/heavy/inner.py": "x = 1\n",
    "site-packages/light.py": "y = 1\n",
    "helper.py": "import heavy\nimport light\n\ndef small(): return light.y\n\ndef large(): return heavy.inner.x\n",
    "main.py": "import helper\nprint(helper.small())\n",
}


def test_a_real_program_is_recorded_and_judged(run_python, write, core):
    """What is put off and not used does not count; what a new line uses comes with its chain."""
    main = write(REAL)

    def run(*words):
        return run_python("-m", "lazyimp", "check", *words, check=False, core=core)

    done = run("--update", "main.py")
    assert done.returncode == 0, done.stderr
    (entry,) = lockfile.read_lock(main.parent / "lazyimp.lock").entries
    assert (entry.own, entry.packages, entry.key.laziness) == (("helper",), ("light",), f"safe, core {core}")
    assert entry.static == ("heavy", "light")
    assert run("main.py").returncode == 0
    main.write_text("import helper\nprint(helper.small() + helper.large())\n")
    done = run("main.py")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[2] == "    LZ403  new package: heavy (2 modules)"
    assert lines[3].split("  ")[-1] == "uses heavy, written at line 1" and "helper.py:6" in lines[3]
    done = run("--mode", "0", "--update", "main.py")
    (eager, _) = lockfile.read_lock(main.parent / "lazyimp.lock").entries
    assert (eager.packages, eager.key.laziness) == (("heavy", "light"), "eager")


# -- budgets ---------------------------------------------------------------------------------------------

BUDGET = """
[[tool.lazyimp.budget]]
target = "train.py"
max_modules = 6
forbid = ["pandas", "torch._*"]
max_cpu_ms = 50
"""


def test_a_budget_decides_without_a_lock(folder, recorded, capsys):
    (folder / "pyproject.toml").write_text(BUDGET)
    recorded(program(folder))
    status, out, _ = check(capsys)
    assert status == 1
    flat = " ".join(out.split())
    assert "LZ401 7 modules until its end, 1 more than 6" in flat
    assert "LZ402 forbidden: pandas and 1 more below 'pandas'" in flat
    assert "LZ406 100 ms of processor time until its end, at most 50 wanted" in flat
    recorded(program(folder, pandas=False))
    status, out, _ = check(capsys)
    assert (status, "LZ406" in out) == (0, True), "times advise"
    (folder / "pyproject.toml").write_text(BUDGET + "strict = true\n")
    assert check(capsys)[0] == 1


def test_options_are_a_budget_for_one_run(folder, recorded, capsys):
    recorded(program(folder))
    assert check(capsys, "--max-modules", "7", "train.py")[0] == 0
    assert check(capsys, "--max-modules", "6", "train.py")[0] == 1
    assert check(capsys, "--forbid", "numpy", "train.py")[0] == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("max_moduls = 3\ntarget = 'x'", "1: unknown key 'max_moduls'; did you mean 'max_modules'?"),
        ("max_modules = 3", "1: target must name a program"),
        ("target = 'x \"'", "cannot be split into words"),
        ("target = 'x'\nmax_modules = 0", "1: max_modules must be a whole number above 0, not 0"),
        ("target = 'x'\nmax_modules = true", "1: max_modules must be a whole number above 0, not True"),
        ("target = 'x'\nmax_cpu_ms = '4'", "1: max_cpu_ms must be a number above 0, not '4'"),
        ("target = 'x'\nforbid = 'pandas'", "1: forbid must be a list"),
        ("target = 'x'\nforbid = ['a b']", "1: forbid 'a b' is no dotted name"),
        ("target = 'x'\nstrict = 1", "1: strict must be true or false, not 1"),
        ("target = 'x'\nmode = 'deap'", "1: unknown mode 'deap'; did you mean 'deep'?"),
        ("target = 'x'\n[[tool.lazyimp.budget]]\ntarget = 'x'", "two budgets for 'x'"),
        ("target = 'x'\n[tool.lazyimp]\nmoed = 'safe'", "unknown key 'moed'; did you mean 'mode'?"),
    ],
)
def test_wrong_budgets_are_named(folder, rows, said):
    (folder / "pyproject.toml").write_text(f"[[tool.lazyimp.budget]]\n{rows}\n")
    with pytest.raises(ConfigError) as caught:
        budgets.load_budgets(str(folder / "pyproject.toml"))
    assert said in str(caught.value)


def test_all_faults_of_budgets_are_told_together(folder):
    (folder / "pyproject.toml").write_text("[[tool.lazyimp.budget]]\nmax_cpu_ms = 0\nx = 1\n")
    with pytest.raises(ConfigError) as caught:
        budgets.load_budgets(str(folder / "pyproject.toml"))
    assert len(str(caught.value).splitlines()) == 3


def test_forbid_patterns():
    assert budgets.matcher("pandas").fullmatch("pandas.core")
    assert not budgets.matcher("pandas").fullmatch("pandas_ta")
    assert budgets.matcher("torch._*").fullmatch("torch._dynamo.x")


# -- the command -----------------------------------------------------------------------------------------


def test_nothing_to_check_is_wrong_usage(folder, capsys):
    status, _, err = check(capsys)
    assert (status, "nothing to check: name a program" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "sarif", "train.py"], "unknown format 'sarif'"),
        (["--mode", "deap", "train.py"], "did you mean 'deep'?"),
        (["--timeout", "0", "train.py"], "--timeout 0 leaves no time to run"),
        (["--max-modules", "-1", "train.py"], "--max-modules -1 allows nothing"),
        (["trian.py"], "did you mean 'train.py'?"),
    ],
)
def test_mistakes(folder, recorded, capsys, words, said):
    status, out, err = check(capsys, *words)
    assert (status, out, said in err) == (2, "", True)


def test_the_project_is_found_from_below(folder, recorded, capsys, monkeypatch):
    (folder / "pyproject.toml").write_text(BUDGET)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    recorded(program(folder))
    assert check(capsys)[0] == 1
    assert check(capsys, "--update", "../train.py")[0] == 0
    assert (folder / "lazyimp.lock").is_file() and Path.cwd() == folder / "sub"
    assert 'name = "train.py"' in (folder / "lazyimp.lock").read_text()


def test_annotations_name_the_projects_own_line(folder, recorded, capsys):
    recorded(program(folder, pandas=False))
    check(capsys, "--update", "train.py")
    recorded(program(folder))
    out = check(capsys, "--format", "github", "train.py")[1]
    first = out.splitlines()[0]
    assert first.startswith(
        "::error file=mypkg/frames.py,line=2,title=lazyimp LZ403::train.py: new package: pandas"
    )
    assert "%0Atrain.py:3 imports mypkg.data%0A" in first
    assert out.count("\n") == len(out.splitlines())


def test_markdown_and_json(folder, recorded, capsys):
    (folder / "pyproject.toml").write_text(BUDGET)
    recorded(program(folder))
    status, out, _ = check(capsys, "--md")
    assert "| `train.py` | 7 | 6 | over |" in out and "- **LZ402** forbidden: pandas" in out
    status, out, _ = check(capsys, "--json")
    whole = json.loads(out)
    assert (whole["schema"], whole["exit_code"], status) == ("lazyimp-check/1", 1, 1)
    codes = [each["code"] for each in whole["targets"][0]["findings"]]
    assert codes == ["LZ401", "LZ402", "LZ406"]
    assert whole["targets"][0]["findings"][1]["chain"][-1]["module"] == "pandas"


def test_text_fits_into_80_columns(folder, recorded, capsys):
    deep = "a_rather_long_package_name/with_a_long_folder_name/and_a_module_that_is_long_too"
    name = deep.replace("/", ".")
    (folder / "pyproject.toml").write_text(BUDGET)
    recorded(
        program(
            folder,
            extra=[
                ("pandas", f"{folder}/{deep}.py:1200", f"{SITE}/pandas/__init__.py"),
                (name, "x:1", f"{folder}/{deep}.py"),
            ],
        )
    )
    out = check(capsys)[1]
    assert max(map(len, out.splitlines())) <= 80


# -- without a run ---------------------------------------------------------------------------------------

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


def test_targets_of_another_python_are_left_alone(folder):
    key = lockfile.Key("train.py", "2.7", lockfile.here()[1], "eager")
    lockfile.save(folder / "lazyimp.lock", lockfile.Lock().with_entry(lockfile.Entry(key, 1)))
    assert project.find_project(folder).targets() == []
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" == lockfile.here()[0]
