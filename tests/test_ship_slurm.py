"""Jobs on a real Slurm of one node: queue, output, exit status, ends of every kind, results, the report."""

import os
import signal
import subprocess
import sys
import time

import pytest
import slurm_server
import sshd
from run import clean_environment
from shipping import PYTHON, RECORDED, record_program

from lazyimp.ship.carrying import carrier_for
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.following import Follower, exit_status, fetch
from lazyimp.ship.values import JobWish, Plan

pytestmark = pytest.mark.skipif(bool(slurm_server.why_not()), reason=slurm_server.why_not() or "Slurm")
SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, print); print('up', flush=True)\nwhile True: time.sleep(1)"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    made = slurm_server.Slurm(tmp_path_factory.mktemp("slurm"))
    yield made
    made.stop()


@pytest.fixture
def there(tmp_path):
    return tmp_path / "th%jere"  # Slurm replaces %j in some of its file names


@pytest.fixture
def channel(slurm, there, monkeypatch):
    for name, value in slurm.environ.items():
        monkeypatch.setenv(name, value)
    made = open_channel(f"slurm:{there}", Access())
    yield made
    made.close()


def start(channel, job, code, **wish):
    return channel.ask("start", id=job, command=[sys.executable, "-c", code], **wish)


def collect(channel, job):
    got, told = {"out": b"", "err": b""}, []

    def sink(stream, data):
        got[stream] += data

    state = Follower(lambda: channel, job, channel, told.append).follow(sink)
    return state, got, told


def up(channel, job):
    """It runs, and has written its first word."""
    end = time.monotonic() + 60
    while not (state := channel.ask("state", id=job))["sizes"]["out"]:
        assert time.monotonic() < end, state
        time.sleep(0.1)
    return state


def test_output_exit_status_secret_and_slurms_own_variables(channel, there):
    code = (
        "import os, sys; sys.stdout.buffer.write(bytes(range(256)) * 99); print(os.environ['SLURM_JOB_ID'], "
    )
    code += "os.environ['TOKEN'], os.environ['SLURM_CPUS_PER_TASK'], file=sys.stderr); sys.exit(9)"
    began = start(channel, "j", code, secrets={"TOKEN": "t"}, resources={"cpus": 0.5}, limit_s=60)
    state, got, _ = collect(channel, "j")
    assert began["state"] in ("queued", "starting", "running") and began["slurm"] == state["slurm"]
    assert (exit_status(state), got["out"]) == (9, bytes(range(256)) * 99)
    assert got["err"].decode() == f"{state['slurm']} t 1\n"
    assert not (there / "jobs" / "j" / "secrets").exists() and state["node"]


def test_a_job_that_waits_says_so_and_is_cancelled_before_it_ever_ran(channel, there):
    start(channel, "first", SLEEPS)
    start(channel, "second", SLEEPS, secrets={"TOKEN": "t"})
    assert (there / "jobs" / "second" / "secrets").stat().st_mode & 0o777 == 0o600
    up(channel, "first")
    state = channel.ask("state", id="second")
    assert state["state"] == "queued" and state["why"].startswith("Slurm: pending (")
    assert {each["id"]: each["state"] for each in channel.ask("list")}["second"] == "queued"
    state = channel.ask("cancel", id="second", grace_s=5)
    assert state["state"] == "cancelled" and "started_ns" not in state
    assert not (there / "jobs" / "second" / "secrets").exists()
    state = channel.ask("cancel", id="first", grace_s=5)
    assert (state["state"], state["status"]) == ("cancelled", -signal.SIGTERM)


def test_the_grace_is_given_and_then_the_job_is_killed(channel):
    start(channel, "j", STUBBORN)
    up(channel, "j")
    state = channel.ask("cancel", id="j", grace_s=1)
    assert (state["state"], state["status"]) == ("cancelled", -signal.SIGKILL)


