"""Core native: a name that a package lacks, and that only a pending import would have brought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython, cores

pytestmark = pytest.mark.skipif("native" not in cores(), reason="core c has its tests in test_repairs.py")

Write = Callable[[Mapping[str, str]], Path]

LACKING = {
    "leads.py": "import k.s, k.t\n",  # nobody uses it, so that k.s is what its package lacks
    "k/__init__.py": "",
    "k/s.py": "import time\ntime.sleep(0.3)\nx = 1\n",
    "k/t.py": "y = 1\n",
    "gives.py": "def __getattr__(name):\n    import k\n    return k.t.y\n",
    "slow.py": "import time\ndef __getattr__(name):\n    time.sleep(0.2)\n    return name\n",
    "heavy.py": "import time\ntime.sleep(0.4)\nx = 1\n",
}


@pytest.mark.parametrize(
    "body",
    [
        "ends = [threading.Thread(target=lambda: got.append(k.s.x)) for _ in range(3)]",
        "got.append(gives.anything)",
        "ends = [threading.Thread(target=lambda: slow.it), threading.Thread(target=lambda: heavy.x)]",
    ],
    ids=["threads", "inside __getattr__", "reads that overlap an import"],
)
def test_what_a_package_lacks_is_loaded(run_python: RunPython, write: Write, body: str) -> None:
    """By several threads at once, inside a module's own function, after reads of others have overlapped."""
    main = f"""
        import threading
        import leads, k, gives, slow, heavy
        got, ends = [], []
        k.__name__
        {body}
        for each in ends: each.start()
        for each in ends: each.join()
        print({{*got}} <= {{1}}, k.t.y, k.s.x)
        def never(): return leads
    """
    path = write({**{f"site-packages/{name}": text for name, text in LACKING.items()}, "main.py": main})
    assert run_python(path, core="native", mode="all").stdout == "True 1 1\n"


def test_nothing_is_loaded_once_the_interpreter_ends(run_python: RunPython, write: Write) -> None:
    """A name that a package lacks is missing, as without lazyimp."""
    main = """
        import k, colorsys
        class Late:
            def __init__(self): self.k, self.itself = k, self
            def __del__(self, print=print, missing=AttributeError):
                try:
                    self.k.nothing
                except missing:
                    print("missing")
        late = Late()
        import gc
        gc.disable()
        def never(): return colorsys
    """
    path = write({"site-packages/k/__init__.py": "", "main.py": main})
    done = run_python(path, core="native", mode="all")
    assert (done.stdout, done.stderr) == (run_python(path).stdout, "")
