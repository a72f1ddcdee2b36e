"""`lazyimp check`: the lock decides by what was loaded, and says which statements brought it."""

import json
import sys
from pathlib import Path

import checking
import pytest
from checking import BUDGET, SITE, check, program
from small_records import Small

from lazyimp.gate import lockfile, project
from lazyimp.gate.loaded import loaded_by
from lazyimp.record import read_record

folder, recorded = checking.folder, checking.recorded


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


def test_targets_of_another_python_are_left_alone(folder):
    key = lockfile.Key("train.py", "2.7", lockfile.here()[1], "eager")
    lockfile.save(folder / "lazyimp.lock", lockfile.Lock().with_entry(lockfile.Entry(key, 1)))
    assert project.find_project(folder).targets() == []
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" == lockfile.here()[0]
