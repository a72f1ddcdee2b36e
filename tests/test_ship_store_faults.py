"""Stores that fail or lie, hosts that lie about them: a clear message, and nothing half-visible."""

import hashlib
import os

import pytest
import stores
from shipping import Host

pytest.importorskip("obstore")

from lazyimp.ship.carrying import Carrier, Shipped
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import blob_of
from lazyimp.ship.store import Limits, Store

URL = f"s3://{stores.BUCKET}/pre"
QUICK = Limits(attempts=3, silent_s=5, first_pause_s=0.01)
HASTY = Limits(attempts=3, silent_s=0.3, first_pause_s=0.01)  # where nothing but silence is to come


@pytest.fixture
def failing(monkeypatch):
    made = stores.Failing()
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("lazyimp.ship.pieces.PIECE_BYTES", 1024)
    monkeypatch.setattr("lazyimp.ship.store.PIECE_BYTES", 1024)
    yield made
    made.stop()


@pytest.fixture
def channel(tmp_path, failing):
    made = open_channel(f"local:{tmp_path / 'there'}", Access())
    made.ask("hello")
    yield made
    made.close()


@pytest.fixture
def blob(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(20 * 1024))
    return blob_of(str(path))


@pytest.fixture
def send(failing, channel, blob, tmp_path):
    """Send it; what the host has afterwards."""

    def run(limits=QUICK):
        Carrier(channel, store=Store(URL, failing.environ, limits=limits)).send_blob(blob, Shipped())
        return os.listdir(tmp_path / "there" / "blobs"), os.listdir(tmp_path / "there" / "tmp")

    return run


def nth(method, *answers):
    """A fault that gives these answers to the first requests of a method, then none."""
    left = list(answers)
    return lambda asked, key: left.pop(0) if asked == method and left else None


def always(method, answer):
    return lambda asked, key: answer if asked == method else None


@pytest.mark.parametrize("method", ["HEAD", "PUT", "GET"])
@pytest.mark.parametrize("fault", [503, "hang"])
def test_what_passes_is_waited_for(failing, send, blob, method, fault):
    failing.fault = nth(method, fault, fault)
    assert send(HASTY if fault == "hang" else QUICK) == ([blob.sha256], [])


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (503, r"HTTP 503( SlowDown)?, 3 times; what is there already stays"),
        ("hang", "no answer in time, 3 times"),
        (403, "credentials are wrong"),
    ],
)
def test_a_store_that_does_not_take_it(failing, send, tmp_path, method, fault, told):
    failing.fault = always(method, fault)
    if (method, fault) == ("HEAD", 403):  # the right to put may be there without the right to list
        assert send()[1] == []
        return
    with pytest.raises(ShipError, match=told) as caught:
        send(HASTY if fault == "hang" else QUICK)
    assert "\n" not in str(caught.value) and "X-Amz" not in str(caught.value)
    assert os.listdir(tmp_path / "there" / "blobs") == [] and failing.objects == {}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (503, "HTTP 503 SlowDown, 3 times"),
        ("hang", "no answer within 0.3 s, 3 times"),
        (403, "refuses this host: HTTP 403"),
        (302, "own endpoint and region"),  # the redirect leads to a file of the host
        (b"", "other bytes"),
        (b"x" * 1024, "other bytes"),
        (b"x" * (9 << 20), "other bytes"),
        (404, "other bytes"),
    ],
)
def test_a_host_that_cannot_fetch(failing, send, tmp_path, fault, told, blob):
    failing.fault = always("GET", fault)
    with pytest.raises(ShipError, match=told) as caught:
        send(HASTY if fault == "hang" else QUICK)
    assert "X-Amz" not in str(caught.value) and "\n" not in str(caught.value)
    assert os.listdir(tmp_path / "there" / "blobs") == []
    for left in (tmp_path / "there" / "tmp").iterdir():
        assert left.stat().st_size <= blob.size_bytes
        os.utime(left, (1, 1))
    failing.fault = lambda method, key: None
    assert send() == ([blob.sha256], [])


