"""Shipping over ssh to a real sshd: keys, transfers that break, clients that die, two at once."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import sshd
from run import clean_environment
from shipping import small_disk

pytest.importorskip("asyncssh")

from lazyimp.ship.carrying import Carrier, Shipped, clock_offset
from lazyimp.ship.channels import Access, open_channel, parse
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.following import Follower, exit_status
from lazyimp.ship.planning import blob_of

pytestmark = pytest.mark.skipif(bool(sshd.why_not()), reason=sshd.why_not() or "sshd")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = sshd.Sshd(tmp_path_factory.mktemp("sshd"))
    yield made
    made.stop()


@pytest.fixture
def access(server):
    return Access(str(server.known_hosts), str(server.folder / "user"))


@pytest.fixture
def there(tmp_path):
    return tmp_path / "there"


@pytest.fixture
def channel(server, access, there):
    made = open_channel(server.address(there), access)
    yield made
    made.close()


def start(channel, job, code, **wish):
    return channel.ask("start", id=job, command=[sys.executable, "-c", code], **wish)


def collect(follower, **since):
    got = {"out": b"", "err": b""}

    def sink(stream, data):
        got[stream] += data

    return follower.follow(sink, since), got


def test_output_status_and_clock(channel, there):
    start(channel, "j", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 9999); sys.exit(9)")
    state, got = collect(Follower(None, "j", channel))
    assert (exit_status(state), got["out"]) == (9, bytes(range(256)) * 9999)
    assert collect(Follower(None, "j", channel), out=256 * 9998 + 250)[1]["out"] == bytes(range(250, 256))
    offset, error = clock_offset(channel)
    assert abs(offset) <= error + 0.01 and there.stat().st_mode & 0o777 == 0o700


def test_an_unknown_host_is_refused_until_the_user_accepts_it(server, access, there, tmp_path):
    known, told = tmp_path / "known", []
    with pytest.raises(ShipError, match="accept-new"):
        open_channel(server.address(there), Access(str(known), access.identity))
    assert not known.exists() and not there.exists()
    open_channel(server.address(there), Access(str(known), access.identity, True, told.append)).close()
    assert "SHA256:" in told[0] and known.read_text() == server.line("hostkey")
    open_channel(server.address(there), Access(str(known), access.identity, True, told.append)).close()
    assert len(told) == 1


@pytest.mark.parametrize("accept_new", [False, True])
def test_a_host_that_shows_another_key_is_refused_always(server, access, there, tmp_path, accept_new):
    known = tmp_path / "known"
    known.write_text(server.line("otherkey"))
    with pytest.raises(ShipError, match="another key"):
        open_channel(server.address(there), Access(str(known), access.identity, accept_new))
    assert known.read_text() == server.line("otherkey") and not there.exists()


def test_a_key_that_is_not_let_in(server, access, there):
    with pytest.raises(ShipError, match="lets no key"):
        open_channel(server.address(there), Access(access.known_hosts, str(server.folder / "otherkey")))


def test_a_key_that_cannot_be_used(server, there, tmp_path):
    locked = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(locked)], check=True)
    for identity, told in (
        (locked, "has a passphrase; give it to an agent"),
        (tmp_path / "none", "there is no key"),
    ):
        with pytest.raises(ShipError, match=told):
            open_channel(server.address(there), Access(str(server.known_hosts), str(identity)))


def test_a_host_that_says_nothing(there, tmp_path, monkeypatch):
    monkeypatch.setattr("lazyimp.ship.channels.ssh.CONNECT_S", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        known = tmp_path / "known"
        known.write_text("")
        with pytest.raises(LostError, match="no answer in time"):
            open_channel(f"ssh://127.0.0.1:{silent.getsockname()[1]}{there}", Access(str(known)))


@pytest.mark.parametrize("more", ["", "HostKeyAlias gpu-box", "UserKnownHostsFile ~/.ssh/others"])
def test_a_name_of_the_users_own_configuration(server, tmp_path, there, monkeypatch, more):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    (home / ".ssh" / "config").write_text(
        f"Host gpu\n HostName 127.0.0.1\n Port {server.port}\n IdentityFile {server.folder}/user\n {more}\n"
    )
    with pytest.raises(ShipError, match="--accept-new"):
        open_channel(f"ssh://gpu{there}", Access())
    told = []
    open_channel(f"ssh://gpu{there}", Access(accept_new=True, tell=told.append)).close()
    name = "gpu-box" if "Alias" in more else "127.0.0.1"
    assert len(told) == 1 and f"new host [{name}]:{server.port}, " in told[0]
    file = home / ".ssh" / ("others" if "File" in more else "known_hosts")
    assert file.read_text().startswith(f"[{name}]:{server.port} ")
    open_channel(f"ssh://gpu{there}", Access()).close()
    key = server.line("otherkey").split(" ", 1)[1]
    file.write_text(f"[{name}]:{server.port} {key}")
    for accept in (False, True):
        with pytest.raises(ShipError, match="another key"):
            open_channel(f"ssh://gpu{there}", Access(accept_new=accept))


def test_nobody_there(access, there):
    with pytest.raises(LostError, match="cannot reach"):
        open_channel(f"ssh://127.0.0.1:1{there}", access)


@pytest.mark.parametrize(
    "text", ["ssh://u:secret@h/x", "ssh://", "ftp://h", "host", "ssh://-oProxyCommand=x", "local:"]
)
def test_destinations_that_are_none(text):
    with pytest.raises(ShipError) as caught:
        parse(text)
    assert "secret" not in str(caught.value)


def test_a_lost_connection_in_mid_upload_leaves_nothing_half_and_goes_on_later(
    server, access, there, tmp_path
):
    big = tmp_path / "big"
    big.write_bytes(os.urandom(1 << 20) * 48)
    blob = blob_of(str(big))
    channel = open_channel(server.address(there), access)
    cutter = threading.Thread(target=_cut_once_it_grows, args=(server, there))
    cutter.start()
    with pytest.raises(LostError, match="lost"):
        Carrier(channel).send_blob(blob, Shipped())
    channel.close()
    cutter.join()
    assert os.listdir(there / "blobs") == []
    for left in (there / "tmp").iterdir():
        os.utime(left, (1, 1))
    again, done = open_channel(server.address(there), access), Shipped()
    Carrier(again).send_blob(blob, done)
    again.close()
    assert done.sent_bytes < blob.size_bytes and os.listdir(there / "blobs") == [blob.sha256]


def _cut_once_it_grows(server, there):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if any(path.stat().st_size > 4 << 20 for path in (there / "tmp").glob("upload-*")):
            break
        time.sleep(0.001)
    server.drop()


def test_the_job_and_its_follower_survive_a_lost_connection(server, access, there):
    channel = open_channel(server.address(there), access)
    code = "import time\nfor i in range(10): print(i, flush=True); time.sleep(0.2)"
    start(channel, "j", code)
    follower = Follower(lambda: open_channel(server.address(there), access), "j", channel)
    threading.Timer(0.5, server.drop).start()
    state, got = collect(follower)
    follower.close()
    assert exit_status(state) == 0 and got["out"] == b"".join(b"%d\n" % i for i in range(10))


def test_two_clients_at_once(server, access, there, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(os.urandom(3 << 20))
    blob, failed = blob_of(str(file)), []

    def client():
        try:
            channel = open_channel(server.address(there), access)
            Carrier(channel).send_blob(blob, Shipped())
            channel.close()
        except ShipError as error:
            failed.append(error)

    clients = [threading.Thread(target=client) for _ in range(2)]
    [each.start() for each in clients]
    [each.join() for each in clients]
    assert failed == [] and os.listdir(there / "blobs") == [blob.sha256] and os.listdir(there / "tmp") == []


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", 2) as made:
        yield made


def test_a_full_disk_is_named_and_leaves_nothing_half(server, access, disk, tmp_path):
    big = tmp_path / "big"
    big.write_bytes(os.urandom(4 << 20))
    channel = open_channel(server.address(disk / "there"), access)
    with pytest.raises(ShipError, match="disk is full"):
        Carrier(channel).send_blob(blob_of(str(big)), Shipped())
    channel.close()
    assert os.listdir(disk / "there" / "blobs") == []


def test_a_folder_that_takes_nothing(server, access, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ShipError, match=r"cannot write into '.*file/x' \(.*\); is its disk full, or the folder"
    ):
        open_channel(server.address(tmp_path / "file" / "x"), access)
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "rest").write_bytes(bytes((1 << 20) - (8 << 10)))
        with pytest.raises(ShipError, match="is its disk full"):
            open_channel(server.address(disk / "x"), access)
        assert os.listdir(disk / "x") == []


def test_a_killed_client_loses_nothing(server, access, there, tmp_path):
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(tmp_path / "cache"), "TOKEN": "hunter2"}
    way = ["--to", server.address(there), "--known-hosts", access.known_hosts, "--identity", access.identity]
    lazyimp = [sys.executable, "-m", "lazyimp", "job"]
    code = "import os, time; print('up', flush=True); time.sleep(1.5); print('end', len(os.environ['TOKEN'])); exit(4)"
    words = [*lazyimp, "run", *way, "--name", "j", "--secret", "TOKEN", "--", sys.executable, "-c", code]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"up\n"
        client.send_signal(signal.SIGKILL)
    (job,) = os.listdir(there / "jobs")
    done = subprocess.run(
        [*lazyimp, "attach", job, *way[2:]], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, b"up\nend 7\n"), done.stderr
    assert not [path for path in there.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]


def test_the_first_interrupt_detaches_and_the_second_cancels(server, access, there, tmp_path):
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    way = ["--to", server.address(there), "--known-hosts", access.known_hosts, "--identity", access.identity]
    lazyimp = [sys.executable, "-m", "lazyimp", "job"]
    words = [*lazyimp, "run", *way, "--name", "j", "--", sys.executable, "-c"]
    words.append("import time; print('up', flush=True); time.sleep(60)")
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"up\n"
        client.send_signal(signal.SIGINT)
        while b"goes on" not in client.stderr.readline():
            pass
        client.send_signal(signal.SIGINT)
        said = client.stderr.read()
        assert client.wait(30) == 128 + signal.SIGTERM and b"cancelled" in said
