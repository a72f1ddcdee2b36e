"""Object stores for tests: nanio, which checks signatures and keeps files; and a small one that fails as it is told."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BUCKET = "env"


def access(port: int, key: str = "AKIATEST", secret: str = "hunter2hunter2") -> dict[str, str]:
    """The environment that leads to a store on this machine."""
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


class Nanio:
    """A real server, with a bucket."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        (self.data / BUCKET).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.environ = access(self.port)
        given = {
            "NANIO_ACCESS_KEY": self.environ["AWS_ACCESS_KEY_ID"],
            "NANIO_SECRET_KEY": self.environ["AWS_SECRET_ACCESS_KEY"],
        }
        words = [sys.executable, "-m", "nanio", "serve", "--data-dir", str(self.data), "--host", "127.0.0.1"]
        self.log = open(folder / "nanio.log", "wb")  # noqa: SIM115 - as long as the server
        self.process = subprocess.Popen(
            [*words, "--port", str(self.port)],
            env={**os.environ, **given},
            stdout=self.log,
            stderr=self.log,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((folder / "nanio.log").read_text())

    def pieces(self) -> list[Path]:
        """The files of the pieces that are there."""
        return sorted(
            path
            for path in self.data.rglob("*")
            if path.is_file() and re.fullmatch("[0-9a-f]{64}", path.name)
        )

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.data)


class Failing:
    """As much of S3 as we use, kept in memory; conditional puts are honoured. `fault` may answer instead of it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.knows_conditions = True
        self.fault: Callable[[str, str], object] = lambda method, key: None
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        self.environ = access(self.server.server_port)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """End it, and whoever waits in it."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def handler(store: Failing) -> type[BaseHTTPRequestHandler]:
    """What answers for a store. Faults: a status, bytes instead of those that are there, or "hang"."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            key = parts.path.removeprefix(f"/{BUCKET}/")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            store.asked[self.command] += 1
            fault = store.fault(self.command, key)
            if fault == "hang":
                store.released.wait(60)
                self.close_connection = True
            elif isinstance(fault, int):
                self.say(fault, b"<Error><Code>SlowDown</Code></Error>", Location="file:///etc/passwd")
            elif self.command == "PUT":
                self.put(key, body)
            elif self.command == "GET" and "list-type" in parse_qs(parts.query):
                self.say(200, listing(store.objects))
            elif key not in store.objects:
                self.say(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self.say(200, fault if isinstance(fault, bytes) else store.objects[key])

        def put(self, key: str, body: bytes) -> None:
            conditional = self.headers.get("If-None-Match") == "*"
            if conditional and not store.knows_conditions:
                self.say(501, b"<Error><Code>NotImplemented</Code></Error>")
                return
            if conditional and key in store.objects:
                self.say(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            store.objects[key] = body
            self.say(200, b"", ETag='"1"')

        def say(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            headers = {"Last-Modified": "Fri, 27 Nov 2026 00:00:00 GMT", "ETag": '"1"', **headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

        do_GET = do_PUT = do_HEAD = do_DELETE = answer

    return Handler


def listing(objects: dict[str, bytes]) -> bytes:
    """The answer to a list request."""
    rows = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>1</ETag><Size>{len(data)}</Size></Contents>"
        for key, data in sorted(objects.items())
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()


def reachable(address: str) -> bytes:
    """What is at an address."""
    with urllib.request.urlopen(address, timeout=20) as answer:
        return bytes(answer.read())
