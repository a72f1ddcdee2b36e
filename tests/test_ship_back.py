"""What comes back from a host: within limits, byte for byte, whole or not at all, whatever happens on the way."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sshd
from run import clean_environment
from shipping import Host, commands, digest_of, small_disk, tar

from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.following import Follower, exit_status, fetch

SHA = "0" * 64


class Lying:
    """A host that lists what it is told to, and serves a file without end."""

    def __init__(self, rows):
        self.rows, self.served = rows, 0

    def ask(self, command, /, **wish):
        return self.rows

    def get(self, place, path, size_bytes):
        self.served += size_bytes
        Path(path).write_bytes(b"x" * size_bytes)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [["a", 60, SHA, "/a"], ["b", 70, SHA, "/b"]],
            r"2 files of 130 B, more than the limit of 100 B; .*'b' \(70 B\)",
        ),
        ([["a", 1, SHA, "/a"], ["a", 1, SHA, "/a"]], "twice"),
        ([["a", "many", SHA, "/a"]], "no sense"),
        ([[f"f{n}", 0, SHA, "/a"] for n in range(100_001)], "100001 files, and 100000 are"),
        ([["a", 1, SHA, "/a"], ["../b", 1, SHA, "/b"]], "leads out"),
    ],
)
def test_a_list_that_cannot_be_brought_is_refused_whole(tmp_path, rows, told):
    host = Lying(rows)
    with pytest.raises(ShipError, match=told):
        fetch(host, "j", str(tmp_path / "back"), most_bytes=100)
    assert host.served == 0 and not (tmp_path / "back").exists()


def test_two_names_of_one_file_are_refused(tmp_path):
    """As they are where a file system does not tell case apart."""
    folder = tmp_path / "back"
    (folder / "x").mkdir(parents=True)
    (folder / "y").symlink_to("x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of "x"
    with pytest.raises(ShipError, match="written over another"):
        fetch(Lying([["x/f", 1, digest, "/a"], ["y/f", 1, digest, "/b"]]), "j", str(folder))
    assert os.listdir(folder / "x") == ["f"]


def test_no_more_of_a_file_is_taken_than_was_said(tmp_path):
    channel = open_channel(f"local:{tmp_path / 'there'}", Access())
    channel.get("/dev/zero", str(tmp_path / "got"), 1000)
    channel.close()
    assert (tmp_path / "got").stat().st_size == 1000


BYTES = b"\r 10%\r 20%\xff\x00\r\n\x1b[2Kend \xc3"


def test_every_offset_gives_the_rest_byte_for_byte(tmp_path):
    channel = open_channel(f"local:{tmp_path / 'there'}", Access())
    code = f"import sys; [s.buffer.write({BYTES!r}) for s in (sys.stdout, sys.stderr)]"
    channel.ask("start", id="j", command=[sys.executable, "-c", code])
    channel.ask("wait", id="j", within_s=30, ended=True)
    for offset in range(len(BYTES) + 2):
        got = {"out": b"", "err": b""}

        def sink(stream, data, got=got):
            got[stream] += data

        Follower(None, "j", channel).follow(sink, {"out": offset, "err": offset})
        assert got == {"out": BYTES[offset:], "err": BYTES[offset:]}
    channel.close()


PROGRESS = """
import sys, time
for part in range(4):
    sys.stdout.buffer.write(b"\\r%d%%\\xff" % part)
    sys.stdout.flush()
    while part == 1 and not __import__("os").path.exists("go"):
        time.sleep(0.01)
