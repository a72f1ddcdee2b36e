"""Cases of what a run shows: real programs, recorded in fresh processes, lazy and eager."""

import subprocess
import sys
from pathlib import Path

import pytest
from installed import found, install, manifest_of
from run import clean_environment

from lazyimp.record import read_record


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return folder


@pytest.fixture(params=["off", "all"], ids=["eager", "lazy"])
def run(request, tmp_path, write, run_python):
    """Run main.py among files, recorded; the manifest of what was written."""

    def go(files, check=True, **options):
        write(files)
        settings = {
            "LAZYIMP": request.param,
            "LAZYIMP_RECORD": str(tmp_path / "run.jsonl"),
            "LAZYIMP_RECORD_FILES": "1",
        }
        run_python(tmp_path / "main.py", env=settings, check=check)
        return manifest_of(read_record(str(tmp_path / "run.jsonl")), **options)

    return go


def local(manifest):
    """The names of the files that travel."""
    return {file.name for part in manifest.local for file in part.files}


def test_a_module_of_constants(run, site):
    """Case 52."""
    manifest = run(
        {
            "main.py": "from settings_only import SETTINGS\nprint(SETTINGS)\n",
            "settings_only.py": "SETTINGS = 1\n",
        }
    )
    assert {"main.py", "settings_only.py"} <= local(manifest)


def test_imported_and_deleted(run, site):
    """Case 53: for its side effect; what it imported counts, too."""
    install(site, "click", "8", {"click/__init__.py": "echo = print\n"})
    files = {
        "main.py": "import sideeffect\ndel sideeffect\n",
        "sideeffect.py": "import click\nclick.echo(1)\n",
    }
    manifest = run(files)
    assert "click" in found(manifest) and "sideeffect.py" in local(manifest)


def test_imported_in_a_function_that_ran(run, site):
    """Case 54."""
    install(site, "tqdm", "4", {"tqdm/__init__.py": "bar = 1\n"})
    assert "tqdm" in found(run({"main.py": "def f():\n    import tqdm\n    return tqdm.bar\nf()\n"}))


def test_imported_in_a_function_that_did_not_run(run, site):
    """Case 55."""
    install(site, "tqdm", "4", {"tqdm/__init__.py": ""})
    code = {"main.py": "def f():\n    import tqdm\n"}
    without = run(code)
    assert not without.requirements and [each.what for each in without.undecided] == ["tqdm"]
    assert found(run(code, static=True))["tqdm"].tags == ("static-only",)


def test_imported_by_name(run, site):
    """Case 56: a module and a package."""
    install(site, "fsspec", "1", {"fsspec/__init__.py": "", "fsspec/local.py": "x = 1\n"})
    install(site, "single", "1", {"single.py": "x = 1\n"})
    code = "import importlib\nfor name in ('single', 'fsspec.local'):\n    importlib.import_module(name).x\n"
    assert {"fsspec", "single"} <= set(found(run({"main.py": code})))


def test_plugins_by_entry_point(run, site):
    """Cases 57, 58: the one that is loaded, not those whose entry points were only read."""
    for name in ("mine", "others"):
        points = {"entry_points.txt": f"[lab]\n{name} = {name}:go\n"}
        install(site, name, "1", {f"{name}.py": "def go(): pass\n"}, extra=points)
    code = """
        from importlib.metadata import entry_points
        for each in entry_points(group="lab"):
            if each.name == "mine":
                each.load()()
    """
    assert set(found(run({"main.py": code}))) & {"mine", "others"} == {"mine"}


def test_optional_imports(run, site):
    """Cases 59, 60: one that was there, one that was not."""
    install(site, "rich", "1", {"rich.py": "x = 1\n"})
    code = """
        try:
            import rich
            rich.x
        except ImportError:
            rich = None
        try:
            import ujson
            ujson.x
        except ImportError:
            ujson = None
    """
    manifest = run({"main.py": code})
    assert "optional" in found(manifest)["rich"].tags
    assert set(found(manifest)) == {"rich"} and not manifest.undecided
    assert not run({"main.py": code}, minimal=True).requirements


def test_data_and_metadata(run, site):
    """Cases 61, 62: files opened, versions asked for, no code loaded."""
    install(site, "zones", "1", {"zones/__init__.py": "", "zones/Europe/Paris": "x"})
    install(site, "probed", "1", ["probed.py"])
    code = f"""
        import importlib.metadata
        open({str(site / "zones/Europe/Paris")!r}).read()
        importlib.metadata.version("probed")
    """
    known = found(run({"main.py": code}))
    assert (known["zones"].tags, known["probed"].tags) == (("data",), ("metadata",))


@pytest.mark.skipif(sys.platform != "linux", reason="mapped libraries are read from /proc")
def test_libraries_that_are_only_mapped(run, site):
    """Case 63: opened by ctypes, never imported."""
    import _ctypes

    install(site, "nvidia-cublas", "1", {"nvidia/lib/libcublas.so.12": ""})
    lib = site / "nvidia" / "lib" / "libcublas.so.12"
    lib.write_bytes(Path(_ctypes.__file__).read_bytes())
    known = found(run({"main.py": f"import ctypes\nctypes.CDLL({str(lib)!r})\n"}))
    assert "library" in known["nvidia-cublas"].tags


