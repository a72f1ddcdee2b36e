"""Files go to a host through an object store: what travels, what is there already, what a real server says."""

import os
import signal
import subprocess
import sys
import threading

import pytest
import stores
from run import clean_environment

pytest.importorskip("obstore")

from lazyimp.ship import pieces
from lazyimp.ship.carrying import Carrier, Shipped
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import blob_of
from lazyimp.ship.store import Limits, Store

URL = f"s3://{stores.BUCKET}/pre/fix"
QUICK = Limits(attempts=3, silent_s=1, first_pause_s=0.01)


@pytest.fixture(scope="module")
def nanio(tmp_path_factory):
    pytest.importorskip("nanio")
    made = stores.Nanio(tmp_path_factory.mktemp("nanio"))
    yield made
    made.stop()


@pytest.fixture
def failing():
    made = stores.Failing()
    yield made
    made.stop()


@pytest.fixture
def channel(tmp_path):
    made = open_channel(f"local:{tmp_path / 'there'}", Access())
    yield made
    made.close()


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of 1 kB, so that small files have many."""
    for module in ("pieces", "store"):
        monkeypatch.setattr(f"lazyimp.ship.{module}.PIECE_BYTES", 1024)


def blob(tmp_path, count, name="file"):
    path = tmp_path / name
    path.write_bytes(os.urandom(count))
    return blob_of(str(path))


@pytest.fixture
def there(tmp_path):
    """The names of the blobs on the host, and of what is half there."""
    return lambda: (os.listdir(tmp_path / "there" / "blobs"), os.listdir(tmp_path / "there" / "tmp"))


@pytest.fixture
def opened(monkeypatch):
    """A store as a user's environment leads to it."""

    def make(environ, url=URL, say=lambda _: None, limits=QUICK):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return Store(url, environ, say, limits)

    return make


@pytest.mark.parametrize("count", [0, 1, 1024, 10 * 1024 + 7])
def test_a_file_travels_through_a_real_store_and_is_put_there_once(
    nanio, channel, opened, small_pieces, tmp_path, there, count
):
    one, done = blob(tmp_path, count), Shipped()
    store = opened(nanio.environ)
    Carrier(channel, store=store).send_blob(one, done)
    assert (tmp_path / "there" / "blobs" / one.sha256).read_bytes() == (tmp_path / "file").read_bytes()
    assert (store.sent_bytes, done.sent_bytes, there()[1]) == (count, count, [])
    other = open_channel(f"local:{tmp_path / 'other'}", Access())
    again = opened(nanio.environ)
    Carrier(other, store=again).send_blob(one, Shipped())
    other.close()
    assert again.sent_bytes == 0 and os.listdir(tmp_path / "other" / "blobs") == [one.sha256]


def test_a_folder_of_both_machines_is_a_store(channel, tmp_path, there, small_pieces):
    store, one = Store(f"file://{tmp_path / 'a b'}", {}), blob(tmp_path, 5000)
    Carrier(channel, store=store).send_blob(one, Shipped())
    assert there() == ([one.sha256], []) and len(os.listdir(tmp_path / "a b" / "pieces")) == 5
    [path.unlink() for path in (tmp_path / "there" / "blobs").iterdir()]
    first = sorted((tmp_path / "a b" / "pieces").iterdir())[0]
    first.unlink()
    first.mkdir()
    with pytest.raises(ShipError, match=r"^file:///"):
        Carrier(channel, store=store).send_blob(one, Shipped())
    assert there()[0] == []


