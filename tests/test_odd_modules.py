"""What lies in sys.modules and only says that it is a module: programs go on as they do eagerly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import INSTALLED, RunPython

Write = Callable[[Mapping[str, str]], Path]

# jinja2.ModuleLoader keeps a weak reference in sys.modules; it says that its class is `module`.
WEAK = """
import sys, types, weakref
kept = types.ModuleType("odd")
kept.__path__ = [{folder!r}]
sys.modules["odd"] = weakref.proxy(kept)
"""
CLAIMING = """
import sys, types
class Odd:
    __class__ = types.ModuleType
    __path__ = [{folder!r}]
    __spec__ = None
kept = sys.modules["odd"] = Odd()
"""
USES = """
import types
import prepare
prepare.kept
import odd.first
from odd.second import value
import odd.third as third
import later
try:
    import odd.none
except ImportError as fault:
    print(fault)
import warnings
warnings.simplefilter("default")
def use():
    print(odd.first.value, value, third.value, later.value)
    made = __import__("odd.fourth", None, None, ["value"])
    print(made.value, isinstance(prepare.kept, types.ModuleType))
use()
import lazyimp
lazyimp.status()
lazyimp.disable(resolve=True)
"""


@pytest.mark.parametrize("odd", [WEAK, CLAIMING])
def test_submodules_of_what_says_it_is_a_module(
    odd: str, run_python: RunPython, write: Write, core: str, mode: str, tmp_path: Path
) -> None:
    folder = tmp_path / "parts"
    names = ("first", "second", "third", "fourth")
    main = write(
        {
            "main.py": USES,
            f"{INSTALLED}/prepare.py": odd.format(folder=str(folder)),
            f"{INSTALLED}/later.py": "import warnings\nwarnings.filterwarnings('always', module='later')\nvalue = 5",
            **{f"parts/{name}.py": f"value = {len(name)!r}" for name in names},
        }
    )
    eager = run_python(main)
    lazy = run_python(main, mode=mode, core=core, env={"LAZYIMP_DEBUG": "1"})
    assert (lazy.stdout, lazy.stderr) == (eager.stdout, eager.stderr)
