"""A real Ray head of the tests' own, from the environment that LAZYIMP_TEST_RAY names; stopped at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

SWITCH = "LAZYIMP_TEST_RAY"  # the folder of a virtual environment with ray[default]


def why_not() -> str:
    """Why no Ray can be started here, or ""."""
    home = os.environ.get(SWITCH, "")
    if not home:
        return f"{SWITCH} names no environment with ray[default]"
    return "" if os.access(Path(home, "bin", "ray"), os.X_OK) else f"there is no ray in {home}"


def _free_ports(count: int) -> list[int]:
    """Ports in a row below those that the system hands out by itself: Ray's processes take many of these."""
    for first in range(20100 + os.getpid() % 900 * 10, 32000, 10):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return list(range(first, first + count))
    raise AssertionError("no ports are free")


class Ray:
    """One that runs, and wants its token; `environ` has it."""

    def __init__(self) -> None:
        self.home = Path(os.environ[SWITCH])
        self.folder = Path(
            tempfile.mkdtemp(prefix="lazyimp-ray-", dir="/tmp")
        )  # socket paths may not be long
        ports = _free_ports(9)
        names = (
            "port", "dashboard-port", "metrics-export-port", "dashboard-agent-grpc-port", "dashboard-agent-listen-port",
            "runtime-env-agent-port", "node-manager-port", "object-manager-port", "ray-client-server-port",
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{ports[1]}"
        self.client_port, self.dashboard_port = ports[8], ports[1]
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("LAZYIMP", "RAY_"))
        }
        environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0")
        self.environ = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        environ.update(self.environ)
        environ["PATH"] = f"{self.home / 'bin'}{os.pathsep}{environ['PATH']}"
        words = [
            str(self.home / "bin" / "ray"), "start", "--head", "--block", "--num-cpus=2", "--include-dashboard=true",
            "--dashboard-host=127.0.0.1", "--disable-usage-stats", f"--temp-dir={self.folder}",
            "--object-store-memory=100000000", *(f"--{name}={each}" for name, each in zip(names, ports, strict=True)),
        ]  # fmt: skip
        with open(self.folder / "said", "wb") as said:
            self.process = subprocess.Popen(
                words, stdin=-3, stdout=said, stderr=said, env=environ, start_new_session=True
            )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end and self.process.poll() is None:
            try:
                token = {"Authorization": f"Bearer {self.environ['RAY_AUTH_TOKEN']}"}
                asked = urllib.request.Request(f"{self.url}/api/version", headers=token)
                urllib.request.urlopen(asked, timeout=2).close()
                return
            except OSError:
                time.sleep(0.2)
        said = (self.folder / "said").read_text()[-2000:]
        self.stop()
        raise AssertionError(f"Ray does not start: {said}")

    def stop(self) -> None:
        """End it and all it started; its temporary folder goes, too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # asked nicely, it takes half a minute
        self.process.wait(15)
        shutil.rmtree(self.folder, ignore_errors=True)