def test_children_are_followed(run, site):
    """Case 65: a subprocess, `-m`, and a spawned worker."""
    for name in ("one", "two", "three"):
        install(site, name, "1", {f"{name}.py": "x = 1\n"})
    files = {
        "main.py": """
            import multiprocessing, subprocess, sys
            def work():
                import three
                three.x
            if __name__ == "__main__":
                subprocess.run([sys.executable, "-c", "import one; one.x"], check=True)
                subprocess.run([sys.executable, "-m", "child"], check=True)
                process = multiprocessing.get_context("spawn").Process(target=work)
                process.start()
                process.join()
        """,
        "child.py": "import two\ntwo.x\n",
    }
    manifest = run(files)
    assert {"one", "two", "three"} <= set(found(manifest)) and "child.py" in local(manifest)


@pytest.mark.parametrize(
    "end", ["import os; os._exit(3)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
)
def test_a_run_that_is_cut_short(run, site, tmp_path, end):
    """Case 66: what is known is told, and that it is not all; the command's status is not 0."""
    install(site, "early", "1", {"early.py": "x = 1\n"})
    # a fork writes down what was seen so far, as does time
    fork = "import os\npid = os.fork()\nif not pid:\n    os._exit(0)\nos.waitpid(pid, 0)\n"
    manifest = run({"main.py": f"import early\nearly.x\n{fork}{end}\n"}, check=False)
    assert "early" in found(manifest)
    assert not manifest.complete
    words = [sys.executable, "-m", "lazyimp", "manifest", str(tmp_path / "run.jsonl")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=clean_environment())
    assert done.returncode == 1 and "did not end by itself" in done.stderr + done.stdout


def test_a_run_that_an_exception_ended(run, site, tmp_path):
    """Case 66: it got to its end, but not to all that it imports."""
    install(site, "early", "1", {"early.py": "x = 1\n"})
    manifest = run({"main.py": "import early\nearly.x\nimport gone\nimport later\n"}, check=False)
    assert "early" in found(manifest) and not manifest.complete
    assert manifest.notes == ("the program was ended by ModuleNotFoundError",)
    words = [sys.executable, "-m", "lazyimp", "manifest", str(tmp_path / "run.jsonl")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=clean_environment())
    assert done.returncode == 1 and "ended by ModuleNotFoundError" in done.stdout


def test_a_child_that_an_exception_ended(run):
    """Its parent may know what to make of it, and a status is no exception."""
    child = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import gone'])\nsys.exit(3)\n"
    manifest = run({"main.py": child}, check=False)
    assert manifest.complete and not manifest.notes


def test_our_own_and_start_up_are_not_counted(run, site):
    """Case 67: but what the program imports itself is, also where we use it, too."""
    install(site, "PyYAML", "6", {"yaml/__init__.py": "x = 1\n"})
    manifest = run({"main.py": "import yaml, json\nyaml.x, json.dumps\n"})
    assert set(found(manifest)) == {"pyyaml"}
    assert not any("lazyimp" in name for name in local(manifest))


LAZY = {
    "lazy_loader": """
        import importlib
        def __getattr__(name):
            return importlib.import_module("big.inner").x
    """,
    "LazyLoader": """
        import importlib.util, sys
        spec = importlib.util.find_spec("heavy")
        spec.loader = importlib.util.LazyLoader(spec.loader)
        heavy = importlib.util.module_from_spec(spec)
        sys.modules["heavy"] = heavy
        spec.loader.exec_module(heavy)
    """,
}


@pytest.mark.parametrize("how", LAZY)
def test_lazy_modules_stay_lazy(run, site, tmp_path, how):
    """Case 68: nothing is resolved by looking."""
    mark = tmp_path / "loaded"
    heavy = f"open({str(mark)!r}, 'w').close()\nx = 1\n"
    install(site, "heavy", "1", {"heavy.py": heavy})
    install(site, "big", "1", {"big/__init__.py": "", "big/inner.py": heavy})
    import textwrap

    (site / "big" / "__init__.py").write_text(textwrap.dedent(LAZY[how]))
    manifest = run({"main.py": "import big\nbig.__name__\n"})
    assert "big" in found(manifest) and not mark.exists()


LIARS = """
    import sys, types
    class Raises(types.ModuleType):
        def __getattr__(self, name):
            raise ValueError(name)
    for number, values in enumerate([{"__file__": None}, {"__file__": 7}, {"__spec__": None}, {"__path__": 3}]):
        made = types.ModuleType(f"liar{number}")
        made.__dict__.update(values)
        sys.modules[made.__name__] = made
    sys.modules["nothing"] = None
    sys.modules["raises"] = Raises("raises")
    sys.modules["number"] = 5
    sys.modules["six.moves"] = types.ModuleType("six.moves")
    sys.modules["__mp_main__"] = sys.modules["__main__"]
"""


def test_modules_that_lie(run, site):
    """Case 69: no crash, no attribute read, all of them virtual."""
    manifest = run({"main.py": LIARS})
    assert manifest.complete and not manifest.requirements and local(manifest) == {"main.py"}


def test_all_cases_are_there():
    """Each of the 72 cases of the suite is named by a test of these files."""
    import re

    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_manifest_*.py"))
    lines = re.findall(r"\"\"\"Cases? ([\d, ]+)", text)
    named = {int(number) for line in lines for number in re.findall(r"\d+", line)}
    assert named == set(range(1, 73))
