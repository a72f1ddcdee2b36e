"""Jobs on a Ray cluster, with a stand-in for its dashboard: what is asked of it, and what is made of its answers."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import ray_stand_in
from ray_stand_in import start
from run import clean_environment
from shipping import RECORDED, record_program

from lazyimp.manifest.archive import ArchiveError
from lazyimp.ship.carrying import Shipped, carrier_for
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.following import Follower, exit_status, fetch
from lazyimp.ship.ray import api
from lazyimp.ship.ray.packages import packages_of, runtime_env
from lazyimp.ship.results import Through
from lazyimp.ship.store import Store
from lazyimp.ship.store_access import parse_store
from lazyimp.ship.values import Blob, EnvironmentWish, JobWish, Plan

dashboard, channel = ray_stand_in.dashboard, ray_stand_in.channel
SLEEPS = "import time; print('up', flush=True); time.sleep(60)"


def collect(channel, job, **since):
    got = {"out": b"", "err": b""}

    def sink(stream, data):
        got[stream] += data

    return Follower(lambda: channel, job, channel).follow(sink, since), got


def up(channel, job):
    end = time.monotonic() + 60
    while not (state := channel.ask("state", id=job))["sizes"]["out"]:
        assert time.monotonic() < end, state
        time.sleep(0.1)
    return state


def test_output_is_byte_exact_in_two_streams_from_any_offset(channel):
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 2500); print('err', file=sys.stderr); sys.exit(9)"
    start(channel, "j", code, env={"A": "1"})
    state, got = collect(channel, "j")
    whole = bytes(range(256)) * 2500  # more than two pieces
    assert (exit_status(state), got) == (9, {"out": whole, "err": b"err\n"})
    assert collect(channel, "j", out=600_001)[1]["out"] == whole[600_001:]
    assert state["state"] == "failed" and state["node"] and state["asked_ns"] <= state["started_ns"] + 1e6


def test_results_come_back_over_the_same_port(channel, tmp_path):
    code = "import os; os.mkdir('d'); open('d/a b%.bin', 'wb').write(bytes(range(256))); open('x', 'w')"
    start(channel, "j", code, outputs=("d/**",))
    assert exit_status(collect(channel, "j")[0]) == 0
    assert fetch(channel, "j", str(tmp_path / "back")) == ["d/a b%.bin"]
    assert (tmp_path / "back" / "d" / "a b%.bin").read_bytes() == bytes(range(256))


def test_results_go_past_a_store(channel, tmp_path):
    pytest.importorskip("obstore")
    start(channel, "j", "open('x', 'w').write('1')", outputs=("x",))
    collect(channel, "j")
    store = Store(f"file://{tmp_path}/store", os.environ)
    store.parts = parse_store("s3://bucket/prefix")
    with pytest.raises(ShipError, match="over the dashboard's port; get them without --store"):
        fetch(Through(channel, store), "j", str(tmp_path / "back"))


def test_cancel_gives_the_jobs_own_grace_to_the_whole_group(channel):
    start(channel, "j", SLEEPS)
    up(channel, "j")
    state = channel.ask("cancel", id="j", grace_s=1)
    assert (state["state"], state["status"]) == ("cancelled", -signal.SIGTERM)
    assert channel.ask("cancel", id="j", grace_s=1)["state"] == "cancelled"


def test_a_job_that_waits_is_queued_and_cancelled_before_it_ran(channel, dashboard):
    dashboard.may_start.clear()
    done = start(channel, "j", SLEEPS)
    assert (done.state["state"], done.state["why"]) == ("queued", "Ray: Job has not started yet.")
    state = channel.ask("cancel", id="j", grace_s=1)
    assert state["state"] == "cancelled" and exit_status(state) == 1


def test_ray_does_not_end_a_job_that_waits_at_once(channel, dashboard, monkeypatch):
    monkeypatch.setattr("lazyimp.ship.ray.channel.PENDING_S", 0.5)
    dashboard.may_start.clear()
    start(channel, "j", SLEEPS)
    dashboard.instead["POST /api/jobs/j/stop"] = (200, b'{"stopped": true}')
    state = channel.ask("cancel", id="j", grace_s=1)
    assert state["state"] == "queued" and "only when its turn comes" in state["why"]


def test_its_time_limit(channel):
    start(channel, "j", SLEEPS, limit_s=1, grace_s=1)
    state, got = collect(channel, "j")
    assert (state["state"], got["out"]) == ("timeout", b"up\n")


def test_a_job_that_is_cut_off_is_lost_and_says_why(channel, dashboard):
    start(channel, "j", SLEEPS)
    up(channel, "j")
    dashboard.processes["j"].kill()
    state, got = collect(channel, "j")
    assert state["state"] == "lost" and "exit code -9" in state["why"] and got["out"] == b"up\n"
    os.killpg(state["group"], signal.SIGKILL)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"message": "Job entrypoint command failed with exit code 7, last available logs"}, 7),
        ({"message": "x", "driver_exit_code": -9}, 137),
        ({"message": "runtime_env setup failed: no such wheel\nuv says: no"}, 1),
    ],
)
def test_a_job_that_never_began_ends_with_what_ray_says(channel, dashboard, more, status):
    dashboard.may_start.clear()
    start(channel, "j", SLEEPS)
    dashboard.jobs["j"].update({"status": "FAILED", **more})
    state, _ = collect(channel, "j")
    assert (state["state"], exit_status(state)) == ("failed", status)
    assert state["why"].startswith("Ray says FAILED: ") and "\n" not in state["why"]


def test_a_name_that_is_taken_and_a_job_that_is_not_there(channel):
    start(channel, "j", "pass")
    with pytest.raises(ShipError, match="is there already"):
        start(channel, "j", "pass")
    with pytest.raises(ShipError, match="there is no job 'nope'"):
        channel.ask("state", id="nope")


def test_jobs_of_others_are_not_listed_and_old_ones_are_forgotten(channel, dashboard):
    dashboard.jobs["theirs"] = {"submission_id": "theirs", "status": "RUNNING", "metadata": {}}
    start(channel, "j", "pass")
    collect(channel, "j")
    assert [each["id"] for each in channel.ask("list")] == ["j"]
    assert channel.ask("sweep", older_s=100) == []
    assert channel.ask("sweep", older_s=-1) == ["jobs/j"] and list(dashboard.jobs) == ["theirs"]


def test_a_secret_goes_nowhere(channel, dashboard):
    plan = Plan("", JobWish(("true",), secrets=("TOKEN",)))
    with pytest.raises(ShipError, match="TOKEN cannot go to a Ray cluster"):
        carrier_for(channel).carry(plan, "j", {"TOKEN": "hunter2"}, 0)
    assert dashboard.packages == {} and dashboard.jobs == {}


def test_what_the_program_asks_for_and_its_runtime_env(dashboard, tmp_path):
    wheel = tmp_path / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"w")
    blob = Blob(wheel.name, str(wheel), "50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326", 1)
    wish = EnvironmentWish("n", "3.11.7", "numpy==2.3.0\n", (blob,), ("--torch-backend", "cu126"))
    plan = Plan("", JobWish(("{python}",), env={"A": "1"}, grace_s=5), wish)
    channel = open_channel(f"ray+{dashboard.url}?gpus=0.5&cpus=2&memory=1.5G", Access())
    carrier_for(channel).carry(plan, "j", {}, 0)
    (request,) = dashboard.requests
    assert (request["entrypoint_num_gpus"], request["entrypoint_num_cpus"]) == (0.5, 2)
    assert request["entrypoint_memory"] == 3 << 29
    environ = request["runtime_env"]
    assert environ["uv"]["packages"] == [
        "numpy==2.3.0", "${RAY_RUNTIME_ENV_CREATE_WORKING_DIR}/lazyimp-wheels/50e721e49c013f00/" + wheel.name
    ]  # fmt: skip
    assert environ["uv"]["uv_pip_install_options"] == [
        "--no-deps", "--only-binary", ":all:", "--torch-backend", "cu126"
    ]  # fmt: skip
    assert (
        environ["env_vars"].items() >= {"A": "1", "LAZYIMP": "safe", "RAY_JOB_STOP_WAIT_TIME_S": "35"}.items()
    )
    assert environ["working_dir"].removeprefix("gcs://") in dashboard.packages
    assert runtime_env(plan, packages_of(plan))["working_dir"] == environ["working_dir"]


def test_hashes_travel_and_a_build_for_an_accelerator_is_settled_without_asking_a_node(channel, dashboard):
    line = f"numpy==2.3.0 --hash=sha256:{'0' * 64}"
    wish = EnvironmentWish(
        "n", "3.11.7", f"{line}\n", accelerated="torch==2.13.0\n", require_hashes=True, accelerator="auto"
    )
    carrier_for(channel).carry(Plan("", JobWish(("{python}",)), wish), "j", {}, 0)
    (request,) = dashboard.requests
    asked = request["runtime_env"]["uv"]
    assert asked["packages"] == [line, "torch==2.13.0"]
    assert asked["uv_pip_install_options"] == ["--only-binary", ":all:", "--torch-backend", "cpu"]
    with pytest.raises(ShipError, match="name the build, such as --accelerator cu126"):
        carrier_for(open_channel(f"ray+{dashboard.url}?gpus=1", Access())).carry(
            Plan("", JobWish(("{python}",)), wish), "k", {}, 0
        )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"job": JobWish(("true",), image="an/image:1")}, "choose their container image"),
        ({"environment": EnvironmentWish("n", "3.11", conda="dependencies:\n")}, "conda"),
        ({"store": "s3://bucket/x"}, "leave the store out"),
    ],
)
def test_what_a_cluster_cannot_be_given_is_refused_before_anything_travels(channel, dashboard, more, message):
    with pytest.raises(ShipError, match=message):
        carrier_for(channel).carry(Plan(**{"destination": "", "job": JobWish(("true",)), **more}), "j", {}, 0)
    assert dashboard.packages == {} and dashboard.jobs == {}


def test_files_that_changed_since_they_were_planned_stop_the_upload(channel, dashboard, tmp_path):
    path = tmp_path / "in"
    path.write_bytes(b"other")
    plan = Plan("", JobWish(("true",), inputs=(Blob("in", str(path), "0" * 64, 1),)))
    with pytest.raises(ArchiveError, match="has changed since it was planned; plan again"):
        carrier_for(channel).carry(plan, "j", {}, 0)
    assert dashboard.jobs == {}


def test_a_package_larger_than_ray_takes(channel, dashboard, tmp_path):
    plan = Plan("", JobWish(("true",), inputs=(Blob("in", str(tmp_path), "0" * 64, 600 << 20),)))
    with pytest.raises(ShipError, match=r"inputs has .* bytes, and Ray takes"):
        carrier_for(channel).carry(plan, "j", {}, 0)
    assert dashboard.packages == {}


def test_the_clock_of_the_head_is_measured_in_two_ways(channel, dashboard, monkeypatch):
    offset, error = channel.api.clock()  # both clocks are this machine's
    assert abs(offset) <= error and error >= 0.5
    monkeypatch.setattr(api.Api, "clock", lambda _: None)
    done: Shipped = start(channel, "one", "pass")
    assert abs(done.offset_s) <= done.offset_error_s
    monkeypatch.setattr(
        api.Api, "clock", lambda _: (0.25, 1e-9)
    )  # a head that took its time is asked no more
    done = start(channel, "two", "pass")
    assert (done.offset_s, done.offset_error_s) == (0.25, 1e-9)


def test_a_recorded_program_from_ship_to_its_report_and_again(dashboard, tmp_path, run_python):
    project = tmp_path / "project"
    record = record_program(tmp_path, run_python, RECORDED, status=3)
    environment = {**clean_environment(), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def ship(*words):
        lazyimp = [sys.executable, "-m", "lazyimp", "ship", "--to", f"ray+{dashboard.url}"]
        return subprocess.run(
            [*lazyimp, "--manifest", str(record), *words],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    shown = ship("--dry-run", "main.py")
    assert "to ray+http" in shown.stdout and "send   code project (2/2 files" in shown.stdout, shown.stderr
    assert dashboard.packages == {} and dashboard.jobs == {}
    done = ship("--output", "r*.txt", "--into", "back", "main.py")
    assert (done.returncode, done.stdout) == (3, "41\n"), done.stderr
    assert (project / "back" / "result.txt").read_text() == "r"
    for step in ("upload", "queue", "build", "start", "interpreter", "to first batch", "head's clock"):
        assert step in done.stderr
    assert "time to first batch, from `lazyimp ship` on: " in done.stderr
    held = len(dashboard.packages)
    assert "nothing to send" in ship("main.py").stderr and len(dashboard.packages) == held
    (project / "helper.py").write_text("VALUE = 42\n")
    assert ship("main.py").stdout == "42\n" and len(dashboard.packages) == held + 1
    listed = subprocess.run(
        [sys.executable, "-m", "lazyimp", "job", "ls", "--json", "--to", f"ray+{dashboard.url}"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [each["state"] for each in json.loads(listed.stdout)] == ["failed"] * 3
