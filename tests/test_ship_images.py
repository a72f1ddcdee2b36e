"""A job in a container: pulled once, mounted where it is, secrets off every command line, ended with the job."""

import json

import pytest
from shipping import Host, digest_of, tar
from standins import DOCKER, NVIDIA, tool

from lazyimp.ship.carrying import refuse
from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.settling import settled
from lazyimp.ship.values import JobWish, Plan


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path / "bin"


@pytest.fixture
def host(tmp_path, path):
    made = Host(tmp_path)
    yield made
    made.close()


def calls(tmp_path, word):
    lines = (tmp_path / "log").read_text().splitlines()
    return [words for words in map(json.loads, lines) if words[0] == word]


CODE = """
import os, helper
print(helper.VALUE, os.environ["IN_CONTAINER"], len(os.environ["TOKEN"]), os.environ["A"], os.environ["HOME"])
open("out.txt", "w").write("made")
raise SystemExit(5)
"""


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_job_runs_in_an_image(host, tmp_path, path, engine):
    tool(path, engine, DOCKER, log=str(tmp_path / "log"), info=0)
    tool(path, "nvidia-smi", NVIDIA, count=2)
    assert host.ask("facts")["engine"]["name"] == engine
    assert host.ask("image", {"image": "an/image:1"})["reused"] is False
    assert host.ask("image", {"image": "an/image:1"})["reused"] is True
    assert len(calls(tmp_path, "pull")) == 1
    files = {"helper.py": b"VALUE = 41\n"}
    host.ask("unpack", {"digest": digest_of(files), "blob": host.blob(tar(list(files.items())))})
    wish = {
        "id": "j", "command": ["python", "-c", CODE], "image": "an/image:1", "env": {"A": "a b"},
        "secrets": {"TOKEN": "hunter2"}, "code": [digest_of(files)], "outputs": ["*.txt"], "resources": {"gpus": 1},
    }  # fmt: skip
    host.ask("start", wish)
    assert host.end("j")["status"] == 5
    assert (host.root / "jobs" / "j" / "out.log").read_text() == "41 1 7 a b /tmp\n"
    assert [row[:2] for row in host.ask("outputs", {"id": "j"})] == [["out.txt", 4]]
    (words,) = calls(tmp_path, "run")
    gpu = ["--gpus", '"device=GPU-00000000-aaaa"']
    gpu = gpu if engine == "docker" else ["--device", "nvidia.com/gpu=GPU-00000000-aaaa"]
    assert gpu == words[words.index(gpu[0]) :][:2] and "CUDA_VISIBLE_DEVICES" not in words
    assert f"{host.root}/code/{digest_of(files)}:{host.root}/code/{digest_of(files)}:ro" in words
    assert "hunter2" not in (tmp_path / "log").read_text() and "a b" not in words
    assert calls(tmp_path, "rm") == [["rm", "--force", "lazyimp-j"]]


def test_a_cancelled_job_takes_its_container_with_it(host, tmp_path, path):
    tool(path, "docker", DOCKER, log=str(tmp_path / "log"), info=0)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    host.ask("start", {"id": "j", "command": ["python", "-c", code], "image": "an/image:1"})
    host.ask("wait", {"id": "j", "within_s": 20, "sizes": {"out": 0, "err": 0}})
    assert host.ask("cancel", {"id": "j", "grace_s": 0.1})["state"] == "cancelled"
    assert calls(tmp_path, "rm") == [["rm", "--force", "lazyimp-j"]]


def test_an_image_that_cannot_be_had(host, tmp_path, path):
    tool(path, "docker", DOCKER, log=str(tmp_path / "log"), info=0)
    assert "cannot get the image 'no-such:1':\npull access denied" in host.refusal(
        "image", {"image": "no-such:1"}
    )


@pytest.mark.parametrize("engine", ["none", "one that does not answer"])
def test_a_host_without_an_engine_is_refused_before_anything_travels(tmp_path, path, engine):
    if engine != "none":
        tool(path, "docker", DOCKER, log=str(tmp_path / "log"), info=1)
    channel = open_channel(f"local:{tmp_path / 'there'}", Access())
    plan = Plan("local:x", JobWish(("true",), image="an/image:1"))
    with pytest.raises(ShipError, match="no docker or podman answers on the host; start one"):
        refuse(settled(plan, channel))
    with pytest.raises(ShipError, match="no docker or podman answers"):
        channel.ask("image", image="an/image:1")
    channel.close()
