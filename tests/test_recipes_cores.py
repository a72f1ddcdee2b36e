"""What each kind of a recipe's rows does under each core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import made_recipes
import pytest
from made_recipes import WHY, recipe, rows

pytestmark = made_recipes.needs_builder
builder = made_recipes.builder


LOUD = "print('loads', __name__)\n"
PACKAGE = {
    "pkg/a.py": LOUD + "from pkg import target\nname = 1\nuse = lambda: target\n",
    "pkg/b.py": LOUD + "from pkg import target\nname = 1\nuse = lambda: target\n",
    "pkg/target.py": LOUD,
    "pkg/name.py": LOUD,
}
PROLOGUE = """
import sys, types
table = types.ModuleType("lazyimp.recipes._table")
exec(open("table.py").read(), vars(table))
sys.modules["lazyimp.recipes._table"] = table
import lazyimp
lazyimp.enable("deep")
"""


@pytest.fixture
def loads(builder: Any, write: Any, run_python: Any) -> Callable[..., list[str]]:
    """Run a program over the made-up package under a recipe; gives what it loads and prints, in order."""

    def run(core: str, program: str, init: str = "", version: str = "2.1", **keys: Any) -> list[str]:
        files = {f"site-packages/{name}": text for name, text in PACKAGE.items()}
        files["site-packages/pkg/__init__.py"] = LOUD + init
        files[f"site-packages/pkg-{version}.dist-info/METADATA"] = f"Name: pkg\nVersion: {version}\n"
        files["table.py"] = builder.tables({"pkg.toml": recipe(**keys)})["_table.py"]
        main = write({**files, "main.py": PROLOGUE + program})
        told: str = run_python(main, core=core).stdout
        return [line.removeprefix("loads ") for line in told.splitlines()]

    return run


def test_eager_target(core: str, loads: Callable[..., list[str]]) -> None:
    init = "from pkg import a\nfrom pkg import target\nuse = lambda: (a, target)\n"
    assert loads(core, "import pkg\npkg.__dict__\n", init, eager=rows("pkg.target")) == ["pkg", "pkg.target"]


def test_eager_name(core: str, loads: Callable[..., list[str]]) -> None:
    init = "from pkg import name, target\nuse = lambda: (name, target)\n"
    assert loads(core, "import pkg\npkg.__dict__\n", init, eager=rows("pkg:name")) == (
        ["pkg", "pkg.name", "pkg.target"] if core == "c" else ["pkg", "pkg.name"]
    )  # the others let the rest of the statement wait


def test_eager_importer(core: str, loads: Callable[..., list[str]]) -> None:
    program = "import pkg.a\npkg.a.name\n"
    assert loads(core, program) == ["pkg", "pkg.a"]
    assert loads(core, program, eager=rows("pkg.b ->")) == ["pkg", "pkg.a"]
    assert loads(core, program, eager=rows("pkg.a ->")) == ["pkg", "pkg.a", "pkg.target"]


def test_opened_in_a_closed_one(core: str, loads: Callable[..., list[str]]) -> None:
    init = "from pkg import a\nfrom pkg import name\nuse = lambda: (a, name)\n"
    found = loads(core, "import pkg\npkg.__dict__\n", init, inside="eager", reason=WHY, lazy=rows("pkg.name"))
    assert found == ["pkg", "pkg.a", "pkg.target"]


def test_what_no_row_is_about_is_deferred(core: str, loads: Callable[..., list[str]]) -> None:
    init = "from pkg import name\nuse = lambda: name\n"
    assert loads(core, "import pkg\npkg.__dict__\n", init) == ["pkg"]


def test_another_version(core: str, loads: Callable[..., list[str]]) -> None:
    init = "from pkg import name\nuse = lambda: name\n"
    found = loads(core, "import pkg\npkg.__dict__\n", init, version="3.0", lazy=rows("pkg.name"))
    assert found == ["pkg", "pkg.name"]


def test_a_plain_import_inside_try_becomes_a_proxy(core: str, loads: Callable[..., list[str]]) -> None:
    init = "try:\n    import json.tool as tool\nexcept ImportError:\n    tool = None\n"
    init += "try:\n    import colorsys\nexcept ImportError:\n    colorsys = None\n"
    program = (
        "import pkg\npkg.__dict__\nprint('colorsys' in sys.modules)\nprint(pkg.colorsys.ONE_THIRD > 0)\n"
    )
    opened = loads(core, program, init, lazy=rows("pkg -> colorsys"))
    if core == "c":
        assert opened == ["pkg", "False", "True"]
    else:
        assert opened[0] == "pkg" and opened[-1] == "True"
    assert loads(core, program, init) == ["pkg", "True", "True"], "the standard library may fail in a try"


def test_a_from_import_inside_try_is_deferred_where_that_can_be(
    core: str, loads: Callable[..., list[str]]
) -> None:
    init = "try:\n    from pkg.target import __name__ as told\nexcept ImportError:\n    told = None\n"
    program = "import pkg\npkg.__dict__\nprint('now')\nprint(pkg.told)\n"
    found = loads(core, program, init, lazy=rows("pkg.target"))
    if core == "c":
        assert found == ["pkg", "now", "pkg.target", "pkg.target"]
    else:
        # 3.15 defers nothing inside try, and the finder sees modules, not names
        assert found == ["pkg", "pkg.target", "now", "pkg.target"]