def test_somebody_elses_scancel_ends_the_job_with_its_own_grace(channel, slurm):
    state = start(channel, "j", SLEEPS, grace_s=2)
    up(channel, "j")
    slurm.run("scancel", state["slurm"])
    state, got, _ = collect(channel, "j")
    assert (state["state"], got["out"]) == ("cancelled", b"up\n")


def test_its_own_time_limit(channel):
    start(channel, "j", SLEEPS, limit_s=1, grace_s=1)
    state, _, _ = collect(channel, "j")
    assert (state["state"], state["status"]) == ("timeout", -signal.SIGTERM)


def test_slurms_own_time_limit_is_told_by_a_signal(channel, slurm):
    state = start(channel, "j", SLEEPS, grace_s=2)
    up(channel, "j")
    slurm.run("scancel", "--batch", "--signal=USR1", state["slurm"])  # what --signal=B:USR1@ has Slurm send
    state, _, _ = collect(channel, "j")
    assert (state["state"], state["status"]) == ("timeout", -signal.SIGTERM)


def test_a_login_host_over_ssh(slurm, there, tmp_path, monkeypatch):
    pytest.importorskip("asyncssh")
    if sshd.why_not():
        pytest.skip(sshd.why_not())
    monkeypatch.setattr(sshd, "CONFIG", f"{sshd.CONFIG}SetEnv SLURM_CONF={slurm.environ['SLURM_CONF']}\n")
    (tmp_path / "sshd").mkdir()
    server = sshd.Sshd(tmp_path / "sshd")
    try:
        access = Access(str(server.known_hosts), str(server.folder / "user"))
        channel = open_channel(f"slurm:{server.address(tmp_path / 'there')[4:]}?cpus=1", access)
        done = carrier_for(channel).carry(
            Plan("", JobWish((sys.executable, "-c", "print('hi'); open('x', 'w').write('y')"), outputs=("x",))),
            "j", {}, time.time_ns(),
        )  # fmt: skip
        state, got, _ = collect(channel, "j")
        assert (exit_status(state), got["out"], state["slurm"]) == (0, b"hi\n", done.state["slurm"])
        assert abs(done.offset_s) <= done.offset_error_s + 0.01
        assert fetch(channel, "j", str(tmp_path / "back")) == ["x"]
        channel.close()
    finally:
        server.stop()


def test_a_job_whose_supervisor_was_killed_is_lost_and_says_why(channel, slurm):
    start(channel, "j", SLEEPS)
    state = up(channel, "j")
    os.kill(state["supervisor"], signal.SIGKILL)
    state, got, told = collect(channel, "j")
    assert state["state"] == "lost" and got["out"] == b"up\n" and "Slurm says" in told[-1]
    assert channel.ask("state", id="j") == state


def test_what_sbatch_refuses_is_said_and_leaves_no_job(channel, slurm, there):
    closed = open_channel(f"slurm:{there}?partition=nope", Access())
    with pytest.raises(ShipError, match="invalid partition"):
        start(closed, "j", SLEEPS)
    assert closed.ask("list") == []
    closed.close()


def test_a_recorded_program_from_ship_to_its_report(slurm, there, tmp_path, run_python):
    project = tmp_path / "project"
    record = record_program(tmp_path, run_python, RECORDED, status=3)
    environment = {**clean_environment(), **slurm.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    words = [sys.executable, "-m", "lazyimp", "ship", "--to", f"slurm:{there}?partition=main&time=5"]
    words += ["--manifest", str(record), "--python", PYTHON, "--output", "*.txt", "--into", "back", "main.py"]
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "41\n"), done.stderr
    assert (project / "back" / "result.txt").read_text() == "r"
    for step in (
        "upload",
        "build",
        "in Slurm's queue (job ",
        "interpreter",
        "to first batch",
        "host's clock",
    ):
        assert step in done.stderr

    assert "time to first batch, from `lazyimp ship` on: " in done.stderr
