"""Every module belongs to one unit: the standard library, a distribution, or the user's own code."""

import importlib.util
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lazyimp._units import DIST, OWN, STDLIB, Units


def add(folder: Path, *names: str) -> None:
    """Make empty files; a name that ends in a slash is a package."""
    for name in names:
        path = folder / (name + "__init__.py" if name.endswith("/") else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site directory of our own, first on sys.path."""
    folder = tmp_path / "env" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.path_importer_cache.pop(str(folder), None)


def test_a_file_tells_the_unit_of_its_module() -> None:
    units = Units()
    assert units.of_module("json.decoder", json.decoder.__file__) == (STDLIB, STDLIB, "json.decoder")
    assert units.of_module("torch.nn", "/v/site-packages/torch/nn/__init__.py") == (DIST, "torch", "torch.nn")
    assert units.of_module("apt", "/usr/lib/python3/dist-packages/apt/__init__.py")[:2] == (DIST, "apt")
    assert units.of_module("model", "/home/me/train/model.py")[0] == OWN
    assert units.of_module("__main__", "/home/me/train.py")[0] == OWN


def test_code_without_a_file_is_own_unless_frozen() -> None:
    units = Units()
    assert units.of_module("__main__", None)[0] == OWN
    assert units.of_module("__main__", "<stdin>")[0] == OWN
    assert units.of_module("json", "<string>")[0] == OWN
    assert units.of_module("os", "<frozen os>")[0] == STDLIB
    assert units.of_module("zipimport", None)[0] == STDLIB


def test_main_of_a_distribution_is_that_distribution() -> None:
    units = Units()
    known = units.of_module("__main__", "/v/site-packages/mlflow/__main__.py")
    assert known == (DIST, "mlflow", "mlflow.__main__")
    timeit = os.path.join(os.path.dirname(os.__file__), "timeit.py")
    assert units.of_module("__main__", timeit) == (STDLIB, STDLIB, "timeit")


def test_an_environment_inside_the_project_is_no_own_code() -> None:
    file = "/home/me/train/.venv/lib/python3.12/site-packages/numpy/__init__.py"
    assert Units().of_module("numpy", file)[0] == DIST


def test_a_folder_with_metadata_holds_distributions(tmp_path: Path) -> None:
    """`pip install --target` and unpacked wheels."""
    add(tmp_path, "lib/six.py", "lib/yaml/", "lib/PyYAML-6.0.dist-info/RECORD", "src/model.py")
    units = Units()
    assert units.of_module("yaml.nodes", str(tmp_path / "lib/yaml/nodes.py"))[:2] == (DIST, "yaml")
    assert units.of_module("yaml", str(tmp_path / "lib/yaml/__init__.py"))[:2] == (DIST, "yaml")
    assert units.of_module("model", str(tmp_path / "src/model.py"))[0] == OWN


def test_the_programs_own_folder_is_own_even_with_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path, "handler.py", "boto3-1.0.dist-info/RECORD")
    monkeypatch.chdir(tmp_path)
    assert Units().of_module("handler", str(tmp_path / "handler.py"))[0] == OWN


@pytest.mark.parametrize("top", ["sys", "csv", "json", "_json", "decimal", "os"])
def test_standard_targets_are_found(top: str) -> None:
    assert Units().of_top(top) == (STDLIB, True)


def test_targets_are_found_without_importing_them(site: Path) -> None:
    suffix = __import__("_imp").extension_suffixes()[0]
    add(site, "lzpkg/", "lzmod.py", f"lzext{suffix}", "lznamespace/part.py", "lzplain")
    units = Units()
    for top in ("lzpkg", "lzmod", "lzext", "lznamespace"):
        assert units.of_top(top) == (DIST, True), top
        assert top not in sys.modules
    assert units.of_top("lzplain") == (None, False)


def test_a_name_that_appears_later_is_found_then(site: Path) -> None:
    units = Units()
    assert units.of_top("lzlate") == (None, False)
    add(site, "lzlate.py")
    os.utime(site, (1, 1))  # two changes in one tick of the file system's clock look like none
    assert units.of_top("lzlate") == (DIST, True)


def test_the_first_folder_on_the_path_decides(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(site, "csv.py", "lzshadow.py")
    add(tmp_path, "project/lzshadow.py")
    monkeypatch.syspath_prepend(str(tmp_path / "project"))
    units = Units()
    monkeypatch.delitem(sys.modules, "csv", raising=False)
    assert units.of_top("csv")[0] == DIST
    assert units.of_top("lzshadow")[0] == OWN


def test_the_empty_entry_is_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path, "lzhere.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert Units().of_top("lzhere") == (OWN, True)


def test_a_finder_that_refuses_a_name_is_heard(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, "lzfree.py", "lzblocked.py")
    asked = []

    class Refusing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            asked.append(name)
            if name in ("lzblocked", "lzelsewhere"):
                raise ImportError(name)

    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    units = Units()
    assert units.of_top("lzfree") == (DIST, True)
    assert units.of_top("lzblocked") == (DIST, True), "it refuses when the module is looked for, not before"
    assert asked == [], "what the path has is not asked for twice"
    assert units.of_top("lzelsewhere") == (None, False)
    assert asked == ["lzelsewhere"]


def test_loaded_modules_are_known_by_their_file(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("lzmade")
    monkeypatch.setitem(sys.modules, "lzmade", made)
    assert Units().of_top("lzmade") == (OWN, False), "made by hand: it may be gone again"
    made.__file__ = "/v/site-packages/lzmade.py"
    assert Units().of_top("lzmade") == (DIST, True)
    monkeypatch.setitem(sys.modules, "lzmade", None)
    assert Units().of_top("lzmade") == (None, False), "blocked"


@pytest.mark.parametrize("record", [True, False])
def test_metadata_joins_the_names_of_one_distribution(site: Path, record: bool) -> None:
    add(site, "lzone/", "lztwo/", "lzthree.py", "lzother/")
    info = site / "LzOne-1.0.dist-info"
    info.mkdir()
    if record:
        files = [
            "../../../bin/lzone",
            "LzOne-1.0.dist-info/RECORD",
            "lzone/__init__.py",
            "lztwo/x.py",
            "lzthree.py",
        ]
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files), encoding="utf-8")
    else:
        (info / "top_level.txt").write_text("lzone\nlztwo\r\nlzthree\n", encoding="utf-8")
    units = Units()
    for top in ("lzone", "lztwo", "lzthree", "lzother"):
        assert units.of_top(top) == (DIST, True)
    assert units.same("lzone", "lztwo")
    assert units.same("lztwo", "lzone"), "by the target's metadata where the importer has none by its name"
    assert units.same("lzone", "lzthree")
    assert not units.same("lzone", "lzother")
    assert not units.same("lzother", "lzone")


def test_well_known_and_private_names_need_no_metadata() -> None:
    units = Units()
    assert units.same("torch", "torchgen")
    assert units.same("pytest", "_pytest")
    assert units.same("jax", "jaxlib")
    assert units.same("numpy", "_numpy_private")
    assert not units.same("torch", "numpy")


def test_the_standard_librarys_names_but_for_what_the_program_has(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`site` comes after the standard library, the program's folder before it."""
    add(tmp_path, "project/calendar.py", "project/token/", "project/model.py", "late/code.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "project"), *sys.path])
    units = Units()
    names = units.standard()
    assert units.standard() is names
    assert {"json", "csv", "sys"} <= names
    assert [name for name in names if importlib.util.find_spec(name) is None] == [], "of other systems"
    assert names.isdisjoint(("calendar", "token", "model"))
    sys.path.insert(0, str(tmp_path / "late"))
    assert "code" in names
    assert "code" not in units.standard()


def test_the_standard_librarys_names_where_a_finder_has_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("calendar.py", "")
    monkeypatch.setattr(sys, "path", [str(archive), *sys.path])
    assert Units().standard() == frozenset()
