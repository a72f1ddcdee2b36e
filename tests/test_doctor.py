"""`lazyimp doctor`: each check tells what is wrong where it is wrong, and the child that is asked to defer does."""

import importlib.util
import json
import os
import py_compile
import sys
from pathlib import Path

import pytest

from lazyimp import _pth
from lazyimp.doctor import hooks, itself, machine, project, startup_files, storage
from lazyimp.doctor.values import BAD, GOOD, NOTE, shown


@pytest.fixture
def doctor(run_python):
    """`lazyimp doctor ...` in the test's folder."""

    def run(*words, options=(), **more):
        return run_python(*options, "-m", "lazyimp", "doctor", *words, check=False, **more)

    return run


@pytest.fixture
def site(tmp_path):
    """A folder as `site` reads it."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


# -- the command -----------------------------------------------------------------------------------------


def test_this_environment_is_well(doctor):
    done = doctor("--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["exit_code"], done.stderr) == (0, 0, "")
    found = {each["name"]: each["status"] for each in facts["checks"]}
    assert found["python"] == found["extension"] == found["deferring"] == found["start-up file"] == GOOD
    assert BAD not in found.values()


def test_text_and_bug_report(doctor):
    text = doctor().stdout
    assert max(map(len, text.splitlines())) <= 80 or "/" in max(text.splitlines(), key=len)
    assert "✓ python" in text and "\x1b" not in text
    report = doctor("--bug-report").stdout
    assert report.startswith("```text\nlazyimp ") and report.endswith("```\n")
    assert report.isascii() or os.path.expanduser("~") not in report
    assert "+ python" in doctor(env={"PYTHONIOENCODING": "ascii"}).stdout


def test_without_start_up_files_status_is_1_and_the_way_out_is_named(doctor):
    home = Path(itself.__file__).parent.parent.parent
    done = doctor(options=("-S",), env={"PYTHONPATH": str(home)})
    assert done.returncode == 1
    assert "-S: the interpreter reads no start-up files" in done.stdout
    assert "start programs with `lazyimp run`" in done.stdout
    assert "lazyimp explain LZ106" in done.stdout


def test_a_faulty_configuration_is_a_fault(doctor, write):
    write({"pyproject.toml": "[tool.lazyimp]\nmoed = 'deep'\n"})
    done = doctor("--json")
    (check,) = [each for each in json.loads(done.stdout)["checks"] if each["name"] == "configuration"]
    assert (done.returncode, check["status"], check["code"]) == (1, BAD, "LZ103")
    assert "did you mean 'mode'?" in check["evidence"]


# -- lazyimp itself --------------------------------------------------------------------------------------


def test_start_up_file_missing_outdated_and_double(site, tmp_path):
    assert itself.startup_file([str(site)]).status == BAD
    (site / _pth.FILE).write_bytes(b"import sys\n")
    assert "another version" in itself.startup_file([str(site)]).evidence
    (site / _pth.FILE).write_bytes(_pth.content())
    assert itself.startup_file([str(site)]).status == GOOD
    (tmp_path / _pth.FILE).write_bytes(_pth.content())
    assert "several" in itself.startup_file([str(site), str(tmp_path)]).evidence


def test_the_probe_sees_a_child_that_does_not_defer(monkeypatch):
    monkeypatch.setitem(
        itself.PROBE, "main", itself.PROBE["main"].replace("before = ", "lazyimp_probe_a; before = ")
    )
    found = itself.deferring("")
    assert (found.status, found.code) == (BAD, "LZ108")
    monkeypatch.setitem(itself.PROBE, "main", "raise SystemExit('no')\n")
    assert "failed: no" in itself.deferring("").evidence


# -- start-up files --------------------------------------------------------------------------------------


def test_start_up_files_are_timed_one_by_one(site):
    (site / "quick.pth").write_text("import sys\n")
    (site / "path.pth").write_text(f"{site}\n# import nothing\n")
    (site / "work.pth").write_text("import slow_start\n")
    (site / "slow_start.py").write_text("for _ in range(3_000_000): pass\n")
    found = startup_files.startup_files([str(site)], repeat=1)
    assert list(found.facts["ms"]) == ["work.pth", "quick.pth"]
    assert found.status == NOTE and found.evidence.startswith("work.pth ")


def test_start_files_count_from_315_on(site):
    (site / "work.start").write_text("start_here:go\n")
    (site / "work.pth").write_text("import nothing_of_the_kind\n")
    (site / "start_here.py").write_text("def go(): pass\n")
    found = startup_files.startup_files([str(site)], repeat=1)
    assert list(found.facts["ms"]) == (["work.start"] if sys.version_info >= (3, 15) else ["work.pth"])
    assert ("fails" in found.evidence) is (sys.version_info < (3, 15))


def test_what_times_come_to():
    assert startup_files.judged({}, {}).evidence == "none runs code"
    assert startup_files.judged({"a.pth": 0.5}, {}).status == GOOD
    assert startup_files.judged({"a.pth": 9.0, "b.pth": 0.1}, {}).fix.startswith(
        "uninstall what you do not need of a.pth;"
    )
    assert startup_files.judged({f"{n}.pth": 4.0 for n in range(6)}, {}).status == NOTE


# -- hooks -----------------------------------------------------------------------------------------------

FACTS = {
    "finders": ["_frozen_importlib.BuiltinImporter", "_frozen_importlib_external.PathFinder"],
    "path_hooks": ["zipimport.zipimporter"],
    "import": "builtins.__import__",
    "tracer": "",
    "profiler": "",
    "monitors": [],
    "customize": [],
    "path": ["/a"],
}


def test_hooks_are_told_with_whose_they_are():
    assert hooks.hooks(FACTS, "").status == GOOD
    beartype = hooks.hooks({**FACTS, "path_hooks": ["beartype.claw._importlib.X"]}, "")
    assert (beartype.status, beartype.evidence) == (
        GOOD,
        "beartype.claw: checks types in modules, when they load",
    )
    other = hooks.hooks({**FACTS, "finders": [*FACTS["finders"], "mine.Finder"], "import": "mine.imp"}, "")
    assert (other.status, other.evidence) == (NOTE, "mine.Finder: unknown to us; mine.imp: unknown to us")
    assert hooks.hooks({**FACTS, "monitors": ["debugger"]}, "").evidence == "debugger (sys.monitoring)"
    assert hooks.hooks(None, "no answer").status == NOTE


def test_a_fresh_interpreter_shows_its_hooks(site, monkeypatch):
    (site / "sitecustomize.py").write_text(
        "import sys\nclass Mine:\n    def find_spec(self, *a): return None\nsys.meta_path.append(Mine())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    facts, fault = hooks.look()
    assert fault == "" and "sitecustomize.Mine" in facts["finders"]
    assert "sitecustomize.Mine" in hooks.hooks(facts, "").evidence
    assert "sitecustomize.py" in hooks.customised(facts).evidence


def test_installed_distributions_that_hook(site):
    assert hooks.installed_hooks([str(site)]) is None
    (site / "beartype-0.1.dist-info").mkdir()
    assert hooks.installed_hooks([str(site)]).evidence.startswith("beartype: installed")
    (site / "lazy_imports_lite-1.dist-info").mkdir()
    assert hooks.installed_hooks([str(site)]).status == NOTE


# -- storage ---------------------------------------------------------------------------------------------


def test_bytecode_is_valid_missing_or_stale(site):
    source = site / "mod.py"
    source.write_text("x = 1\n")
    assert storage.state_of(str(source), source.stat()) == storage.MISSING
    py_compile.compile(str(source), doraise=True)
    assert storage.state_of(str(source), source.stat()) == storage.VALID
    source.write_text("x = 12345\n")
    assert storage.state_of(str(source), source.stat()) == storage.STALE
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), doraise=True, invalidation_mode=unchecked)
    source.write_text("x = 1234567\n")
    assert storage.state_of(str(source), source.stat()) == storage.VALID
    Path(importlib.util.cache_from_source(str(source))).write_bytes(b"short")
    assert storage.state_of(str(source), source.stat()) == storage.STALE


def test_bytecode_of_folders(site, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for number in range(30):
        (site / f"mod{number}.py").write_text("x = 1\n")
    found = storage.bytecode([str(site)])
    assert found.facts == {"valid": 0, "missing": 30, "stale": 0}
    if not sys.flags.dont_write_bytecode:
        assert found.status == NOTE and "compileall" in found.fix
    monkeypatch.setattr(storage, "_is_writable", lambda path: False)
    if not sys.flags.dont_write_bytecode:
        assert "cannot be written" in storage.bytecode([str(site)]).evidence


def test_network_file_systems_are_noted(tmp_path):
    table = tmp_path / "mounts"
    table.write_text(
        "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw\n"
        f"2 1 0:1 / {tmp_path}/cluster rw - nfs4 server:/x rw\n"
        f"3 1 0:1 / {tmp_path}/with\\040space rw - overlay overlay rw\n"
    )
    found = storage.file_systems([f"{tmp_path}/cluster/lib"], str(table))
    assert (found.status, "is on nfs4" in found.evidence) == (NOTE, True)
    assert "overlay" in storage.file_systems([f"{tmp_path}/with space/lib"], str(table)).evidence
    assert storage.file_systems([f"{tmp_path}/clusters"], str(table)).evidence == "ext4"
    assert storage.file_systems(["/"], str(tmp_path / "none")) is None


def test_search_path(tmp_path):
    assert storage.search_path([str(tmp_path)]).status == GOOD
    assert "not there" in storage.search_path([str(tmp_path), str(tmp_path / "gone")]).evidence
    assert "twice" in storage.search_path([str(tmp_path), str(tmp_path)]).evidence
    assert storage.search_path([str(tmp_path / str(n)) for n in range(20)]).evidence.startswith(
        "20 entries: each"
    )


# -- machine and project ---------------------------------------------------------------------------------


def test_page_cache(tmp_path):
    meminfo, group = tmp_path / "meminfo", tmp_path / "group"
    group.mkdir()
    assert machine.page_cache(str(meminfo), str(group)) is None
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable: 8388608 kB\n")
    assert machine.page_cache(str(meminfo), str(group)).evidence == "8.0 GiB can hold files"
    (group / "memory.max").write_text("1073741824\n")
    (group / "memory.current").write_text("1073741824\n")
    (group / "memory.stat").write_text("anon 5\nactive_file 104857600\ninactive_file 0\n")
    found = machine.page_cache(str(meminfo), str(group))
    assert (found.status, found.facts["bytes"]) == (NOTE, 104857600)
    (group / "memory.max").write_text("max\n")
    assert machine.page_cache(str(meminfo), str(group)).status == GOOD


def test_two_frameworks(site):
    assert project.frameworks([str(site)]) is None
    (site / "torch-2.9.dist-info").mkdir()
    (site / "tensorflow_cpu-2.20.dist-info").mkdir()
    assert "torch 2.9 and tensorflow_cpu 2.20" in project.frameworks([str(site)]).evidence


def test_stale_profiles(tmp_path):
    assert project.tuned(str(tmp_path), "c") is None
    (tmp_path / "train.lazyimp.toml").write_text('[profile]\nformat = "1"\n')
    assert project.tuned(str(tmp_path), "c").status == GOOD
    (tmp_path / "train.lazyimp.toml").write_text('[profile]\nformat = "1"\ncore = "other"\n')
    found = project.tuned(str(tmp_path), "c")
    assert (found.status, found.fix, found.code) == (NOTE, "lazyimp tune train.py", "LZ104")


def test_recipes_for_other_versions():
    found = project.recipes_check(project.Coverage(True, 62, ("numpy",), ("torch: version 9 is installed",)))
    assert (found.status, "torch: version 9" in found.evidence) == (NOTE, True)
    assert project.recipes_check(project.Coverage(False)).code == "LZ109"


def test_paths_are_shown_without_the_home_folder():
    home = os.path.expanduser("~")
    assert shown(os.path.join(home, "x"), folder="/else") == os.path.join("~", "x")
    assert shown("/else/x", folder="/else") == os.path.join(".", "x")
    assert shown("/elsewhere/x", folder="/else") == "/elsewhere/x"
