"""Records of recent runs: where they are kept, which one is the last, and which ones go."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lazyimp.running import store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and a working folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "cache" / "lazyimp" / "runs"


def finished(program: str = "train.py", arguments: tuple[str, ...] = (), now: float = 1e9) -> store.Run:
    """A run that left a record."""
    run = store.new_run("profile", program, arguments, now)
    run.record.write_text("")
    return run


def test_only_the_user_may_look_inside(cache):
    run = finished()
    for folder in (cache, run.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert run.folder.name.endswith("-train.py") and run.about["cwd"] == os.getcwd()


def test_arguments_are_not_kept():
    run = finished(arguments=("--token", "secret"))
    assert "secret" not in (run.folder / store.ABOUT).read_text()


def test_two_runs_in_one_second_have_a_folder_each():
    assert finished().folder != finished().folder


def test_the_last_run_is_the_one_of_this_folder(tmp_path, monkeypatch):
    here = finished(now=1e9)
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    with pytest.raises(
        store.StoreError, match=r"no run was recorded in this folder; the newest was in .*here"
    ):
        store.last_run()
    finished(now=2e9)
    monkeypatch.chdir(tmp_path / "here")
    assert store.last_run().folder == here.folder
    newer = finished(now=3e9)
    assert store.last_run().folder == newer.folder


def test_a_run_without_a_record_is_none():
    store.new_run("profile", "x", (), 1e9)
    with pytest.raises(store.StoreError, match=r"no run was recorded in this folder; `lazyimp profile"):
        store.last_run()


def test_the_same_program_with_the_same_arguments():
    first = finished("a.py", ("x",), 1e9)
    finished("a.py", ("y",), 2e9)
    found = store.alike(("profile",), "a.py", ("x",))
    assert found is not None and found.folder == first.folder
    assert store.alike(("profile",), "b.py", ("x",)) is store.alike(("ttfb",), "a.py", ("x",)) is None


def test_the_newest_stay_and_what_is_not_ours_is_left_alone(cache, tmp_path):
    runs = [finished(now=1e9 + each) for each in range(3)]
    (cache / "20010909-014639-notes").mkdir()  # nothing of ours inside
    (cache / "notes.txt").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / store.ABOUT).write_text("{}")
    (cache / "20010909-014640-link").symlink_to(tmp_path / "elsewhere")
    store.prune(cache, 2)
    left = sorted(each.name for each in cache.iterdir())
    assert runs[0].folder.name not in left and runs[2].folder.name in left
    assert {"20010909-014639-notes", "notes.txt", "20010909-014640-link"} <= set(left)
    assert (tmp_path / "elsewhere" / store.ABOUT).exists()


def test_each_new_run_makes_room(cache, monkeypatch):
    monkeypatch.setattr(store, "KEPT", 3)
    for each in range(5):
        finished(now=1e9 + each)
    assert len(list(cache.iterdir())) == 3


def test_where_the_cache_cannot_be_written_another_folder_is_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "here"))
    run = finished()
    assert run.folder.parent.parent == tmp_path / "here"
    assert store.last_run().folder == run.folder


def test_a_folder_that_others_may_write_to_is_refused(cache, tmp_path, monkeypatch):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    other = tmp_path / "here" / f"lazyimp-runs-{os.getuid()}"
    other.mkdir(mode=0o700)
    other.chmod(0o777)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "here"))
    with pytest.raises(store.StoreError, match="no folder for records can be written"):
        finished()