def test_only_pieces_that_changed_travel_and_progress_is_shown(failing, opened, tmp_path, monkeypatch):
    monkeypatch.setattr("lazyimp.ship.store.SHOWN_FROM_BYTES", 1)
    monkeypatch.setattr("lazyimp.ship.pieces.PIECE_BYTES", 1024)
    said, one = [], blob(tmp_path, 20 * 1024)
    store = opened(failing.environ, say=said.append)
    store.stock([one])
    heads = failing.asked["HEAD"]
    store.stock([one])  # as for each blob that the host then fetches: it is known to be there
    assert failing.asked["HEAD"] == heads
    assert failing.asked["PUT"] == 20 and len(said) == 10 and said[-1].endswith(f"are in {URL}")
    with open(one.path, "r+b") as file:
        file.seek(5000)
        file.write(b"changed")
    opened(failing.environ).stock([blob_of(one.path)])
    assert failing.asked["PUT"] == 21


def test_a_file_that_changes_meanwhile_is_not_sent(failing, opened, tmp_path):
    one = blob(tmp_path, 3000)
    (tmp_path / "file").write_bytes(b"other")
    with pytest.raises(ShipError, match="has changed"):
        opened(failing.environ).stock([one])
    with pytest.raises(ShipError, match="changes while"):
        pieces.Piece("0" * 64, one.path, 0, 5).read()
    assert failing.objects == {}


def test_two_clients_at_once(failing, nanio, tmp_path, opened, small_pieces):
    one = blob(tmp_path, 40 * 1024)
    for environ in (nanio.environ, failing.environ):  # one ignores conditional puts, the other honours them
        clients = [opened(environ) for _ in range(2)]
        failed = []

        def client(store, failed=failed):
            try:
                channel = open_channel(f"local:{tmp_path / 'there'}", Access())
                Carrier(channel, store=store).send_blob(one, Shipped())
                channel.close()
            except ShipError as error:
                failed.append(error)

        threads = [threading.Thread(target=client, args=(each,)) for each in clients]
        [each.start() for each in threads]
        [each.join() for each in threads]
        assert failed == [] and os.listdir(tmp_path / "there" / "blobs") == [one.sha256]
        assert os.listdir(tmp_path / "there" / "tmp") == []
        (tmp_path / "there" / "blobs" / one.sha256).unlink()
    assert len(failing.objects) == 40


def test_wrong_credentials_and_a_bucket_that_is_not_there(nanio, opened, tmp_path):
    one = blob(tmp_path, 10)
    with pytest.raises(
        ShipError, match=r"credentials are wrong.*SignatureDoesNotMatch.*AWS_ACCESS"
    ) as caught:
        opened({**nanio.environ, "AWS_SECRET_ACCESS_KEY": "another"}).stock([one])
    assert "another" not in str(caught.value) and "hunter2" not in str(caught.value)
    with pytest.raises(ShipError, match="no such bucket"):
        opened(nanio.environ, "s3://nobucket/x").stock([one])


def test_nobody_there(opened, tmp_path):
    with pytest.raises(ShipError, match="nobody answers there, 3 times"):
        opened(stores.access(1)).stock([blob(tmp_path, 10)])


def test_the_users_profile_lets_in(nanio, tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[mine]\naws_access_key_id = {nanio.environ['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {nanio.environ['AWS_SECRET_ACCESS_KEY']}\n"
    )
    (tmp_path / ".aws" / "config").write_text(
        f"[profile mine]\nregion = us-east-1\nendpoint_url = {nanio.environ['AWS_ENDPOINT_URL']}\n"
    )
    one = blob(tmp_path, 10)
    store = Store(URL, {"HOME": str(tmp_path), "AWS_PROFILE": "mine"}, limits=QUICK)
    store.stock([one])
    assert store.sent_bytes == 10


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://key:secret@bucket/x", "would be seen"),
        ("s3://", "names no bucket"),
        ("s3://bucket/../x", "may not hold"),
        ("file://host/x", "no folder"),
        ("file:///", "no folder"),
        ("memory:///", "gone with this command"),
        ("ftp://x/y", "is no store"),
        ("bucket/x", "is no store"),
        ("s3://bucket/x?y=1", "is no store"),
        ("az://container/x", "AZURE_STORAGE_ACCOUNT_NAME"),
    ],
)
def test_stores_that_are_none(url, told):
    with pytest.raises(ShipError, match=told) as caught:
        Store(url, {})
    assert "secret@" not in str(caught.value) and "\n" not in str(caught.value)


