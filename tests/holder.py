"""A module `holder` in which all kinds of names are pending, and programs beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython, cores

Write = Callable[[Mapping[str, str]], Path]
only_c = pytest.mark.skipif("c" not in cores(), reason="armed keys are core c's")

HOLDER = {
    "leaf.py": "x = 1\ndef f(): return x\n",
    "leaf2.py": "import leaf\ny = 2\n",
    "pkg/__init__.py": "",
    "pkg/sub.py": "z = 3\n",
    "holder.py": """
        import leaf, leaf2
        from leaf import x, f as call
        import pkg.sub
        import pkg.sub as deep
        from pkg import sub
        def read():
            return leaf.x, leaf2.y, x, call(), pkg.sub.z, deep.z, sub.z
        def steps():
            yield leaf2.y
            yield sub.z
    """,
    "loaded.py": """
        import sys
        def loaded(name):
            return name in sys.modules
        def names(module):
            return object.__getattribute__(module, "__dict__")
        def forget(*names):
            for name in names:
                sys.modules.pop(name, None)
    """,
}
ALL = "(1, 2, 1, 1, 3, 3, 3)"


def run(run_python: RunPython, write: Write, main: str, core: str = "c", **kwargs: object) -> str:
    """Standard output of `main` beside the holder's modules, mode `all`."""
    path = write({**HOLDER, "main.py": main})
    return run_python(path, mode="all", core=core, **kwargs).stdout  # type: ignore[arg-type]
