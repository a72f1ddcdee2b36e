"""`python -m`: what runpy says of the module that it is told to run is said lazily, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import INSTALLED, RunPython

Write = Callable[[Mapping[str, str]], Path]

PACKAGE = {
    "__init__.py": "from .tool import main\n",
    "tool.py": "def main():\n    print('ran', __name__)\nif __name__ == '__main__':\n    main()\n",
}


@pytest.mark.parametrize("place", ["", f"{INSTALLED}/"])
@pytest.mark.parametrize("mode", ["safe", "deep"])
@pytest.mark.parametrize("options", [(), ("-W", "error"), ("-bm",)])
def test_a_module_that_its_package_imports_is_warned_of(
    options: tuple[str, ...], mode: str, place: str, run_python: RunPython, write: Write, core: str
) -> None:
    """RuntimeWarning: 'tools.tool' found in sys.modules."""
    write({f"{place}tools/{name}": text for name, text in PACKAGE.items()})
    words = [*options, "tools.tool"] if options == ("-bm",) else [*options, "-m", "tools.tool"]
    eager = run_python(*words, check=False)
    lazy = run_python(*words, mode=mode, core=core, check=False)
    assert "found in sys.modules" in eager.stderr
    told = [(done.returncode, done.stdout, done.stderr.splitlines()[-1]) for done in (eager, lazy)]
    assert told[0] == told[1]
