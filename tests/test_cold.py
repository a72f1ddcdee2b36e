"""Cold starts: which files a run read, and that they leave the page cache."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from lazyimp.record import Import, Opened, Record
from lazyimp.running import cold

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells what is in its page cache"
)


def loaded(name: str, origin: Path) -> Import:
    return Import(1, 0, 0, name, "main.py", 1, 0, 0, 0, 0, 0, 0, 0, str(origin), 0, "", 0)


def test_files_of_a_run(tmp_path):
    names = ("mod.py", "data.csv", "out.log", "lib.so")
    module, data, written, library = (tmp_path / name for name in names)
    bytecode = Path(importlib.util.cache_from_source(str(module)))
    bytecode.parent.mkdir()
    for each in (module, data, written, library, bytecode):
        each.write_text("x")
    opened = (
        Opened("data.csv", 0, 0, False),
        Opened(str(written), 0, 0, True),
        Opened("gone.csv", 0, 0, False),
    )
    record = Record(
        "r",
        {"cwd": str(tmp_path)},
        (loaded("mod", module),),
        opened=opened,
        libraries=(str(library), "/proc/self/maps"),
    )
    assert cold.files_of(record) == sorted(map(str, (module, bytecode, data, library)))


@linux
def test_evicted_files_are_out(tmp_path):
    file = tmp_path / "data"
    file.write_bytes(os.urandom(1 << 20))
    file.read_bytes()
    before = cold.resident(str(file))
    if not before or cold.file_system(str(tmp_path)) in ("tmpfs", "ramfs"):
        pytest.skip("this file system has no page cache to leave")
    found = cold.evict([str(file), str(tmp_path / "gone")])
    assert (found.files, found.size_bytes) == (1, 1 << 20)
    assert found.left_bytes is not None and found.left_bytes < before // 4


def test_what_the_figures_do_not_show_is_said():
    told = cold.Evicted(10, 100 << 20, 30 << 20, {"nfs4": 7}).notes
    assert told == [
        "30 MB stayed in the page cache: other processes use them",
        "7 files lie on nfs4, whose servers keep what they read; only a fresh node is truly cold",
    ]
    assert cold.Evicted(1, 1, None).notes == ["whether the files left the page cache cannot be seen here"]
    assert cold.Evicted(1, 100, 0).notes == []
