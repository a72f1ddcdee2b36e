"""Stubs answer what their file lists to the modules listed there, and for all else become the real module."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BUILDER = Path(__file__).parents[1] / "build_backend" / "recipes.py"
WHY = "imported for one function"
PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/slow/__init__.py": """
        print("loads", __name__)
        from . import part
        def answer(): return "real"
        def wide(): return "real for all"
        value = 1
    """,
    "pkg/slow/part.py": "print('loads', __name__)\nvalue = 2\n",
    "pkg/slow/other.py": "print('loads', __name__)\nimport pkg.slow\nvalue = pkg.slow.value + 2\n",
    "pkg/known.py": """
        def call():
            import pkg.slow
            return pkg.slow.answer()
    """,
}
LEADING = {
    "pkg/lead.py": "print('loads', __name__)\nfrom pkg.part import number\nnumber += 1\n",
    "pkg/part/__init__.py": "print('loads', __name__)\nimport pkg.lead\nnumber = 1\n",
    "pkg/part/below.py": "print('loads', __name__)\nnumber = 2\n",
}
LEADER = """
import sys
ANSWERS = {}
FOLLOWERS = ("pkg.part", "pkg.nothing")
def begin():
    print("begins")
    return "pkg.refuses" not in sys.modules
def hand_over(module): print("hands over", module.__name__, module.number)
"""
STUB = """
def answer(): return "stub"
def wide(): return "stub for all"
ANSWERS = {"answer": {"pkg.known": answer}, "wide": {"*": wide}}
def hand_over(module): print("hands over", module.__name__)
"""
PROLOGUE = """
import sys, types
def made(name, source):
    module = types.ModuleType(name)
    exec(source, vars(module))
    sys.modules[name] = module
made("lazyimp.recipes._table", open("table.py").read())
made("lazyimp.recipes.stubs.pkg_slow", open("stub.py").read())
import lazyimp
lazyimp.enable()
from pkg import known
"""
LOADED = ["loads pkg.slow", "loads pkg.slow.part", "hands over pkg.slow"]

pytestmark = pytest.mark.skipif(not BUILDER.is_file(), reason="the tests run beside no source tree")


@pytest.fixture
def shows(write: Any, run_python: Any) -> Callable[..., list[str]]:
    """Run a program with a stub for pkg.slow; gives the lines it prints."""

    def run(
        core: str, program: str, version: str = "1.0", choose: str = "pkg.slow", stub: str = STUB
    ) -> list[str]:
        recipe = {
            "distribution": "pkg",
            "modules": ["pkg"],
            "versions": "<2",
            "inside": "lazy",
            "stub": [
                {"module": "pkg.slow", "file": "pkg_slow", "reason": WHY},
                {"module": "pkg.lead", "file": "pkg_slow", "reason": WHY, "versions": ">=1"},
            ],
        }
        table = runpy.run_path(str(BUILDER))["tables"]({"pkg.toml": recipe})["_table.py"]
        files = {f"site-packages/{name}": text for name, text in {**PACKAGE, **LEADING}.items()}
        files[f"site-packages/pkg-{version}.dist-info/METADATA"] = f"Name: pkg\nVersion: {version}\n"
        main = write({**files, "table.py": table, "stub.py": stub, "main.py": PROLOGUE + program})
        told: str = run_python(main, core=core, env={"LAZYIMP_STUBS": choose}).stdout
        return told.splitlines()

    return run


def test_the_listed_module_gets_the_stubs_answer_and_nothing_loads(core: str, shows: Any) -> None:
    program = (
        "print(known.call(), 'pkg.slow' in sys.modules, known.call(), sys.modules['pkg.slow'].__name__)\n"
    )
    assert shows(core, program) == ["stub True stub pkg.slow"]


def test_anybody_gets_what_is_for_all(core: str, shows: Any) -> None:
    program = """
known.call()
import pkg.slow
def touch():
    return pkg.slow.wide()
print(touch())
print(pkg.slow.value, touch())
"""
    assert shows(core, program) == ["stub for all", *LOADED, "1 real for all"]


@pytest.mark.parametrize(
    ("touch", "told"),
    [
        ("print(pkg.slow.answer())", "real"),
        ("print(pkg.slow.value)", "1"),
        ("from pkg.slow import answer; print(answer())", "real"),
        ("from pkg.slow import part; print(part.value)", "2"),
        ("import pkg.slow.part as part; print(part.value)", "2"),
        ("print('answer' in dir(pkg.slow))", "True"),
        ("pkg.slow.value = 3; print(pkg.slow.value)", "3"),
        ("del pkg.slow.value; print(hasattr(pkg.slow, 'value'))", "False"),
        ("print(hasattr(pkg.slow, 'nothing'))", "False"),
    ],
)
def test_whatever_else_is_touched_loads_the_module_in_place(
    core: str, shows: Any, touch: str, told: str
) -> None:
    program = f"""
known.call()
import pkg.slow
before = pkg.slow
def touch():
    {touch}
