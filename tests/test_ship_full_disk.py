"""A full disk on the host: it is named, nothing is half there, and the end of the job that filled it is known."""

import os
import sys

import pytest
from shipping import Host, digest_of, small_disk, tar

from lazyimp.ship.following import exit_status


@pytest.fixture
def host(tmp_path):
    """A host whose folder is on a disk of 3 MB."""
    made = Host(tmp_path)
    with small_disk(made.root, 3):
        yield made
        made.close()


def test_code_that_does_not_fit(host):
    files = {"a": bytes(2 << 20), "b": bytes(2 << 20)}
    wish = {"digest": digest_of(files), "blob": host.blob(tar(list(files.items())))}
    assert "No space left" in host.refusal("unpack", wish)
    assert os.listdir(host.root / "code") == os.listdir(host.root / "tmp") == []


def test_inputs_that_do_not_fit(host):
    blob = host.blob(bytes(2 << 20))
    assert "No space left" in host.refusal("start", {"id": "j", "command": ["true"], "inputs": {"x": blob}})
    assert os.listdir(host.root / "jobs") == os.listdir(host.root / "tmp") == []


def test_an_environment_that_does_not_fit(host):
    (host.root / "filler").write_bytes(bytes((3 << 20) - (1 << 13)))
    host.refusal("build", {"name": "e", "python": sys.executable})
    assert os.listdir(host.root / "envs") == os.listdir(host.root / "tmp") == []


FILL = """
import os, sys
descriptor = os.open("big", os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(descriptor, bytes(4096))
except OSError:
    os._exit(7)
"""


def test_the_end_of_a_job_that_filled_the_disk_is_known(host):
    host.job("j", FILL, outputs=["big"])
    state = host.end("j")
    assert (state["state"], exit_status(state)) == ("failed", 7)
    assert [row[0] for row in host.ask("outputs", {"id": "j"})] == ["big"]
    assert host.ask("sweep", {"older_s": 0}) == ["jobs/j"]
