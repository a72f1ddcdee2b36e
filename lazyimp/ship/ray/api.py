"""Asks a cluster's dashboard: JSON, packages and files over HTTP, with limits of time and size; nothing is trusted."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import IO, Any
from urllib.parse import quote, urlencode

from lazyimp.ship.channels.talk import printable
from lazyimp.ship.errors import LostError, ShipError

ANSWER_S = 30
UPLOAD_S = 600
LONGEST = 16 << 20  # of an answer in JSON
BLOCK = 1 << 18
MOST_SAID = 600  # characters of a server's complaint that are shown


class Refusal(ShipError):
    """The dashboard answered, and with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"the cluster answers {status}: {text}")
        self.status, self.text = status, text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for the host that the user named: nobody sends us on to another."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Api:
    """One dashboard."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.headers = url, headers
        self.opener = urllib.request.build_opener(_NoRedirect)

    def json(self, method: str, path: str, value: Any = None) -> Any:
        """The JSON that comes back."""
        data = None if value is None else json.dumps(value).encode()
        with self._open(method, path, data, {"Content-Type": "application/json"}) as answer:
            text = self._read(answer, LONGEST + 1)
        if len(text) > LONGEST:
            raise ShipError(f"{self.url} answers without end; is that a Ray dashboard?")
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ShipError(f"{self.url} answers no JSON; is that a Ray dashboard?") from None

    def clock(self) -> tuple[float, float] | None:
        """How far the dashboard's clock is ahead, and how sure that is, in s: answers tell whole seconds."""
        sent = time.time()
        with self._open("GET", "/api/version") as answer:
            back, date = time.time(), answer.headers.get("Date", "")
        try:
            there = parsedate_to_datetime(date).timestamp()
        except (TypeError, ValueError):
            return None
        return there + 0.5 - (sent + back) / 2, 0.5 + (back - sent) / 2

    def has_package(self, name: str) -> bool:
        """Whether the cluster holds a package; it then keeps it for a while."""
        try:
            self._open("GET", f"/api/packages/gcs/{quote(name)}").close()
        except Refusal as refusal:
            if refusal.status == 404:
                return False
            raise
        return True

    def put_package(self, name: str, path: str) -> None:
        """Upload a package."""
        with open(path, "rb") as file:
            size = {
                "Content-Length": str(os.path.getsize(path)), "Content-Type": "application/octet-stream"
            }  # fmt: skip
            self._open("PUT", f"/api/packages/gcs/{quote(name)}", file, size, UPLOAD_S).close()

    def file(self, node: str, name: str, sink: Callable[[bytes], object], most: int) -> int | None:
        """Pass a file below a node's log folder to `sink`; its size, or None. More than `most` bytes are an error."""
        query = {"node_id": node, "filename": name, "lines": -1, "timeout": UPLOAD_S}
        try:
            answer = self._open("GET", f"/api/v0/logs/file?{urlencode(query)}", within_s=UPLOAD_S)
        except Refusal as refusal:
            if refusal.status == 404 or "not found" in refusal.text.lower():
                return None
            raise
        size = 0
        with answer:
            while block := self._read(answer, BLOCK):
                size += len(block)
                if size > most:
                    raise ShipError(f"the cluster sends more than the {most} bytes that {name!r} has")
                sink(block)
        return size

    def _open(
        self,
        method: str,
        path: str,
        data: bytes | IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
        within_s: float = ANSWER_S,
    ) -> Any:
        request = urllib.request.Request(
            self.url + path, data, {**self.headers, **(headers or {})}, method=method
        )
        try:
            return self.opener.open(request, timeout=within_s)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = getattr(error, "reason", None) or error or type(error).__name__
            raise LostError(f"cannot reach {self.url}: {printable(str(why))}") from None

    def _refusal(self, error: urllib.error.HTTPError) -> ShipError:
        if error.code in (401, 403):
            return ShipError(f"{self.url} lets nobody in without its token; set RAY_AUTH_TOKEN")
        if error.code in (301, 302, 303, 307, 308):
            to = printable(str(error.headers.get("Location", "elsewhere")))[:200]
            return ShipError(f"{self.url} sends us on to {to!r}; name that address if you trust it")
        said = printable(self._read(error, 1 << 16).decode("utf-8", "replace"))
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        # what Ray answers with is often a whole traceback, the reason at its end
        return Refusal(
            error.code, "; ".join(lines[-1:] if said.startswith("Traceback") else lines)[-MOST_SAID:]
        )

    def _read(self, answer: Any, most: int) -> bytes:
        try:
            return bytes(answer.read(most))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LostError(
                f"the connection to {self.url} is lost: {error or type(error).__name__}"
            ) from None
