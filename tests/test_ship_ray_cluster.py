"""A real Ray cluster: the environment by uv, lazyimp on in Ray's workers, results, reuse, cancel, tokens."""

import subprocess
import sys
import time

import pytest
import ray_server
from run import clean_environment

from lazyimp.ship.channels import Access, open_channel
from lazyimp.ship.errors import ShipError

pytestmark = pytest.mark.skipif(bool(ray_server.why_not()), reason=ray_server.why_not() or "Ray")

MAIN = """
import helper
import lazyimp
import packaging

def enabled():
    import helper, lazyimp
    return helper.VALUE, lazyimp.status()["enabled"]

if helper.REMOTE:
    import ray
    ray.init(log_to_driver=False)
    print(ray.get(ray.remote(num_cpus=0)(enabled).remote()))
print(packaging.__version__, lazyimp.status()["enabled"], flush=True)
lazyimp.first_batch()
open("result.bin", "wb").write(bytes(range(256)))
raise SystemExit(3)
"""


@pytest.fixture(scope="module")
def cluster():
    made = ray_server.Ray()
    yield made
    made.stop()


@pytest.fixture
def lazyimp(cluster, tmp_path):
    """Run a command in the project's folder."""
    (tmp_path / "project").mkdir()
    environment = {**clean_environment(), **cluster.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "lazyimp", *words],
            cwd=tmp_path / "project", env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_a_recorded_program_on_ray_and_again_with_changed_code(cluster, lazyimp, tmp_path, run_python):
    project, record = tmp_path / "project", tmp_path / "record"
    (project / "main.py").write_text(MAIN)
    (project / "helper.py").write_text("VALUE, REMOTE = 41, False\n")
    run_python(project / "main.py", mode="safe", env={"LAZYIMP_RECORD": str(record)}, check=False)
    import packaging

    (project / "helper.py").write_text("VALUE, REMOTE = 41, True\n")
    way = ["ship", "--to", f"ray+{cluster.url}?cpus=1", "--manifest", str(record)]
    done = lazyimp(*way, "--output", "*.bin", "--into", "back", "main.py")
    assert done.returncode == 3, done.stderr
    assert done.stdout == f"(41, True)\n{packaging.__version__} True\n"
    assert (project / "back" / "result.bin").read_bytes() == bytes(range(256))
    for step in ("until Ray began to build", "by Ray on", "to first batch", "head's clock"):
        assert step in done.stderr
    (project / "helper.py").write_text("VALUE, REMOTE = 42, False\n")
    way[2] = f"ray://127.0.0.1:{cluster.client_port}?dashboard={cluster.dashboard_port}"
    again = lazyimp(*way, "main.py")
    assert (again.returncode, again.stdout) == (3, f"{packaging.__version__} True\n"), again.stderr
    assert (
        "sending code" in again.stderr and "sending runner" not in again.stderr and "reused" in again.stderr
    )


def test_without_its_token_nothing_is_let_in(cluster, lazyimp, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(ShipError, match="RAY_AUTH_TOKEN"):
        open_channel(f"ray+{cluster.url}", Access())


def test_logs_and_cancel(cluster, lazyimp):
    way = ["--to", f"ray+{cluster.url}"]
    code = "import time\nfor i in range(600): print(i, flush=True); time.sleep(0.1)"
    begun = lazyimp("job", "run", *way, "--name", "j", "--detach", "--", "python", "-c", code)
    job = next(word for word in begun.stderr.split() if word.startswith("j-2"))
    end = time.monotonic() + 60
    while not (said := lazyimp("job", "logs", job).stdout):
        assert time.monotonic() < end, begun.stderr
    assert said.startswith("0\n1\n")
    done = lazyimp("job", "cancel", job)
    assert "cancelled, exit status 143" in done.stderr
    assert lazyimp("job", "attach", job, "--since", "2").stdout.startswith("1\n2\n")
