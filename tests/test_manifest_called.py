"""`lazyimp.manifest(record)`: the module is called, after a plain `import lazyimp` that loads nothing of it."""

import subprocess
import sys

import pytest
from installed import install
from run import clean_environment

import lazyimp


@pytest.fixture
def record(tmp_path, write, run_python):
    """The record of a program that uses one distribution."""
    install(tmp_path / "site-packages", "thing", "1.0", {"thing.py": ""})
    write({"main.py": "import thing\n"})
    path = tmp_path / "run.jsonl"
    run_python(tmp_path / "main.py", env={"LAZYIMP": "off", "LAZYIMP_RECORD": str(path)})
    return path


def run(code, *words, **variables):
    """What some lines print in a fresh interpreter, where the program's distributions are not to be found."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        env={**clean_environment(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_module_is_called_like_of(record):
    called = lazyimp.manifest(record, minimal=True, extra=["thing"])
    assert called == lazyimp.manifest.of(record, minimal=True, extra=["thing"])
    assert lazyimp.manifest(str(record)) == lazyimp.manifest.of(record)
    assert [each.name for each in called.roots()] == ["thing"]
    with pytest.raises(TypeError, match="minmal"):
        lazyimp.manifest(record, minmal=True)


@pytest.mark.parametrize(
    "how", ["import lazyimp", "import lazyimp.manifest", "import lazyimp.manifest.build"]
)
@pytest.mark.parametrize("mode", ["0", "safe", "deep"])
def test_every_import_of_it_can_be_called(record, how, mode):
    code = f"{how}, sys\nprint(*[each.name for each in lazyimp.manifest(sys.argv[1]).requirements])"
    assert run(code, record, LAZYIMP=mode) == ["thing"]


def test_the_name_alone_can_be_imported(record):
    code = "import sys\nfrom lazyimp import manifest\nprint(*[r.name for r in manifest(sys.argv[1]).roots()])"
    assert run(code, record) == ["thing"]


def test_it_is_loaded_when_it_is_asked_for():
    code = (
        "import sys, lazyimp\ndef loaded(): return [n for n in sys.modules if n.startswith('lazyimp.manifest')]"
        "\nprint(loaded())\nlazyimp.manifest\nprint('lazyimp.manifest' in loaded())"
    )
    assert run(code) == ["[]", "True"]


def test_it_stays_a_module():
    assert lazyimp.manifest is sys.modules["lazyimp.manifest"]
    assert repr(lazyimp.manifest).startswith("<module 'lazyimp.manifest' from ")
    assert lazyimp.manifest.KINDS[0] == "stdlib"
