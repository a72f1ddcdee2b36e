"""What a host has is asked before anything travels: GPUs, processors, memory; two jobs never share a GPU."""

import os
import sys
from dataclasses import replace

import pytest
from shipping import Asked, Host
from standins import BROKEN_NVIDIA, NVIDIA, tool

from lazyimp.manifest.values import LocalPart, Target
from lazyimp.ship.carrying import refuse
from lazyimp.ship.errors import ShipError
from lazyimp.ship.host import resources
from lazyimp.ship.planning import named
from lazyimp.ship.settling import settled, unfit
from lazyimp.ship.values import Blob, EnvironmentWish, JobWish, Lack, Plan, Resources

FIRST, SECOND = "GPU-00000000-aaaa", "GPU-10000000-aaaa"


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    made = Host(tmp_path)
    yield made
    made.close()


def plan(accelerator="", **wanted):
    wish = EnvironmentWish("", "3.11", accelerated="torch==2.0\n", accelerator=accelerator)
    return Plan("local:x", JobWish(("true",), resources=Resources(**wanted)), named(wish))


def test_gpus_as_nvidia_smi_lists_them(host, tmp_path):
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=2)
    facts = host.ask("facts")
    assert [each["id"] for each in facts["gpus"]] == [FIRST, SECOND]
    assert facts["driver"] == "550.54.15" and facts["gpu_trouble"] == ""


def test_a_host_without_gpus_and_one_whose_driver_fails(host, tmp_path):
    assert host.ask("facts")["gpus"] == []
    tool(tmp_path / "bin", "nvidia-smi", BROKEN_NVIDIA)
    assert "couldn't communicate" in host.ask("facts")["gpu_trouble"]
    assert "couldn't communicate" in host.refusal("start", _job("j", 1))


@pytest.mark.parametrize(
    ("visible", "ids"), [("1", [SECOND]), ("", []), ("GPU-0", [FIRST]), ("0,1", [FIRST, SECOND])]
)
def test_the_hosts_own_choice_of_devices_holds(tmp_path, monkeypatch, visible, ids):
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=2)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [each["id"] for each in resources.gpus()[0]] == ids


def _job(name, gpus, code="import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"):
    return {"id": name, "command": [sys.executable, "-c", code], "resources": {"gpus": gpus}}


def test_two_jobs_get_different_gpus_and_the_third_is_refused_until_one_ends(host, tmp_path):
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=2)
    code = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); time.sleep(60)"
    host.ask("start", _job("a", 1, code))
    host.ask("start", _job("b", 1, code))
    given = [host.ask("wait", {"id": each, "within_s": 20, "sizes": {"out": 0, "err": 0}}) for each in "ab"]
    assert [state["state"] for state in given] == ["running", "running"]
    said = host.refusal("start", _job("c", 1))
    assert "of 2 here 0 are free; a, b hold the others" in said and "c" not in os.listdir(host.root / "jobs")
    logs = [(host.root / "jobs" / each / "out.log").read_text().strip() for each in "ab"]
    assert logs == [FIRST, SECOND]
    host.ask("cancel", {"id": "a", "grace_s": 0})
    host.ask("start", _job("c", 1))
    assert host.end("c")["status"] == 0
    assert (host.root / "jobs" / "c" / "out.log").read_text() == f"{FIRST}\n"
    host.ask("cancel", {"id": "b", "grace_s": 0})


def test_more_than_the_host_has_is_refused_there_too(host):
    wish = {"id": "j", "command": ["true"]}
    assert "processors" in host.refusal("start", {**wish, "resources": {"cpus": 10_000}})
    assert "memory" in host.refusal("start", {**wish, "resources": {"memory_bytes": 1 << 60}})
    assert os.listdir(host.root / "jobs") == os.listdir(host.root / "tmp") == []


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"gpus": 3}, "3 GPUs cannot be had there: the host has 2"),
        ({"cpus": 10_000}, "10000 processors cannot be had there"),
        ({"memory_bytes": 1 << 60}, "of memory cannot be had there"),
    ],
)
def test_resources_are_checked_before_anything_travels(host, tmp_path, wanted, told):
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=2)
    with pytest.raises(ShipError, match=told):
        refuse(settled(plan("cpu", **wanted), Asked(host)))
    refuse(settled(plan("cpu", gpus=2, cpus=1, memory_bytes=1 << 20), Asked(host)))


def test_tools_that_a_plan_does_not_need_are_not_started(host, tmp_path):
    for name in ("nvidia-smi", "docker"):
        tool(
            tmp_path / "bin",
            name,
            "raise SystemExit(open({log!r}, 'w').close())",
            log=str(tmp_path / "started"),
        )
    settled(plan("cpu", cpus=1), Asked(host))
    assert not (tmp_path / "started").exists()
    settled(plan("auto"), Asked(host))
    assert (tmp_path / "started").exists()


def test_auto_takes_cuda_where_the_host_has_it_and_says_so(host, tmp_path):
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=2)
    found = settled(plan("auto"), Asked(host))
    assert found.environment.arguments == ("--torch-backend", "auto")
    assert found.notes == ("accelerator cuda: 2 x NVIDIA A100-SXM4-80GB, driver 550.54.15",)
    assert settled(found, Asked(host)) == found  # what is decided stays
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA.replace("550", "580"), count=2)
    assert settled(plan("auto"), Asked(host)).environment.name != found.environment.name


def test_auto_takes_cpu_elsewhere_and_cuda_is_refused(host):
    found = settled(plan("auto"), Asked(host))
    assert found.environment.arguments == ("--torch-backend", "cpu")
    assert found.notes == ("accelerator cpu: the host has no GPU of NVIDIA's",)
    with pytest.raises(ShipError, match="no GPU of NVIDIA's; use another host, or --accelerator cpu"):
        refuse(settled(plan("cuda"), Asked(host)))


