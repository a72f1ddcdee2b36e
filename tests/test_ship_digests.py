"""The digest of a large file is remembered while nobody touched it, and never believed otherwise."""

import hashlib
import os

import pytest

from lazyimp.ship import digests
from lazyimp.ship.digests import digest_of


@pytest.fixture
def read(monkeypatch):
    """Which files were read."""
    monkeypatch.setattr(digests, "LARGE_BYTES", 4)
    monkeypatch.setattr(digests, "COARSE_NS", -(10**12))
    seen = []

    def sha256(*words):
        seen.append(words)
        return hashlib.new("sha256", *words)

    monkeypatch.setattr(digests, "hashlib", type("Counting", (), {"sha256": staticmethod(sha256)}))
    return seen


def right(path):
    data = path.read_bytes()
    return hashlib.sha256(data).hexdigest(), len(data)


def test_it_is_read_once(tmp_path, read):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    for _ in range(3):
        assert digest_of(str(path), str(tmp_path)) == right(path)
    assert len(read) == 1


@pytest.mark.parametrize("data", [b"CONTENT", b"longer content"])
def test_a_change_is_seen_also_where_the_time_was_set_back(tmp_path, read, data):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    before = path.stat()
    digest_of(str(path), str(tmp_path))
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digest_of(str(path), str(tmp_path)) == right(path) and len(read) == 2


def test_small_files_and_those_just_written_are_read(tmp_path, read, monkeypatch):
    small, new = tmp_path / "small", tmp_path / "new"
    small.write_bytes(b"abc")
    new.write_bytes(b"content")
    monkeypatch.setattr(digests, "COARSE_NS", 10**15)
    for _ in range(2):
        digest_of(str(small), str(tmp_path))
        digest_of(str(new), str(tmp_path))
    digest_of(str(new))
    assert len(read) == 5 and not (tmp_path / "digests.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 3}', '{"a": [1, 2]}', "null"])
def test_what_is_damaged_is_not_believed(tmp_path, read, text):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    (tmp_path / "digests.json").write_text(text)
    assert digest_of(str(path), str(tmp_path)) == right(path)


def test_where_nothing_can_be_kept_it_is_read(tmp_path, read):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    for _ in range(2):
        assert digest_of(str(path), str(tmp_path / "no such")) == right(path)
    assert len(read) == 2
