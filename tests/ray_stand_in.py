"""A stand-in for a Ray dashboard: packages, jobs that really run (without uv), log files; it lies where it is told."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lazyimp.ship.carrying import Shipped, carrier_for
from lazyimp.ship.channels import Access, Channel, open_channel
from lazyimp.ship.values import JobWish, Plan

NODE = "0123456789abcdef"
Answer = tuple[int, bytes]


class Dashboard:
    """One that runs; `instead` maps "METHOD /path" to what is answered in place of the right thing."""

    def __init__(self, folder: Path) -> None:
        self.session = folder / "session"
        for name in ("logs", "runtime_resources/working_dir_files", "runtime_resources/py_modules_files"):
            (self.session / name).mkdir(parents=True)
        self.packages: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.instead: dict[str, Answer | Callable[[], Answer]] = {}
        self.may_start = threading.Event()
        self.may_start.set()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        dashboard = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                dashboard.seen.append((f"{self.command} {self.path}", dict(self.headers)))
                status, data = dashboard.answer(self.command, self.path, body)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", data.decode())
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        """End it, and what it started."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.may_start.set()
        for each in self.processes.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Status and body."""
        url = urlsplit(path)
        for key, instead in self.instead.items():
            if f"{method} {path}".startswith(key):
                return instead() if callable(instead) else instead
        words = [each for each in url.path.split("/") if each][1:]
        if words == ["version"]:
            return self._json({"version": "4", "ray_version": "2.60.0"})
        if words[0] == "packages":
            if method == "PUT":
                self.packages[words[2]] = body
            return (200, b"") if words[2] in self.packages else (404, b"Package does not exist")
        if words[0] == "v0":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            path = self.session / "logs" / query["filename"]
            if query["node_id"] != NODE or query["lines"] != "-1" or not path.is_file():
                return 500, f"A file is not found at: {path}".encode()
            return 200, path.read_bytes()
        if len(words) == 1:
            return (
                self._submit(json.loads(body)) if method == "POST" else self._json(list(self.jobs.values()))
            )
        if words[1] not in self.jobs:
            return 404, b"does not exist"
        if words[-1] == "stop":
            self._stop(words[1])
        if method == "DELETE":
            del self.jobs[words[1]]
        return self._json(self.jobs.get(words[1], {"deleted": True}))

    def _json(self, value: Any) -> Answer:
        return 200, json.dumps(value).encode()

    def _submit(self, wish: dict[str, Any]) -> Answer:
        self.requests.append(wish)
        job = wish["submission_id"]
        if job in self.jobs:
            return 500, f"Traceback\nValueError: Job with submission_id {job} already exists".encode()
        self.jobs[job] = {
            "submission_id": job, "status": "PENDING", "message": "Job has not started yet.",
            "start_time": time.time_ns() // 1_000_000, "metadata": wish["metadata"],
        }  # fmt: skip
        threading.Thread(target=self._run, args=(job, wish), daemon=True).start()
        return self._json({"submission_id": job})

    def _unpacked(self, uri: str, below: str) -> str:
        name = uri.removeprefix("gcs://")
        folder = self.session / "runtime_resources" / below / name.removesuffix(".zip")
        if not folder.exists():
            zipfile.ZipFile(io.BytesIO(self.packages[name])).extractall(folder)
        return str(folder)

    def _run(self, job: str, wish: dict[str, Any]) -> None:
        self.may_start.wait(30)
        if self.jobs[job]["status"] != "PENDING":
            return
        about = wish["runtime_env"]
        work = self._unpacked(about["working_dir"], "working_dir_files")
        modules = [self._unpacked(each, "py_modules_files") for each in about.get("py_modules", ())]
        environ = {**os.environ, **about["env_vars"], "PYTHONPATH": os.pathsep.join([*modules, work])}
        environ.pop("LAZYIMP", None)
        command = [sys.executable, *wish["entrypoint"].split()[1:]]
        process = subprocess.Popen(command, cwd=work, env=environ, start_new_session=True)
        self.processes[job] = process
        self.jobs[job].update(status="RUNNING", message="Job is running.", driver_node_id=NODE)
        status = process.wait()
        word = "STOPPED" if self.jobs[job].get("asked") else "FAILED" if status else "SUCCEEDED"
        message = f"Job entrypoint command failed with exit code {status}" if status else "Job finished."
        self.jobs[job].update(
            status=word, message=message, driver_exit_code=status, end_time=time.time_ns() // 1_000_000
        )

    def _stop(self, job: str) -> None:
        self.jobs[job]["asked"] = True
        if job in self.processes:
            os.killpg(self.processes[job].pid, signal.SIGTERM)
        else:
            self.jobs[job].update(status="STOPPED", message="Job was intentionally stopped.")


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard for one test."""
    made = Dashboard(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def channel(dashboard: Dashboard) -> Channel:
    """The way to it."""
    return open_channel(f"ray+{dashboard.url}", Access())


def start(channel: Channel, job: str, code: str, **wish: Any) -> Shipped:
    """Hand over a job that runs Python code."""
    plan = Plan("", JobWish((sys.executable, "-c", code), **wish))
    return carrier_for(channel).carry(plan, job, {}, time.time_ns())
