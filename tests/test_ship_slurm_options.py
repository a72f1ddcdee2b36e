"""What a Slurm destination may ask for, and stand-ins for Slurm's commands that fail as the real ones do."""

import os
import sys
import time

import pytest

from lazyimp.ship.channels import Access, anywhere, open_channel, slurm
from lazyimp.ship.errors import ShipError


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("partitoin=gpu", "did you mean 'partition'"),
        ("gpus=two", "nothing that Slurm takes"),
        ("gpus=1&gpus=2", "there twice"),
        ("partition=a b", "nothing that Slurm takes"),
        ("memory=-1", "nothing that Slurm takes"),
        ("extra=-o/etc/passwd", "nothing that Slurm takes"),
        ("extra=--output=/etc/passwd", "would break"),
        ("extra=--wrap=ls", "would break"),
        ("extra=--x%0A--y", "nothing that Slurm takes"),
    ],
)
def test_what_a_destination_cannot_ask_for(query, message):
    with pytest.raises(ShipError, match=message):
        slurm.options_of(query)


def test_what_a_destination_asks_for_goes_before_what_the_job_does():
    job = {"resources": {"gpus": 4, "cpus": 1.5, "memory_bytes": 3 << 30}, "limit_s": 100, "grace_s": 10}
    asked = slurm.options_of("gpus=a100:2&time=1-02:00:00&extra=--comment=x%20y&extra=--exclusive&account=me")
    assert slurm.for_job(asked, job) == [
        "--account=me", "--gres=gpu:a100:2", "--cpus-per-task=2", "--mem=3072M", "--time=1-02:00:00",
        "--comment=x y", "--exclusive",
    ]  # fmt: skip
    assert slurm.for_job({}, {"limit_s": 100, "grace_s": 10}) == ["--time=4"]
    assert slurm.for_job({}, {}) == []


def test_folders_of_this_machine_are_the_same_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert anywhere("slurm:there?gpus=1") == f"slurm:{tmp_path}/there?gpus=1"
    assert anywhere("local:a?b", "/x") == "local:/x/a?b"
    for same in (
        "slurm:",
        "slurm:?gpus=1",
        "slurm://me@login/there?gpus=1",
        "ray+http://head:8265",
        "local:",
    ):
        assert anywhere(same) == same


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put shell scripts in the place of Slurm's commands."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(**scripts):
        for name, text in scripts.items():
            path = folder / name
            path.with_suffix(".new").write_text(f"#!/bin/sh\n{text}\n")
            path.with_suffix(".new").chmod(0o755)
            path.with_suffix(".new").replace(path)

    put(sbatch="echo 12", squeue="exit 0", scancel=f"echo $* >>{tmp_path}/cancelled", sacct="exit 1")
    return put


@pytest.fixture
def channel(stand_in, tmp_path):
    made = open_channel(f"slurm:{tmp_path / 'there'}", Access())
    yield made
    made.close()


def start(channel, job="j"):
    return channel.ask("start", id=job, command=["true"])


def wait_for(channel, word, job="j"):
    end = time.monotonic() + 40
    while (state := channel.ask("state", id=job))["state"] != word:
        assert time.monotonic() < end, state
        time.sleep(0.2)
    return state


def test_a_host_without_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ShipError, match="no sbatch"):
        open_channel(f"slurm:{tmp_path / 'there'}", Access())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'sbatch: error: Invalid account' >&2; exit 1", "does not take the job: .*Invalid account"),
        ("echo Submitted", "no number of a job"),
        ("printf 'x\\033[2J'", "no number of a job"),
    ],
)
def test_a_job_that_is_not_taken_leaves_nothing(channel, stand_in, script, message):
    stand_in(sbatch=script)
    with pytest.raises(ShipError, match=message):
        start(channel)
    assert channel.ask("list") == []


def test_noise_before_the_number_and_the_name_of_a_cluster_after_it(channel, stand_in):
    stand_in(sbatch="echo welcome; echo '12;big'", squeue="echo '12|PENDING|lazyimp-j||Resources'")
    state = start(channel)
    assert (state["slurm"], state["state"], state["why"]) == ("12", "queued", "Slurm: pending (Resources)")


def test_a_job_that_slurm_forgot_is_lost_and_accounting_may_tell_more(channel, stand_in):
    stand_in(sacct="echo 'CANCELLED by 0'")
    assert start(channel)["state"] == "queued"
    state = wait_for(channel, "cancelled")
    assert state["why"] == "Slurm says CANCELLED"


def test_a_supervisor_that_could_not_start_says_why(channel, stand_in, tmp_path):
    stand_in(squeue="echo '12|FAILED|lazyimp-j|n1|NonZeroExitCode'")
    start(channel)
    start(channel, "k")
    (tmp_path / "there/jobs/j/supervisor.log").write_text("exec: /usr/bin/python3: not found\n")
    channel.ask("state", id="k")
    state = wait_for(channel, "failed")
    assert state["why"] == "Slurm says FAILED: exec: /usr/bin/python3: not found"
    assert "do its nodes see this folder" in wait_for(channel, "failed", "k")["why"]


@pytest.mark.parametrize("script", ["echo 'Unable to contact slurm controller' >&2; exit 1", "exec /nope"])
def test_a_controller_that_does_not_answer_decides_nothing(channel, stand_in, script):
    stand_in(squeue=script)
    state = start(channel)
    assert state["state"] == "queued" and state["why"].startswith("Slurm does not answer: ")


def test_answers_that_make_no_sense_decide_nothing_at_once(channel, stand_in):
    stand_in(squeue="echo '<html>'; echo '1|2'; head -c 100000 /dev/zero")
    assert start(channel)["state"] == "queued"


def test_a_number_that_was_never_noted_is_found_by_the_jobs_name(channel, stand_in, tmp_path):
    stand_in(squeue="echo '77|RUNNING|lazyimp-j|n1|None'")
    start(channel)
    note = tmp_path / "there/jobs/j/slurm.json"
    note.write_text('{"id": null}')
    assert channel.ask("state", id="j")["slurm"] == "77"
    assert note.read_text() == '{"id": "77"}'


def test_a_job_that_sbatch_is_still_asked_for_is_not_lost(channel, tmp_path):
    start(channel)
    note = tmp_path / "there/jobs/j/slurm.json"
    note.write_text('{"id": null, "gone_ns": 1}')
    assert channel.ask("state", id="j")["state"] == "queued"
    (tmp_path / "there/jobs/j/state.json").write_text('{"state": "starting", "asked_ns": 1}')
    assert channel.ask("state", id="j")["state"] == "lost"


def test_cancelling_asks_first_and_forces_after_the_grace(channel, stand_in, tmp_path):
    stand_in(squeue="echo '12|CANCELLED|lazyimp-j||None'")
    start(channel)
    assert channel.ask("cancel", id="j", grace_s=0)["state"] == "cancelled"
    assert channel.ask("cancel", id="j", grace_s=0)["state"] == "cancelled"


def test_options_reach_sbatch(stand_in, tmp_path):
    stand_in(sbatch=f"printf '%s\\n' \"$@\" >{tmp_path}/words; cat >{tmp_path}/script; echo 5")
    made = open_channel(f"slurm:{tmp_path / 'the re'}?partition=gpu&gpus=2", Access())
    start(made)
    made.close()
    words = (tmp_path / "words").read_text().splitlines()
    assert "--partition=gpu" in words and "--gres=gpu:2" in words and "--no-requeue" in words
    assert (tmp_path / "script").read_text().startswith("#!/bin/sh\nexec ")
    assert f"'{tmp_path / 'the re'}'" in (tmp_path / "script").read_text() and sys.executable
