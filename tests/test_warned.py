"""Warning filters that an installed module adds when it is loaded late stay below those added since its import."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
from conftest import INSTALLED, RunPython

FILES = {
    "louder/__init__.py": "import inner, warnings\nclass Loud(Warning): pass\nwarnings.simplefilter('always', Loud)\n",
    "inner/__init__.py": "import innermost\nx = 1\ndef use(): return innermost.x\n",
    "innermost/__init__.py": "import warnings\nwarnings.simplefilter('always', FutureWarning)\nx = 1\n",
}
MAIN = """
import warnings
import louder
import inner
warnings.filterwarnings("ignore")
louder.Loud
inner.use()
warnings.warn("not seen", louder.Loud)
warnings.warn("not seen", FutureWarning)
print([each[0] for each in warnings.filters][:3])
"""


@pytest.mark.parametrize("mode", ["safe", "deep"])
def test_filters_of_late_modules(run_python: RunPython, tmp_path: Path, mode: str) -> None:
    """Nothing is printed to stderr, and the program's own filter is the first."""
    site = tmp_path / INSTALLED
    for name, text in FILES.items():
        path = site / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    main = tmp_path / "main.py"
    main.write_text(MAIN, encoding="utf-8")
    done = run_python(main, mode=mode)
    assert (done.stdout, done.stderr) == ("['ignore', 'always', 'always']\n", "")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the deprecated modules are gone")
@pytest.mark.parametrize("mode", ["safe", "deep"])
def test_a_deprecated_module_warns_with_the_line_of_its_import(
    run_python: RunPython, tmp_path: Path, mode: str
) -> None:
    """What a module of the standard library says when it is imported names the statement."""
    name = "imp" if sys.version_info < (3, 12) else "telnetlib"
    main = tmp_path / "main.py"
    main.write_text(f"import {name}\nprint(1)\n{name}.__name__\n", encoding="utf-8")
    eager = run_python(main)
    assert "main.py:1: DeprecationWarning" in eager.stderr
    assert run_python(main, mode=mode).stderr == eager.stderr


QUIET = {
    "kinds/__init__.py": "class Noise(Warning): pass\n",
    "quiet/__init__.py": (
        "import warnings\nfrom kinds import Noise\nwarnings.simplefilter('ignore', Noise)\n"
        "import noisy\ndef use(): return noisy.x\n"
    ),
    "noisy/__init__.py": "import warnings\nfrom kinds import Noise\nwarnings.warn('noise', Noise)\nx = 1\n",
}


@pytest.mark.parametrize("mode", ["safe", "deep"])
@pytest.mark.parametrize(
    "program",
    [
        "import quiet\nprint(quiet.use())\n",
        "import quiet\nimport noisy\nprint(quiet.__name__, noisy.x)\nquiet.use\nprint(noisy.x)\n",
        "import quiet\nimport noisy\nquiet.use\nprint(noisy.x)\n",
        "import noisy\nimport quiet\nquiet.use\nprint(noisy.x)\n",
        "import quiet, warnings\nimport noisy\nwarnings.simplefilter('default')\nquiet.use\nprint(noisy.x)\n",
    ],
)
def test_a_late_module_silences_what_was_imported_after_it(
    run_python: RunPython, tmp_path: Path, program: str, mode: str
) -> None:
    """As requests does, which ignores what urllib3's parts say when they are loaded."""
    site = tmp_path / INSTALLED
    for name, text in QUIET.items():
        path = site / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    main = tmp_path / "main.py"
    main.write_text(program, encoding="utf-8")
    eager = run_python(main)
    done = run_python(main, mode=mode)
    assert (done.stdout, done.stderr) == (eager.stdout, eager.stderr)


GIVING = {
    "giving/__init__.py": """
        import warnings
        from giving.new import new
        def __getattr__(name):
            if name == "old":
                warnings.warn("old is deprecated", DeprecationWarning, stacklevel=2)
                return new
            raise AttributeError(name)
        """,
    "giving/new.py": "def new(): return 'new'\n",
    "user.py": "from giving import old\nfrom giving import new\n\n\ndef use():\n    return old(), new()\n",
}


@pytest.mark.parametrize("program", ["import user", "import giving\ngiving.new\nimport user"])
@pytest.mark.parametrize("mode", ["safe", "deep"])
def test_a_deprecated_name_warns_with_the_line_of_its_import(
    run_python: RunPython, tmp_path: Path, mode: str, program: str
) -> None:
    """Of the user's own modules: what their `__getattr__` warns of is said of the statement."""
    for name, text in GIVING.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    main = tmp_path / "main.py"
    main.write_text(
        f"import warnings\nwarnings.simplefilter('always')\n{program}\nprint(user.use())\n", encoding="utf-8"
    )
    eager = run_python(main)
    assert "user.py:1: DeprecationWarning: old is deprecated" in eager.stderr
    done = run_python(main, mode=mode)
    assert (done.stdout, done.stderr) == (eager.stdout, eager.stderr)
