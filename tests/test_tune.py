"""`lazyimp tune`: the imports that a program never needs before its first batch become its profile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from run import clean_environment
from tunable import big_program, install

from lazyimp import _profile

NATIVE = sys.version_info >= (3, 15)  # the interpreter defers no `from` inside try
COUNTER = """
import os, sys
def show():
    if os.environ.get("SHOW"):
        print(len([name for name in sys.modules if name.startswith("dist")]))
"""


def environment(tmp_path, **more):
    return {**clean_environment(), "PYTHONPATH": str(tmp_path / "site-packages"), **more}


@pytest.fixture
def tune(tmp_path):
    """Run `lazyimp tune --json` in the test's folder; gives what it printed, read."""

    def run(*options, command=("main.py",), check=True):
        done = subprocess.run(
            [sys.executable, "-m", "lazyimp", "tune", "--json", *options, *command],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if not check:
            return done
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def start(tmp_path, *options):
    """The program as users start it."""
    words = [sys.executable, *options, "main.py"]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def plain(tmp_path, effects=(), count=12):
    """A program over one distribution whose parts are imported inside try, some of them for their effect.

    Each part is a top-level module, imported as a whole: every core can defer that.
    """
    site = tmp_path / "site-packages"
    install(site, "registry", {"registry.py": "names = []\n"})
    package = "value = 1\n"
    files = {}
    for number in range(count):
        package += f"try:\n    import part{number}\nexcept ImportError:\n    part{number} = None\n"
        package += f"def use{number}(): return part{number}\n"
        text = f"import registry\nregistry.names.append({number})\n" if number in effects else ""
        files[f"part{number}.py"] = text
    install(site, "pkg", {"pkg/__init__.py": package, **files})
    script = tmp_path / "main.py"
    script.write_text("import pkg, registry\nprint(pkg.value, registry.names)\n")
    return script


@pytest.mark.skipif(NATIVE, reason="core native leaves a from inside try to the interpreter")
def test_where_nothing_breaks_few_runs_do(tmp_path, tune, monkeypatch):
    script = big_program(tmp_path, 300, 10)
    install(tmp_path / "site-packages", "counter", {"counter.py": COUNTER})
    script.write_text(script.read_text() + "import counter; counter.show()\n")
    found = tune()
    assert found["runs"] < 25 and found["complete"] and not found["not_deferred"]
    assert found["deferred"] == [f"dist{number} -> dist{number}.m0: value" for number in range(3)]
    monkeypatch.setenv("SHOW", "1")
    for option, count in (("lazyimp=0", 310), ("lazyimp=deep", 93), ("lazyimp", 3)):
        assert start(tmp_path, "-X", option).stdout == f"total 3 missing\n{count}\n"


@pytest.mark.skipif(NATIVE, reason="core native leaves a from inside try to the interpreter")
@pytest.mark.parametrize("registering", [[(0, 25)], [(0, 0), (1, 3), (2, 20)]])
def test_where_something_breaks_it_is_found(tmp_path, tune, registering):
    big_program(tmp_path, 300, 10, registering)
    found = tune()
    assert found["runs"] < 60
    # what is imported inside try is settled there, so the first statement of the chain settles all of it
    kept = {each.partition(".")[0].partition(" ")[0] for each in found["not_deferred"]}
    assert kept == {f"dist{where}" for where, _ in registering}
    others = [
        each for each in found["deferred"] if each.startswith(tuple({"dist0", "dist1", "dist2"} - kept))
    ]
    assert len(found["not_deferred"]) < 30 and len(others) >= 3 - len(kept)
    eager, tuned = start(tmp_path), start(tmp_path, "-X", "lazyimp")
    assert (tuned.stdout, tuned.stderr) == (eager.stdout, eager.stderr) == ("total 3 missing\n", "")


def test_what_is_there_for_its_effect_stays(tmp_path, tune):
    plain(tmp_path, effects=[7])
    found = tune("--rounds", "1")
    assert found["runs"] < 25
    assert found["not_deferred"] == ["pkg -> part7"]
    assert "pkg -> part3" in found["deferred"]
    assert start(tmp_path, "-X", "lazyimp").stdout == "1 [7]\n"


TORCH = {
    "torch/__init__.py": "from torch import used\nfrom torch import spare\nfrom torch import ops\n",
    "torch/used.py": "value = 1\n",
    "torch/spare.py": "".join(f"from torch import spare{number}\n" for number in range(9)),
    **{f"torch/spare{number}.py": "value = 2\n" for number in range(9)},
    "torch/table.py": "rows = []\n",
    "torch/ops.py": "from torch import table\ntable.rows.append('op')\n",
    "torch/_compile.py": "def wrap(fn):\n    import torch._dynamo\n    return torch._dynamo.disable(fn)\n",
    "torch/_dynamo/__init__.py": "from torch._dynamo import heavy\ndef disable(fn, **more): return fn\n",
    "torch/_dynamo/heavy.py": "",
}
TORCH_PROGRAM = """
import torch, torch._compile, sys
from torch import table, used
def mine(): pass
print(used.value, table.rows, torch._compile.wrap(mine) is mine)
if "--show" in sys.argv:
    print(*sorted(name for name in sys.modules if name.startswith("torch.")))
"""


def closed(tmp_path):
    """A program over a distribution whose recipe closes it, and has a stub."""
    install(tmp_path / "site-packages", "torch", TORCH, "2.5.0")
    (tmp_path / "main.py").write_text(TORCH_PROGRAM)


def test_stubs_that_change_nothing_are_in_the_profile(tmp_path, tune):
    closed(tmp_path)
    found = tune("--rounds", "1")
    assert found["stubs"] == ["torch._dynamo"] and found["runs"] < 25
    shown = [
        subprocess.run(
            [sys.executable, "-X", option, "main.py", "--show"],
            cwd=tmp_path,
            env=environment(tmp_path, **more),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for option, more in (
            ("lazyimp=0", {}),
            ("lazyimp=deep", {}),
            ("lazyimp", {"LAZYIMP_STUBS": "0"}),
            ("lazyimp", {}),
        )
    ]
    assert all(lines[0] == "1 ['op'] True" for lines in shown)
    assert [("torch._dynamo.heavy" in lines[1]) for lines in shown] == [True, True, True, False]
    assert tune("--rounds", "1", "--no-stubs")["stubs"] == []


@pytest.mark.skipif(NATIVE, reason="core native reads no code inside closed distributions lazily")
def test_inside_a_closed_distribution_what_only_binds_names_is_opened(tmp_path, tune):
    closed(tmp_path)
    found = tune("--rounds", "1")
    opened, count = found["closed"]["torch"]
    assert 0 < opened < count and not found["not_deferred"]
    assert "torch -> torch: spare" in found["deferred"] and "torch -> torch: ops" not in found["deferred"]
    assert start(tmp_path, "-X", "lazyimp").stdout == "1 ['op'] True\n"


def test_stubs_of_a_profile_for_other_versions_are_not_used(tmp_path, tune):
    closed(tmp_path)
    tune("--rounds", "1")
    site = tmp_path / "site-packages"
    (site / "torch-2.5.0.dist-info").rename(site / "torch-2.6.0.dist-info")
    script = tmp_path / "main.py"
    script.write_text(script.read_text() + "print('torch._dynamo.heavy' in sys.modules)\n")
    stale = start(tmp_path, "-X", "lazyimp")
    assert "made with torch 2.5.0, found 2.6.0" in stale.stderr
    assert stale.stdout.splitlines()[-1] == "True"


def test_the_profile_says_what_it_saw(tmp_path, tune):
    plain(tmp_path)
    tune("--rounds", "1")
    profile = _profile.read(str(tmp_path / "main.lazyimp.toml"))
    assert profile.versions == {"pkg": "1.0", "registry": "1.0"}
    assert profile.about["program"] == "main.py"
    assert profile.about["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "main.lazyimp.toml",
        "main.py",
        "site-packages",
    ]


def test_after_an_upgrade_it_says_so_and_a_new_tuning_changes_little(tmp_path, tune):
    plain(tmp_path)
    tune("--rounds", "1")
    before = (tmp_path / "main.lazyimp.toml").read_text().splitlines()
    site = tmp_path / "site-packages"
    (site / "pkg-1.0.dist-info").rename(site / "pkg-1.1.dist-info")
    stale = start(tmp_path, "-X", "lazyimp")
    assert stale.stdout == "1 []\n"
    told = "lazyimp: main.lazyimp.toml was made with pkg 1.0, found 1.1; using mode safe"
    assert stale.stderr == f"{told} (lazyimp tune renews it)\n"
    record = site / "pkg-1.1.dist-info" / "RECORD"
    record.write_text(record.read_text().replace("pkg-1.0", "pkg-1.1"))
    tune("--rounds", "1")
    after = (tmp_path / "main.lazyimp.toml").read_text().splitlines()
    assert [new for old, new in zip(before, after, strict=True) if old != new][1:] == ['"pkg" = "1.1"']
    assert start(tmp_path, "-X", "lazyimp").stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_tuning_goes_on_where_it_stopped(tmp_path, tune):
    script = plain(tmp_path, effects=[7])
    slow = "import time; time.sleep(0.15)\n"
    script.write_text(script.read_text() + slow)
    state = tmp_path / "main.lazyimp.tune.json"
    words = [sys.executable, "-m", "lazyimp", "tune", "main.py"]
    first = subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if state.exists() and len(json.loads(state.read_text())["results"]) >= 5:
            break
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / "main.lazyimp.toml").exists()
    found = tune("--rounds", "1")
    assert found["resumed"] >= 5 and found["not_deferred"] == ["pkg -> part7"]
    assert not state.exists()


def test_results_about_a_changed_program_do_not_count(tmp_path, tune):
    script = plain(tmp_path)
    state = tmp_path / "main.lazyimp.tune.json"
    assert tune("--runs", "1", "--rounds", "1")["resumed"] == 0
    old = {"format": 1, "key": {}, "sources": {}, "versions": {}, "results": {"x.1": {}}}
    old = {"format": 1, "key": {}, "sources": {}, "versions": {}, "results": {"x.1": {}}}
    state.write_text(json.dumps(old))
    script.write_text(script.read_text() + "# edited\n")
    assert tune("--rounds", "1")["resumed"] == 0


def test_a_program_that_fails_by_itself_is_refused(tmp_path, tune):
    plain(tmp_path).write_text("raise SystemExit(3)\n")
    done = tune(check=False)
    assert done.returncode == 1
    assert "lazyimp: the program fails on its own: exit status 3" in done.stderr
    assert not (tmp_path / "main.lazyimp.toml").exists()


def test_a_program_that_tells_nothing_is_refused(tmp_path, tune):
    plain(tmp_path).write_text("import os, pkg\nos._exit(0)\n")
    done = tune(check=False)
    assert done.returncode == 1 and "lazyimp: the program told nothing about itself" in done.stderr


def test_code_without_a_file_has_no_place_for_a_profile(tmp_path, tune):
    done = tune(check=False, command=("-c", "pass"))
    assert done.returncode == 2 and "name one with -o FILE" in done.stderr


def test_it_says_how_the_profile_is_used(tmp_path):
    (tmp_path / "main.py").write_text("print(1)\n")

    def said(*words):
        command = [sys.executable, "-m", "lazyimp", "tune", "--rounds", "0", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True
        ).stdout

    told = "  in use from now on: lazyimp run main.py, or python -X lazyimp\n"
    assert said("main.py", "--epochs", "1").endswith(told)
    assert "LAZYIMP_PROFILE='a b.toml' lazyimp run main.py" in said("-o", "a b.toml", "main.py")


def test_an_edited_profile_is_kept(tmp_path, tune):
    plain(tmp_path)
    path = tmp_path / "main.lazyimp.toml"
    path.write_text('[profile]\nformat = "1"\n')
    done = tune(check=False)
    assert done.returncode == 1 and "edited by hand; --force writes over it" in done.stderr
    assert "run 1" not in done.stderr
    tune("--force", "--rounds", "1")


def test_a_module_is_tuned_too(tmp_path, tune):
    plain(tmp_path).rename(tmp_path / "job.py")
    found = tune("--rounds", "1", command=("-m", "job"))
    assert (tmp_path / "job.lazyimp.toml").exists() and found["runs"] < 25


def test_own_code_that_does_something_is_left_alone(tmp_path, tune):
    plain(tmp_path).write_text("import pkg, mine\nprint(pkg.value)\n")
    (tmp_path / "mine.py").write_text("print('hello')\n")
    found = tune("--rounds", "1")
    assert not any("mine" in each for each in [*found["deferred"], *found["not_deferred"]])
    assert start(tmp_path, "-X", "lazyimp").stdout == "hello\n1\n"


def test_output_that_varies_by_itself_proves_nothing(tmp_path, tune):
    script = plain(tmp_path)
    counted = "import pathlib\nfile = pathlib.Path('count')\n"
    counted += "file.write_text((file.read_text() if file.exists() else '') + 'run ' + 'x' * 9 + '\\n')\n"
    script.write_text(counted + script.read_text() + "print(file.read_text())\n")
    found = tune("--rounds", "1")
    assert found["runs"] < 25 and found["complete"] and "pkg -> part3" in found["deferred"]
    head = (tmp_path / "main.lazyimp.toml").read_text()
    assert "# Differs between runs without lazyimp, too, and was not compared: stdout\n" in head


def test_what_a_distribution_carries_inside_is_part_of_it(tmp_path):
    """pip and bleach carry others with their metadata; who looks from outside finds no such distribution."""
    from lazyimp.tuning.installed import versions_of

    record = {
        "holder-1.0.dist-info": "holder/__init__.py,,\nholder/_vendor/inner/__init__.py,,\n",
        "holder/_vendor/inner-2.0.dist-info": "inner/__init__.py,,\n",
    }
    for folder, text in record.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "RECORD").write_text(text)
    files = ("holder/__init__.py", "holder/_vendor/inner/__init__.py")
    assert versions_of(str(tmp_path / file) for file in files) == {"holder": "1.0"}
