"""A recorded program goes to a real sshd through a real store, as a user types it."""

import os
import subprocess
import sys

import pytest
import sshd
import stores
from run import clean_environment
from shipping import PYTHON

for each in ("asyncssh", "obstore", "nanio"):
    pytest.importorskip(each)

pytestmark = pytest.mark.skipif(bool(sshd.why_not()), reason=sshd.why_not() or "sshd")
MAIN = "import sys, helper\nprint(helper.VALUE, sys.argv[1:], 'lazyimp' in sys._xoptions)\n"


@pytest.fixture
def servers(tmp_path):
    for name in ("sshd", "nanio"):
        (tmp_path / name).mkdir()
    made = sshd.Sshd(tmp_path / "sshd"), stores.Nanio(tmp_path / "nanio")
    yield made
    [each.stop() for each in made]


def test_there_and_to_a_second_host_and_again(servers, tmp_path, run_python):
    host, nanio = servers
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text(MAIN)
    (project / "helper.py").write_text("VALUE = 41\n")
    record = tmp_path / "record"
    run_python(project / "main.py", mode="safe", env={"LAZYIMP_RECORD": str(record)})
    environ = {**clean_environment(), **nanio.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def ship(name, *words):
        way = ["--to", host.address(tmp_path / name), "--known-hosts", str(host.known_hosts)]
        way += ["--identity", str(host.folder / "user"), "--store", f"s3://{stores.BUCKET}/x"]
        return subprocess.run(
            [sys.executable, "-m", "lazyimp", "ship", *way, "--manifest", record, "--python", PYTHON, *words],
            cwd=project,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    shown = ship("one", "--dry-run", "main.py")
    assert f"through s3://{stores.BUCKET}/x: what is sent goes there first" in shown.stdout, shown.stderr
    assert nanio.pieces() == [] and os.listdir(tmp_path / "one" / "jobs") == []
    done = ship("one", "main.py", "a b")
    assert (done.returncode, done.stdout) == (0, "41 ['a b'] True\n"), done.stderr
    assert "of it new to the store" in done.stderr and nanio.pieces() != []
    again = ship("one", "main.py", "a b")
    assert again.stdout == done.stdout and "nothing to send" in again.stderr and "reused" in again.stderr
    second = ship("two", "main.py", "a b")
    assert second.stdout == done.stdout and "; 0 B of it new to the store" in second.stderr
    said = (tmp_path / "sshd" / "log").read_text() + second.stderr
    assert nanio.environ["AWS_SECRET_ACCESS_KEY"] not in said and "X-Amz" not in said