def test_gc_removes_old_pieces_and_nothing_else(failing, nanio, opened, tmp_path):
    one = blob(tmp_path, 10)
    store = opened(nanio.environ)
    store.stock([one])
    new = [each.name for each in nanio.pieces()]
    assert store.sweep(0, nanio.pieces()[0].stat().st_mtime) == []
    gone = store.sweep(0, nanio.pieces()[-1].stat().st_mtime + 86500)
    assert gone == [f"pieces/{name}" for name in new] and nanio.pieces() == []
    old = {f"pre/fix/pieces/{'0' * 64}": b"", "pre/fix/pieces/notes.txt": b"", "pre/fix/other": b""}
    failing.objects.update(old)
    failing.fault = lambda method, key: 503 if method == "GET" else None
    with pytest.raises(ShipError, match="HTTP 503 SlowDown"):
        opened(failing.environ).sweep(0, 2e9)
    assert failing.objects == old


def lazyimp(tmp_path, environ, *words):
    return subprocess.run(
        [sys.executable, "-m", "lazyimp", *map(str, words)],
        cwd=tmp_path,
        env={**clean_environment(), **environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_job_whose_files_go_through_a_store(nanio, tmp_path):
    (tmp_path / "in.txt").write_text("input")
    code = "import os; print(open('d/in.txt').read(), sorted(n for n in os.environ if n.startswith('AWS_')))"
    (tmp_path / "job.toml").write_text(
        f"command = ['{sys.executable}', '-c', \"{code}\"]\nto = 'local:{tmp_path}/there'\n"
        f"store = '{URL}'\ninputs = {{'d/in.txt' = 'in.txt'}}\n"
    )
    done = lazyimp(tmp_path, nanio.environ, "job", "run", "job.toml")
    assert done.returncode == 0 and done.stdout.startswith("input "), done.stderr
    assert "1 file, 5 B; 5 B of it new to the store" in done.stderr
    secret = nanio.environ["AWS_SECRET_ACCESS_KEY"].encode()
    held = [path for path in (tmp_path / "there").rglob("*") if path.is_file()]
    assert held and not [
        path for path in held if secret in path.read_bytes() or b"X-Amz" in path.read_bytes()
    ]
    done = lazyimp(tmp_path, nanio.environ, "job", "gc", "--store", URL, "--to", f"local:{tmp_path}/there")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_store_is_no_host(tmp_path):
    done = lazyimp(tmp_path, {}, "job", "run", "--to", "s3://bucket/x", "--", "true")
    assert (done.returncode, done.stdout) == (1, "") and "--store" in done.stderr
    assert len(done.stderr.splitlines()) == 1


CLIENT = """
import sys
from lazyimp.ship import pieces, store
from lazyimp.ship.planning import blob_of
pieces.PIECE_BYTES = store.PIECE_BYTES = 1024
import os
store.Store(sys.argv[1], os.environ).stock([blob_of(sys.argv[2])])
"""


def test_a_killed_client_is_resumed_where_it_stopped(failing, tmp_path, opened, channel, small_pieces, there):
    one = blob(tmp_path, 60 * 1024)
    enough = threading.Event()

    def fault(method, key):
        if len(failing.objects) < 30 or method != "PUT":
            return None
        enough.set()
        return "hang"

    failing.fault = fault
    words = [sys.executable, "-c", CLIENT, URL, one.path]
    with subprocess.Popen(words, env={**clean_environment(), **failing.environ}) as client:
        assert enough.wait(30)
        client.send_signal(signal.SIGKILL)
    failing.released.set()
    failing.fault = lambda method, key: None
    there_already = len(failing.objects)
    assert there_already >= 30
    failing.asked.clear()
    Carrier(channel, store=opened(failing.environ)).send_blob(one, Shipped())
    assert failing.asked["PUT"] == 60 - there_already and there() == ([one.sha256], [])