def test_one_that_is_named_is_taken_as_it_is(host):
    class Silent:
        def ask(self, command, /, **wish):
            raise AssertionError(command)

    found = settled(plan("cu126"), Silent())
    assert found.environment.arguments == ("--torch-backend", "cu126") and found.notes == ()
    found = settled(plan("index"), Silent())
    assert found.environment.arguments == () and found.environment.accelerated == "torch==2.0\n"
    nothing = replace(plan(), environment=replace(plan().environment, accelerated=""))
    assert settled(nothing, Silent()) == nothing


def cgroup(folder, lines, files):
    (folder / "self").mkdir(parents=True)
    (folder / "self" / "cgroup").write_text(lines)
    (folder / "meminfo").write_text("MemTotal:       8388608 kB\n")
    for name, text in files.items():
        path = folder / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder), str(folder / "sys")


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1073741824", "a/b/cpu.max": "50000 100000"}),
        (
            "4:memory:/a\n1:cpu,cpuacct:/a\n0::/\n",
            {
                "memory/a/memory.limit_in_bytes": "1073741824",
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "cpu,cpuacct/a/cpu.cfs_quota_us": "50000",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
            },
        ),
    ],
    ids=["version 2", "version 1"],
)
def test_limits_of_cgroups_count(tmp_path, lines, files):
    places = cgroup(tmp_path, lines, files)
    assert (resources.memory_bytes(*places), resources.cpus(*places)) == (1 << 30, 0.5)


def test_without_limits_the_machine_counts(tmp_path):
    places = cgroup(tmp_path, "0::/a\n", {"a/memory.max": "max", "a/cpu.max": "max 100000"})
    assert resources.memory_bytes(*places) == 8 << 30
    assert resources.cpus(*places) == resources.cpus("/no/such/folder", "/no/such/folder") >= 1


def test_the_recorded_accelerator_is_exact_and_another_needs_more(host, tmp_path):
    wish = replace(plan("auto").environment, requirements="a==1\nz==1 --hash=sha256:0\n", exact_for="cpu")
    here = replace(plan(), environment=named(wish))
    found = settled(here, Asked(host)).environment
    assert (found.requirements, found.accelerated) == ("a==1\ntorch==2.0\nz==1 --hash=sha256:0\n", "")
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=1)
    found = settled(here, Asked(host)).environment
    assert (found.requirements, found.accelerated) == (wish.requirements, "torch==2.0\n")


def test_a_wheel_at_hand_travels_where_the_accelerator_is_the_recorded_one(host, tmp_path):
    wheel = Blob("torch-2.0+cpu-cp311-cp311-linux_x86_64.whl", "/x", "0", 1)
    wish = replace(plan("auto").environment, requirements="a==1\n", exact_for="cpu", exact_wheels=(wheel,))
    here = replace(plan(), environment=named(wish))
    found = settled(here, Asked(host)).environment
    assert (found.requirements, found.wheels, found.arguments) == ("a==1\n", (wheel,), ())
    tool(tmp_path / "bin", "nvidia-smi", NVIDIA, count=1)
    found = settled(here, Asked(host)).environment
    assert (found.accelerated, found.wheels, found.exact_wheels) == ("torch==2.0\n", (), ())


def test_what_is_compiled_for_another_machine_is_refused():
    wheels = (Blob("a-1-py3-none-any.whl", "", "0", 1), Blob("b-1-cp311-cp311-linux_x86_64.whl", "", "1", 1))
    made = named(EnvironmentWish("", "3.11", wheels=wheels), Target("3.11"))
    part = LocalPart("code", "/", "local-binary", (), tags=("cp311-cp311-linux_x86_64",))
    here = Plan("local:x", JobWish(("true",)), made, (part,))
    other = Lack(True, system="linux", machine="aarch64")
    assert [each.what for each in unfit(here, other)] == ["b-1-cp311-cp311-linux_x86_64.whl", "code"]
    assert "made for x86_64 linux, and the host is aarch64 linux" in unfit(here, other)[0].why
    assert unfit(here, replace(other, machine="x86_64")) == ()
    assert (
        "--system macos --architecture arm64"
        in unfit(here, replace(other, system="darwin", machine="arm64"))[0].way_out
    )


class Scheduler:
    """A channel to a cluster."""

    scheduler = "Slurm"

    def __init__(self, wants_gpus=False):
        self.wants_gpus = wants_gpus

    def ask(self, command, /, **wish):
        raise AssertionError(command)


def test_nodes_that_a_scheduler_chooses_are_not_asked():
    found = settled(plan("auto", cpus=10_000), Scheduler())
    assert found.environment.arguments == ("--torch-backend", "cpu") and found.refused == ()
    assert "Slurm chooses a node later" in found.notes[0]
    for wished in (plan("auto", gpus=1), plan("cuda")):
        with pytest.raises(ShipError, match="name the build, such as --accelerator cu126"):
            refuse(settled(wished, Scheduler()))
    assert settled(plan("cu126", gpus=1), Scheduler()).refused == ()


def test_gpus_that_the_destination_asks_for_count_and_images_are_refused():
    with pytest.raises(ShipError, match="name the build, such as --accelerator cu126"):
        refuse(settled(plan("auto"), Scheduler(wants_gpus=True)))
    assert settled(plan("cu126"), Scheduler(wants_gpus=True)).refused == ()
    with pytest.raises(ShipError, match="image an/image:1 cannot be had there: Slurm chooses a node later"):
        refuse(settled(Plan("local:x", JobWish(("true",), image="an/image:1")), Scheduler()))
