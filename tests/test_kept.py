"""What was found about installed modules is kept at once, and counts until the distribution is installed anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lazyimp_c")

FILES = {
    "site-packages/pkg/__init__.py": "from . import part\nfrom . import quiet\n",
    "site-packages/pkg/part.py": "from . import quiet\nfrom .registry import add\nadd('part')\n",
    "site-packages/pkg/registry.py": "names = []\ndef add(name): names.append(name)\n",
    "site-packages/pkg/quiet.py": "def f(): pass\n",
    "site-packages/pkg-1.0.dist-info/RECORD": "pkg/__init__.py,,\n",
    "site-packages/pkg-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n",
    "main.py": """
        import os, sys
        import pkg
        pkg.__name__, pkg.registry
        print(*pkg.registry.names, "lazyimp._outline" in sys.modules)
        sys.stdout.flush()
        os._exit(0)
    """,
}


@pytest.fixture
def run(write: Any, run_python: Any, tmp_path: Path) -> Callable[[], str]:
    """Run a program in a package that is judged by its code, and which is ended before it can clean up."""
    main = write(FILES)

    def once() -> str:
        done = run_python(main, mode="deep", env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
        assert done.stderr == ""
        return str(done.stdout.strip())

    return once


def kept(folder: Path) -> Path:
    """The one file that is kept."""
    (file,) = (folder / "cache").rglob("pkg.txt")
    return file


def test_a_process_that_is_killed_keeps_what_it_found(run: Any, tmp_path: Path) -> None:
    assert run() == "part True"
    assert run() == "part False"
    names = [line.split("\t")[0] for line in kept(tmp_path).read_text().splitlines()[1:] if line]
    assert sorted(names) == sorted(set(names)) and "pkg.part" in names


def test_lines_that_were_cut_off_count_for_nothing(run: Any, tmp_path: Path) -> None:
    run()
    file = kept(tmp_path)
    head, *lines = file.read_text().splitlines()
    (part,) = (line for line in lines if line.startswith("pkg.part\t"))
    file.write_text("\n".join([head, *(line for line in lines if line != part), part[:12]]))
    assert run() == "part True"
    assert run() == "part False"


def test_an_installation_that_changed_is_looked_at_anew(run: Any, tmp_path: Path) -> None:
    run()
    init = tmp_path / "site-packages/pkg/__init__.py"
    os.utime(init, ns=(1, 1))
    assert run() == "part True"
    assert run() == "part False"
    assert kept(tmp_path).read_text().count("pkg.part\t") == 1


def test_a_file_of_another_installation_is_left_alone(tmp_path: Path) -> None:
    from lazyimp import _kept

    path = str(tmp_path / "pkg.txt")
    ours, theirs = _kept.File(path, "one"), _kept.File(path, "two")
    ours.add("pkg.a", ("x", "y"))
    ours.write()
    theirs.add("pkg.a", ("", "z"))
    theirs.write()
    ours.add("pkg.b", ("", ""))
    ours.write()
    assert _kept.File(path, "one").take("pkg.a", 2) is None
    again = _kept.File(path, "two")
    assert again.take("pkg.b", 2) is None
    assert again.take("pkg.a", 2) == ["", "z"] and again.take("pkg.a", 2) is None