"""


def test_a_progress_bar_is_shown_while_it_moves_and_replayed_as_it_was(tmp_path):
    lazyimp = commands(tmp_path)
    way = ["job", "run", "--to", f"local:{tmp_path / 'there'}", "--name", "j"]
    assert lazyimp(*way, "--detach", "--", sys.executable, "-c", PROGRESS).returncode == 0
    (job,) = os.listdir(tmp_path / "there" / "jobs")
    words = [sys.executable, "-m", "lazyimp", "job", "attach", job]
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as client:
        assert client.stdout.read(8) == b"\r0%\xff\r1%\xff"  # no line has ended, and the job waits
        (tmp_path / "there" / "jobs" / job / "work" / "go").touch()
        assert client.stdout.read() == b"\r2%\xff\r3%\xff"
    words = [sys.executable, "-m", "lazyimp", "job", "attach", job, "--since", "5"]
    assert (
        subprocess.run(words, env=environment, capture_output=True, check=True).stdout
        == b"1%\xff\r2%\xff\r3%\xff"
    )


def test_the_first_interrupt_leaves_the_job_to_its_end(tmp_path):
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    words = [sys.executable, "-m", "lazyimp", "job", "run", "--to", f"local:{tmp_path / 'there'}", "--"]
    code = "import os, time; print('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('end')"
    with subprocess.Popen(
        [*words, sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as client:
        assert client.stdout.readline() == b"up\n"
        client.send_signal(signal.SIGINT)
        assert client.wait(60) == 130 and b"goes on" in client.stderr.read()
    (job,) = os.listdir(tmp_path / "there" / "jobs")
    (tmp_path / "there" / "jobs" / job / "work" / "go").touch()
    words = [sys.executable, "-m", "lazyimp", "job", "attach", job]
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"up\nend\n")


def test_outputs_over_the_limit_stay_there_and_can_be_had(tmp_path):
    lazyimp = commands(tmp_path)
    code = "open('big', 'w').write('x' * 2000)"
    way = ["job", "run", "--to", f"local:{tmp_path / 'there'}", "--output", "big"]
    done = lazyimp(
        *way, "--into", "back", "--output-limit", "1kB", "--quiet", "--", sys.executable, "-c", code
    )
    assert done.returncode == 1 and "1 files of 2.0 kB, more than the limit of 1.0 kB" in done.stderr
    assert not (tmp_path / "project" / "back").exists()
    (job,) = os.listdir(tmp_path / "there" / "jobs")
    assert lazyimp("job", "get", job, "--into", "back", "--output-limit", "2.2kB").stdout == "back/big\n"
    assert (tmp_path / "project" / "back" / "big").stat().st_size == 2000


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    made.close()


def test_a_job_that_was_killed_says_by_what(host):
    state = host.job("j", "import time; print(1, flush=True); time.sleep(60)")
    os.killpg(state["group"], signal.SIGKILL)
    state = host.end("j")
    assert (state["state"], state["status"], exit_status(state)) == ("failed", -9, 137)


def test_what_a_job_left_running_ends_with_it(host):
    code = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid)"
    host.job("j", code)
    assert host.end("j")["status"] == 0
    child = int((host.root / "jobs" / "j" / "out.log").read_text())
    end = time.monotonic() + 20
    while time.monotonic() < end and os.path.exists(f"/proc/{child}"):
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.02)
    else:
        assert not os.path.exists(f"/proc/{child}")


def test_two_clients_unpack_one_part(tmp_path, host):
    files = {f"f{number}.py": b"x" * 1000 for number in range(200)}
    wish = {"digest": digest_of(files), "blob": host.blob(tar(list(files.items())))}
    other, answers = Host(tmp_path), []
    clients = [
        threading.Thread(target=lambda at=at: answers.append(at.ask("unpack", wish))) for at in (host, other)
    ]
    [each.start() for each in clients]
    [each.join() for each in clients]
    other.close()
    assert sorted(each["reused"] for each in answers) == [False, True]
    assert (
        len(list((host.root / "code" / wish["digest"]).iterdir())) == 200
        and os.listdir(host.root / "tmp") == []
    )


def test_two_clients_start_one_job(tmp_path, host):
    other, answers = Host(tmp_path), []
    wish = {"id": "j", "command": [sys.executable, "-c", "print(1)"]}
    clients = [
        threading.Thread(target=lambda at=at: answers.append(at.answer("start", wish)))
        for at in (host, other)
    ]
    [each.start() for each in clients]
    [each.join() for each in clients]
    other.close()
    assert sorted("ok" in each for each in answers) == [False, True]
    assert host.end("j")["status"] == 0 and (host.root / "jobs" / "j" / "out.log").read_text() == "1\n"


needs_sshd = pytest.mark.skipif(bool(sshd.why_not()), reason=sshd.why_not() or "sshd")


@pytest.fixture
def server(tmp_path_factory):
    pytest.importorskip("asyncssh")
    made = sshd.Sshd(tmp_path_factory.mktemp("sshd"))
    yield made
    made.stop()


@pytest.fixture
def channel(server, tmp_path):
    made = open_channel(
        server.address(tmp_path / "there"), Access(str(server.known_hosts), str(server.folder / "user"))
    )
    yield made
    made.close()


def _made(channel, mebibytes):
    code = f"import os; open('big', 'wb').write(os.urandom({mebibytes} << 20))"
    channel.ask("start", id="j", command=[sys.executable, "-c", code], outputs=["big"])
    assert channel.ask("wait", id="j", within_s=60, ended=True)["status"] == 0


@needs_sshd
def test_a_connection_lost_in_mid_download_leaves_nothing_half(server, channel, tmp_path, caplog):
    _made(channel, 64)
    back = tmp_path / "back"
    cutter = threading.Thread(target=_cut_once_it_grows, args=(server, back))
    cutter.start()
    with pytest.raises(LostError, match="lost"):
        fetch(channel, "j", str(back))
    cutter.join()
    assert os.listdir(back) == []
    channel.close()
    gc.collect()
    assert caplog.text == ""  # requests that were under way are not heard of


def _cut_once_it_grows(server, folder):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if any(path.stat().st_size > 1 << 20 for path in folder.glob(".lazyimp-get-*")):
            break
        time.sleep(0.001)
    server.drop()


@needs_sshd
def test_a_full_disk_here_is_named_and_leaves_nothing_half(channel, tmp_path):
    with small_disk(tmp_path / "disk", 2) as disk:
        _made(channel, 4)
        with pytest.raises(ShipError, match=r"cannot write .*No space left"):
            fetch(channel, "j", str(disk / "back"))
        assert os.listdir(disk / "back") == []
