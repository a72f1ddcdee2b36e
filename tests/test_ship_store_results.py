"""Results come back through a store: the host puts what the store lacks, and nothing is believed on the way."""

import os
import sys

import pytest
import stores

pytest.importorskip("obstore")

from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.following import fetch
from lazyimp.ship.results import Through
from lazyimp.ship.store import Limits, Store

URL = f"s3://{stores.BUCKET}/back"
QUICK = Limits(attempts=2, silent_s=5, first_pause_s=0.01)
SIZE = 20 * 1024 + 5
CODE = f"import random; open('big.bin', 'wb').write(random.Random(1).randbytes({SIZE})); open('empty', 'w').close()"


@pytest.fixture
def failing(monkeypatch):
    made = stores.Failing()
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    for module in ("pieces", "store", "results"):
        monkeypatch.setattr(f"lazyimp.ship.{module}.PIECE_BYTES", 1024)
    yield made
    made.stop()


@pytest.fixture
def channel(tmp_path, failing):
    made = open_channel(f"local:{tmp_path / 'there'}", Access())
    made.ask("start", id="j", command=[sys.executable, "-c", CODE], outputs=["*"])
    assert made.ask("wait", id="j", within_s=30, ended=True)["state"] == "done"
    yield made
    made.close()


@pytest.fixture
def get(failing, channel, tmp_path):
    """Get the results; whether they are what the job left."""

    def run(into="back"):
        names = fetch(Through(channel, Store(URL, failing.environ, limits=QUICK)), "j", str(tmp_path / into))
        work = tmp_path / "there" / "jobs" / "j" / "work"
        return names == ["big.bin", "empty"] and all(
            (work / name).read_bytes() == (tmp_path / into / name).read_bytes() for name in names
        )

    return run


def test_each_piece_is_put_once(failing, get):
    assert get() and failing.asked["PUT"] == 21
    assert get("again") and failing.asked["PUT"] == 21


def test_a_real_store_takes_it_from_the_host(channel, tmp_path, monkeypatch):
    pytest.importorskip("nanio")
    (tmp_path / "nanio").mkdir()
    nanio = stores.Nanio(tmp_path / "nanio")
    for name, value in nanio.environ.items():
        monkeypatch.setenv(name, value)
    fetch(Through(channel, Store(URL, nanio.environ)), "j", str(tmp_path / "back"))
    assert len(nanio.pieces()) == 21
    nanio.stop()
    assert os.path.getsize(tmp_path / "back" / "big.bin") == SIZE


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: bytes(len(data))])
def test_a_damaged_piece_is_put_again(failing, get, change):
    get()
    before = dict(failing.objects)
    for key in sorted(before)[:2]:
        failing.objects[key] = change(before[key])
    assert get("again") and failing.objects == before


@pytest.mark.parametrize(
    ("method", "fault", "told"),
    [
        ("PUT", 503, "cannot put anything into .*HTTP 503 SlowDown, 2 times"),
        ("PUT", 403, "refuses this host: HTTP 403"),
        ("GET", bytes(1024), "other bytes"),
        ("GET", b"", "other bytes"),
        ("GET", 503, "HTTP 503 SlowDown, 2 times"),
    ],
)
def test_a_store_that_fails_leaves_nothing_half(failing, get, tmp_path, method, fault, told):
    failing.fault = lambda asked, key: fault if asked == method else None
    with pytest.raises(ShipError, match=told) as caught:
        get()
    assert "X-Amz" not in str(caught.value)
    assert [path for path in (tmp_path / "back").rglob("*") if path.is_file()] == []


def test_only_files_of_jobs_are_put_anywhere(channel, tmp_path):
    (tmp_path / "secret").write_text("secret")
    link = tmp_path / "there" / "jobs" / "j" / "work" / "link"
    link.symlink_to(tmp_path / "secret")
    for path in (tmp_path / "secret", link, tmp_path / "there" / "jobs" / "j", "/no/such"):
        with pytest.raises(ShipError, match="no file of a job"):
            channel.ask("cut", path=str(path), piece=1024)
        with pytest.raises(ShipError, match="no file of a job"):
            channel.ask("stow", path=str(path), pieces=[])
    path = str(tmp_path / "there" / "jobs" / "j" / "work" / "big.bin")
    for piece in (0, 1 << 40):
        with pytest.raises(ShipError, match="no size of a piece"):
            channel.ask("cut", path=path, piece=piece)
    with pytest.raises(ShipError, match="still being written"):
        channel.ask("stow", path=path, pieces=[[0, 5, "0" * 64, "http://127.0.0.1/x"]])
    with pytest.raises(ShipError, match="no way to a store"):
        channel.ask("stow", path=path, pieces=[[0, 5, "0" * 64, "file:///x"]])


def test_a_shared_folder_is_not_on_the_way_back(channel, tmp_path):
    with pytest.raises(ShipError, match="without --store"):
        fetch(Through(channel, Store(f"file://{tmp_path}/s", {})), "j", str(tmp_path / "back"))


@pytest.mark.parametrize(
    "rows", [[["../x", 5]], [["0" * 64, 0]], [["0" * 64, 1 << 40]], [["0" * 64]], [3], [[None, 3]]]
)
def test_a_host_whose_pieces_make_no_sense(failing, tmp_path, rows):
    class Lying:
        def ask(self, command, /, **wish):
            return rows

    with pytest.raises(ShipError, match="no sense"):
        Through(Lying(), Store(URL, failing.environ)).get("/x", str(tmp_path / "file"), 1 << 30)
    assert failing.asked == {}


def test_a_host_that_cuts_more_than_the_file_was_said_to_have(failing, tmp_path):
    class Growing:
        def ask(self, command, /, **wish):
            return [["0" * 64, 5], ["1" * 64, 5]]

    with pytest.raises(ShipError, match="more of the file than it said"):
        Through(Growing(), Store(URL, failing.environ)).get("/x", str(tmp_path / "file"), 9)
    assert not (tmp_path / "file").exists()
