"""A manifest is kept while nothing that it was made from changed, and made anew when anything did."""

import argparse
import os

import pytest

from lazyimp.cli import manifest as making
from lazyimp.manifest import kept as keeping

MAIN = "import sys, helper, plain\nopen('data.txt').read()\n"


@pytest.fixture
def project(tmp_path, run_python, monkeypatch):
    """A recorded program, and everything about it settled long ago."""
    folder = tmp_path / "project"
    (folder / "site").mkdir(parents=True)
    (tmp_path / "recorded").mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "helper.py").write_text("VALUE = 1\n")
    (folder / "data.txt").write_text("data")
    (folder / "site" / "plain.py").write_text("")
    environ = {"LAZYIMP_RECORD": str(tmp_path / "recorded" / "record"), "PYTHONPATH": str(folder / "site")}
    run_python(folder / "main.py", mode="safe", env=environ, cwd=folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(keeping, "COARSE_NS", -(10**12))
    return folder


@pytest.fixture
def made(tmp_path):
    """Manifests of the record, through what is kept; how many were made."""
    parser = argparse.ArgumentParser()
    making.MakeManifest().add_options(parser)
    count = []

    def make():
        count.append(1)
        return making.made(parser.parse_args([str(tmp_path / "recorded" / "record")]))

    def run(*options):
        return keeping.kept(
            str(tmp_path / "recorded" / "record"), str(tmp_path / "kept"), make, options
        ), len(count)

    return run


def test_it_is_made_once(project, made):
    first, second = made(), made()
    assert first[0] == second[0] and second[1] == 1
    assert {each.name for part in first[0].local for each in part.files} >= {"main.py", "helper.py"}
    assert made("--other")[1] == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "helper.py").write_text("VALUE = 2\n"),
        lambda folder: (folder / "data.txt").unlink(),
        lambda folder: (folder / "site" / "plain.py").write_text("x = 1"),
        lambda folder: (folder / "site" / "new-1.0.dist-info").mkdir(),
        lambda folder: os.utime(folder / "helper.py", (1, 1)),
        lambda folder: (folder.parent / "recorded" / "record").touch(),
    ],
    ids=["code", "data", "module", "distribution", "time set back", "record"],
)
def test_what_changes_makes_it_anew(project, made, change):
    made()
    change(project)
    assert made()[1] == 2


def test_a_change_is_in_it(project, made):
    before = made()[0]
    (project / "helper.py").write_text("VALUE = 2\n")
    assert [part.digest for part in made()[0].local] != [part.digest for part in before.local]


def test_what_changed_while_it_was_read_is_not_kept(project, made, monkeypatch):
    monkeypatch.setattr(keeping, "COARSE_NS", 10**15)
    made()
    assert made()[1] == 2


def test_a_damaged_one_is_made_anew(project, made, tmp_path):
    made()
    (path,) = (tmp_path / "kept").iterdir()
    for text in ("", "{}", '{"files": {}, "manifest": {}}', '{"files": {}, "manifest": 3}', "\\0"):
        path.write_text(text)
        made()
    assert made()[1] == 6


def test_where_nothing_can_be_kept_it_is_made(project, made, tmp_path):
    (tmp_path / "kept").write_text("a file")
    made()
    assert made()[1] == 2


def test_the_oldest_go(project, made, tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "MOST_KEPT", 2)
    for each in range(4):
        made(str(each))
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_links_are_followed_and_what_is_not_there_has_no_mark(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert keeping.mark_of(str(tmp_path / "link")) == keeping.mark_of(str(tmp_path / "file"))
    assert keeping.mark_of(str(tmp_path / "no")) is None and keeping.mark_of("a\0b") is None
