"""The built wheel, regular and editable: its files, its start-up line, its version and the public names."""

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lazyimp
from lazyimp import _pth

ROOT = Path(__file__).resolve().parent.parent
HAS_SOURCES = (ROOT / "lazyimp" / "_pth.py").is_file() and list((ROOT / "lazyimp_c").glob("*.pyx"))
from_sources = pytest.mark.skipif(not HAS_SOURCES, reason="the tests run beside no source tree")


def build(kind, folder, **environment):
    """Build a wheel of `kind` through the project's own backend; returns its path."""
    pytest.importorskip("Cython")
    code = (
        "import sys, warnings; warnings.simplefilter('ignore');"
        "sys.path.insert(0, 'build_backend'); import backend;"
        f"print(backend.build_{kind}({str(folder)!r}))"
    )
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def pure_wheel(tmp_path_factory):
    """A wheel without the extension: quick to build, and it shows all of the Python side."""
    return build("wheel", tmp_path_factory.mktemp("wheel"), LAZYIMP_NO_EXTENSION="1")


@pytest.fixture(scope="module")
def editable_wheel(tmp_path_factory):
    """An editable wheel without the extension."""
    return build("editable", tmp_path_factory.mktemp("editable"), LAZYIMP_NO_EXTENSION="1")


def check_record(wheel):
    """Every file of the wheel is in RECORD, once, with its hash and size."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        record = next(name for name in names if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
        assert sorted(row[0] for row in rows) == sorted(names)
        for name, digest, size in rows:
            if name == record:
                continue
            data = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={expected}", len(data)), name


@from_sources
@pytest.mark.slow
def test_wheel_holds_the_package_and_the_startup_file_at_its_root(pure_wheel):
    check_record(pure_wheel)
    with zipfile.ZipFile(pure_wheel) as archive:
        assert archive.read(_pth.FILE) == _pth.content()
        names = archive.namelist()
    in_package = {name for name in names if name.startswith("lazyimp/") and name.endswith(".py")}
    assert in_package == {path.relative_to(ROOT).as_posix() for path in (ROOT / "lazyimp").rglob("*.py")}
    page = (ROOT / "lazyimp" / "reports" / "html" / "page").iterdir()
    assert {path.relative_to(ROOT).as_posix() for path in page} <= set(names)
    strange = [
        n
        for n in names
        if not n.startswith(("lazyimp/", "lazyimp_c-stubs/", "lazyimp_runtime-")) and n != _pth.FILE
    ]
    assert strange == []
    assert not [name for name in names if name.endswith((".c", ".pyx", ".h", ".start"))]


@from_sources
@pytest.mark.slow
def test_editable_wheel_has_the_startup_file_too(editable_wheel):
    check_record(editable_wheel)
    with zipfile.ZipFile(editable_wheel) as archive:
        assert archive.read(_pth.FILE) == _pth.content()
        paths = [name for name in archive.namelist() if name.endswith(".pth") and name != _pth.FILE]
        assert len(paths) == 1 and paths[0] < _pth.FILE  # site reads them in this order
        assert not archive.read(paths[0]).startswith(b"import")  # a plain path: no finder at start-up


@from_sources
@pytest.mark.slow
def test_metadata(pure_wheel):
    with zipfile.ZipFile(pure_wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    assert "Name: lazyimp-runtime\n" in metadata
    assert f"Version: {lazyimp.__version__}\n" in metadata
    assert re.search(r"Requires-Python: (>=3\.10,<3\.16|<3\.16,>=3\.10)\n", metadata)
    assert "License-Expression: MIT\n" in metadata


def test_startup_line_is_one_import_line():
    content = _pth.content().decode("ascii")
    assert content.startswith("import ") and content.count("\n") == 1


def test_startup_line_never_raises():
    """Also where the package is gone and the line stayed behind, and where -X or the environment are odd."""
    line = _pth.LINE.replace("lazyimp._startup", "lazyimp_that_is_gone")
    code = f"exec({line!r})\nprint('fine')"
    done = subprocess.run(
        [sys.executable, "-I", "-X", "lazyimp=0", "-c", code], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)
    code = f"import sys; sys._xoptions['lazyimp'] = True; exec({line!r})\nprint('fine')"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


def test_public_names():
    assert lazyimp.__all__ == [
        "LazyimpError",
        "__version__",
        "disable",
        "enable",
        "first_batch",
        "lazy",
        "manifest",
        "mark",
        "phase",
        "status",
    ]
    assert set(lazyimp.__all__) <= set(dir(lazyimp))
    for name in lazyimp.__all__:
        assert getattr(lazyimp, name) is not None
    with pytest.raises(AttributeError, match="module 'lazyimp' has no attribute 'enabel'"):
        lazyimp.enabel


def test_public_names_have_docstrings():
    for name in ("disable", "enable", "first_batch", "lazy", "mark", "phase", "status", "LazyimpError"):
        first = getattr(lazyimp, name).__doc__.strip().splitlines()[0]
        assert first.endswith((".", ";", ":")), first


def test_unsupported_interpreters_fail_the_build_in_plain_words():
    if not (ROOT / "setup.py").is_file():
        pytest.skip("the tests run beside no source tree")
    code = (
        "import sys, collections; V = collections.namedtuple('V', 'major minor micro releaselevel serial');"
        "exec(open('setup.py').read().split('if os.environ')[0]);"
        "sys.version_info = V(3, 16, 0, 'final', 0); print(refusal());"
        "sys.version_info = V(3, 14, 0, 'final', 0);"
        "sys.version = '3.14.0 free-threading build'; print(refusal())"
    )
    pytest.importorskip("setuptools")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    new, free = done.stdout.splitlines()
    assert "3.10 to 3.15, and this is 3.16.0; set LAZYIMP_NO_EXTENSION=1" in new
    assert "does not support free-threaded CPython" in free
