"""Core native looks along sys.path as the interpreter does: same specs, same order, same file system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython, cores

pytestmark = pytest.mark.skipif("native" not in cores(), reason="only core native looks by itself")

Write = Callable[[Mapping[str, str]], Path]

FILES = {
    "one/plain.py": "",
    "one/pack/__init__.py": "",
    "one/pack/low.py": "",
    "one/both.py": "",
    "one/both/__init__.py": "",
    "one/space/a.py": "",
    "two/space/b.py": "",
    "two/plain.py": "",
    "two/later.py": "",
    "two/folder.py/nothing.txt": "",
    "two/über.py": "",
    "two/ns_then_file/x.py": "",
    "one/ns_then_file.py": "",
    "one/file_in_two/x.py": "",
    "two/file_in_two.py": "",
}
COMPARE = """
    import os, sys, zipimport
    from importlib.machinery import PathFinder
    import lazyimp_c

    def told(spec):
        if spec is None:
            return None
        places = spec.submodule_search_locations
        return (spec.name, type(spec.loader).__name__, spec.origin, spec.cached, spec.has_location,
                None if places is None else list(places))

    def both(name, path):
        sides = []
        for on in (True, False):
            lazyimp_c.native_search(on)
            sides.append([told(PathFinder.find_spec(name, path)) for _ in range(2)])
        lazyimp_c.native_search(True)
        assert sides[0] == sides[1], (name, path, sides)
        return sides[0][1]
"""


def test_it_finds_what_the_interpreter_finds(run_python: RunPython, write: Write, tmp_path: Path) -> None:
    """Files, packages, namespaces, what hides what, folders that are none, entries of other kinds."""
    main = (
        COMPARE
        + """
    from pathlib import Path
    here = os.getcwd()
    one, two = f"{here}/one", f"{here}/two"
    names = ["plain", "pack", "pack.low", "both", "space", "later", "folder", "über"]
    names += ["ns_then_file", "file_in_two", "no"]
    paths = [[one], [two], [one, two], [two, one], [], [one + "/"], [f"{here}/none", one], ["one"], ["", one],
             [Path(one), two], [b"x", one], [f"{one}/plain.py", one], [f"{one}/pack"]]
    found = [both(name, path) for name in names for path in paths]
    import json, _json, lazyimp
    for name in ("json", "_json", "encodings", "json.decoder", "xml.etree", "no.such"):
        found.append(both(name, None if "." not in name else json.__path__))
    print(sum(each is not None for each in found), len(found))
    """
    )
    write({**FILES, "main.py": main})
    counted = run_python(tmp_path / "main.py", mode="deep").stdout.split()
    assert int(counted[0]) > 50 and int(counted[1]) == 149


def test_it_sees_what_changes(run_python: RunPython, write: Write, tmp_path: Path) -> None:
    """A file that comes or goes, finders that are told to forget, hooks and finders of the program's own."""
    main = (
        COMPARE
        + """
    import importlib, time
    from importlib import machinery
    here = os.getcwd()
    one = f"{here}/one"
    print(both("fresh", [one]))
    open(f"{one}/fresh.py", "w").close()
    os.utime(one, (1, 1))
    print(both("fresh", [one])[2] == f"{one}/fresh.py")
    os.unlink(f"{one}/fresh.py")
    os.utime(one, (2, 2))
    print(both("fresh", [one]))
    importlib.invalidate_caches()
    print(both("plain", [one])[2] == f"{one}/plain.py")
    class Own(machinery.FileFinder):
        def find_spec(self, name, target=None):
            print("asked for", name)
            return super().find_spec(name, target)
    sys.path_importer_cache[one] = Own(one, (machinery.SourceFileLoader, [".py"]))
    lazyimp_c.native_search(True)
    print(told(PathFinder.find_spec("plain", [one]))[2] == f"{one}/plain.py")
    del sys.path_importer_cache[one]
    before = machinery.FileFinder.find_spec
    def find_spec(self, name, target=None):
        print("patched", name)
        return before(self, name, target)
    machinery.FileFinder.find_spec = find_spec
    print(told(PathFinder.find_spec("plain", [one]))[2] == f"{one}/plain.py")
    machinery.FileFinder.find_spec = before
    class Odd:
        def find_spec(self, name, target=None):
            return machinery.ModuleSpec(name, None)
    sys.path_importer_cache[one] = Odd()
    try:
        PathFinder.find_spec("plain", [one])
    except ImportError as error:
        print(error)
    """
    )
    write({**FILES, "main.py": main})
    printed = run_python(tmp_path / "main.py", mode="deep").stdout
    assert printed == (
        "None\nTrue\nNone\nTrue\nasked for plain\nTrue\npatched plain\nTrue\nspec missing loader\n"
    )


def test_it_ends_with_deferring(run_python: RunPython, write: Write, tmp_path: Path) -> None:
    """disable() gives the path finder its own function back; somebody else's is left alone."""
    main = """
        from importlib.machinery import PathFinder
        kept = PathFinder.__dict__["_get_spec"]
        import lazyimp
        print(type(kept.__wrapped__).__name__)
        lazyimp.disable()
        print(type(PathFinder.__dict__["_get_spec"].__wrapped__).__name__)
        lazyimp.enable("deep")
        own = PathFinder._get_spec = classmethod(lambda *args: None)
        lazyimp.disable()
        print(PathFinder.__dict__["_get_spec"] is own)
    """
    write({"main.py": main})
    printed = run_python(tmp_path / "main.py", mode="deep").stdout.split()
    assert printed[1:] == ["function", "True"] and printed[0] != "function"


def test_namespaces_are_pickled_as_before(run_python: RunPython, write: Write, tmp_path: Path) -> None:
    """The path of a namespace package refers to the function by its name."""
    main = """
        import pickle
        import space
        print(list(pickle.loads(pickle.dumps(space.__path__))) == list(space.__path__))
    """
    write({"space/a.py": "", "main.py": main})
    assert run_python(tmp_path / "main.py", mode="deep").stdout == "True\n"