def test_an_interrupted_fetch_goes_on_where_it_stopped(failing, send, tmp_path, blob):
    last = f"pieces/{hashlib.sha256((tmp_path / 'file').read_bytes()[-1024:]).hexdigest()}"
    failing.fault = lambda method, key: 403 if method == "GET" and key.endswith(last) else None
    with pytest.raises(ShipError, match="refuses this host"):
        send()
    (left,) = (tmp_path / "there" / "tmp").iterdir()
    assert left.stat().st_size == 19 * 1024
    os.utime(left, (1, 1))
    failing.fault = lambda method, key: None
    failing.asked.clear()
    assert send() == ([blob.sha256], []) and failing.asked["GET"] == 1


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: bytes(len(data)), lambda data: b""])
def test_a_piece_that_is_damaged_in_the_store_is_replaced(failing, send, blob, change):
    Store(URL, failing.environ, limits=QUICK).stock([blob])
    before = dict(failing.objects)
    for key in sorted(before)[:3]:
        failing.objects[key] = change(before[key])
    assert send() == ([blob.sha256], []) and failing.objects == before


def test_a_piece_that_goes_while_it_is_asked_for_is_put_again(failing, send, blob):
    def fault(method, key):
        if method == "GET" and failing.asked["GET"] == 2:
            failing.objects.pop(key)

    failing.fault = fault
    assert send() == ([blob.sha256], []) and len(failing.objects) == 20


def test_a_store_that_knows_no_conditional_puts(failing, send, blob):
    failing.knows_conditions = False
    assert send() == ([blob.sha256], []) and len(failing.objects) == 20


class Lying:
    """A host that answers whatever it is told to."""

    def __init__(self, answer):
        self.answer = answer

    def ask(self, command, /, **wish):
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"have": -1, "damaged": []},
        {"have": 5, "damaged": []},
        {"have": 1 << 60, "damaged": []},
        {"have": 0, "damaged": []},  # neither further nor a reason
        {"have": 1024, "damaged": []},
        {"have": 0, "damaged": ["0" * 64]},
        {"have": 0, "damaged": [[]]},
        {"have": 16 * 1024, "damaged": ["0" * 64]},
    ],
)
def test_a_host_that_lies_about_what_it_fetched(failing, blob, answer):
    with pytest.raises(ShipError, match="no sense"):
        Store(URL, failing.environ, limits=QUICK).bring(Lying(answer), blob, "upload-x", 0)


def test_addresses_say_nothing_of_the_secret_and_are_only_of_the_pieces(failing, blob):
    rows = []

    class Noting:
        def ask(self, command, /, **wish):
            rows.extend(wish["pieces"])
            return {"have": sum(each[1] for each in rows), "damaged": []}

    Store(URL, failing.environ, limits=QUICK).bring(Noting(), blob, "upload-x", 0)
    secret = failing.environ["AWS_SECRET_ACCESS_KEY"]
    assert len(rows) == 20 and all(
        f"/pre/pieces/{sha256}?" in address and secret not in address for sha256, _, address in rows
    )


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "pieces", "told"),
    [
        ("../blobs/x", [], "is no name"),
        ("upload-x", [["../x", 3, "http://127.0.0.1/x"]], "is no piece"),
        ("upload-x", [["0" * 64, 0, "http://127.0.0.1/x"]], "is no piece"),
        ("upload-x", [["0" * 64, 1 << 40, "http://127.0.0.1/x"]], "is no piece"),
        ("upload-x", [["0" * 64, 3, "ftp://127.0.0.1/x"]], "no way to a store"),
        ("upload-x", [["0" * 64, 3, "data:,abc"]], "no way to a store"),
        ("upload-x", [["0" * 64, 3]], "cannot be understood"),
    ],
)
def test_wishes_that_a_host_does_not_follow(host, name, pieces, told):
    host.ask("hello")
    (host.root / "tmp" / "upload-x").touch()
    assert told in host.refusal("fetch", {"name": name, "offset": 0, "pieces": pieces})
    assert os.listdir(host.root / "blobs") == []


def test_a_shared_folder_may_hold_links_and_devices(host, tmp_path):
    host.ask("hello")
    (host.root / "tmp" / "upload-x").touch()
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    wish = {"name": "upload-x", "offset": 0, "pieces": [["0" * 64, 3, f"file://{tmp_path}/link"]]}
    assert "cannot read the shared folder" in host.refusal("fetch", wish)
    wish["pieces"][0][2] = f"file://{tmp_path}/pipe"
    assert host.ask("fetch", wish) == {"have": 0, "damaged": ["0" * 64]}
    assert (host.root / "tmp" / "upload-x").read_bytes() == b""