touch()
print(known.call(), pkg.slow is before, sys.modules["pkg.slow"] is before, type(before) is type(sys))
"""
    assert shows(core, program) == [*LOADED, told, "real True True True"]


def test_a_submodule_loads_its_parent_first_and_once(core: str, shows: Any) -> None:
    program = """
known.call()
def touch():
    import pkg.slow.other
    print(pkg.slow.other.value, sys.modules["pkg.slow.part"].__spec__.loader)
touch()
"""
    found = shows(core, program)
    assert found[:4] == [*LOADED, "loads pkg.slow.other"]
    assert found[4].startswith("3 <_frozen_importlib_external.SourceFileLoader")


def test_who_never_touches_it_by_the_listed_module_gets_the_real_one(core: str, shows: Any) -> None:
    program = "import importlib.util\nprint(importlib.util.find_spec('pkg.slow').name)\n"
    program += "def touch():\n    import pkg.slow\n    print(pkg.slow.value)\ntouch()\n"
    assert shows(core, program) == ["pkg.slow", *LOADED, "1"]


def test_a_body_that_fails_raises_and_may_be_tried_again(core: str, shows: Any, tmp_path: Path) -> None:
    program = """
known.call()
slow = sys.modules["pkg.slow"]
sys.modules["pkg.slow.part"] = None
try:
    slow.value
except ImportError as error:
    print(type(error).__name__)
del sys.modules["pkg.slow.part"]
print(slow.value, sys.modules["pkg.slow"] is slow)
"""
    assert shows(core, program) == ["loads pkg.slow", "ModuleNotFoundError", *LOADED, "1 True"]


def test_another_version_has_no_stub(core: str, shows: Any) -> None:
    found = shows(core, "print(known.call())\n", version="2.0")
    assert found == ["loads pkg.slow", "loads pkg.slow.part", "real"]


def test_stubs_outlive_the_end_of_deferring(core: str, shows: Any) -> None:
    assert shows(core, "lazyimp.disable()\nprint(known.call())\n") == ["stub"]


def test_none_is_used_unless_it_was_chosen(core: str, shows: Any) -> None:
    assert shows(core, "print(known.call())\n", choose="0")[-1] == "real"


def test_an_unknown_one_is_told_in_one_line(core: str, run_python: Any, write: Any) -> None:
    done = run_python("print(1)", mode="safe", core=core, env={"LAZYIMP_STUBS": "pkg.slow"})
    assert done.stdout == "1\n"
    assert done.stderr.startswith("lazyimp: there is no stub for 'pkg.slow'; there is: torch._dynamo")
    write({"pyproject.toml": '[tool.lazyimp]\nstubs = ["pkg.slow"]\n'})
    done = run_python("print(1)", mode="safe", core=core)
    assert "there is no stub for 'pkg.slow'" in done.stderr and done.stderr.count("\n") == 1
    write({"pyproject.toml": '[tool.lazyimp]\nstubs = "pkg.slow"\n'})
    done = run_python("print(1)", mode="safe", core=core)
    assert "stubs must be a list of names of modules" in done.stderr


def test_the_machinery_stays_out_where_nothing_was_chosen(core: str) -> None:
    code = "import sys, lazyimp; lazyimp.enable(); import colorsys; colorsys.ONE_THIRD; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "lazyimp._stubs" not in done.stdout.split()


LED = ["loads pkg.lead", "loads pkg.part", "hands over pkg.lead 2"]


@pytest.mark.parametrize(
    ("touch", "told"),
    [
        ("print(pkg.part.number)", [*LED, "1"]),
        ("from pkg.part import number; print(number)", [*LED, "1"]),
        ("import pkg.part.below as below; print(below.number)", [*LED, "loads pkg.part.below", "2"]),
        ("print(pkg.lead.number)", [*LED, "2"]),
        ("import pkg.part; print(pkg.part.__name__)", ["pkg.part"]),
    ],
)
def test_modules_that_a_stub_leads_load_after_it(core: str, shows: Any, touch: str, told: list[str]) -> None:
    program = f"import pkg.lead\nprint('pkg.part' in sys.modules)\ndef touch():\n    {touch}\ntouch()\n"
    assert shows(core, program, choose="pkg.lead", stub=LEADER) == ["begins", "True", *told]


def test_a_stub_that_cannot_begin_is_not_handed_out(core: str, shows: Any) -> None:
    program = (
        "sys.modules['pkg.refuses'] = sys\ndef touch():\n    import pkg.lead\n    pkg.lead.number\ntouch()\n"
    )
    found = shows(core, program, choose="pkg.lead", stub=LEADER)
    assert found == ["begins", "loads pkg.lead", "loads pkg.part"]


@pytest.mark.parametrize(
    ("version", "told"), [("1.0", ["begins"]), ("0.9", ["loads pkg.lead", "loads pkg.part"])]
)
def test_a_stub_may_be_for_fewer_versions_than_its_recipe(
    core: str, shows: Any, version: str, told: list[str]
) -> None:
    program = "def touch():\n    import pkg.lead\ntouch()\n"
    assert shows(core, program, choose="pkg.lead", stub=LEADER, version=version) == told
