"""Where a cluster's dashboard is, what a job asks of the cluster, and how to get in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from lazyimp.errors import unknown_word
from lazyimp.ship.errors import ShipError

DASHBOARD_PORT = 8265
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
ASKS = ("cpus", "gpus", "memory", "dashboard")


@dataclass(frozen=True)
class Cluster:
    """A dashboard's URL, and numbers of what each job's own process asks for (in Ray's words)."""

    url: str
    asks: dict[str, float] = field(default_factory=dict)
    client_port: str = ""  # the ray:// address that was named, if one was


def parse(destination: str) -> Cluster:
    """The cluster that a user wrote; raises ShipError.

    `ray+http://host:8265`, `ray+https://host/prefix`, the same without `ray+`, or `ray://host:10001`, whose dashboard
    is taken to be on the same host, on port 8265 or `?dashboard=PORT`. `?cpus=1&gpus=1&memory=4G` is for the program.
    """
    try:
        url = urlsplit(destination)
        port = url.port
    except ValueError as error:
        raise ShipError(f"{destination!r} is no destination: {error}") from None
    if url.password is not None or url.username is not None:
        raise ShipError("a name or password in a destination would be seen by everybody; use RAY_AUTH_TOKEN")
    if not url.hostname or url.fragment:
        raise ShipError(f"{destination!r} names no host; use ray+http://host:{DASHBOARD_PORT}")
    asks = _asks(url.query)
    dashboard = int(asks.pop("dashboard", 0))
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    if url.scheme == "ray":
        named = f"ray://{host}:{port or 10001}"
        return Cluster(f"http://{host}:{dashboard or DASHBOARD_PORT}", asks, named)
    if dashboard:
        raise ShipError("dashboard= is for ray:// addresses; this one names the dashboard itself")
    scheme = url.scheme.removeprefix("ray+")
    if port is None and destination.startswith("ray+http:"):
        port = DASHBOARD_PORT
    return Cluster(f"{scheme}://{host}{f':{port}' if port else ''}{url.path.rstrip('/')}", asks)


def _asks(query: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in ASKS:
            raise ShipError(f"the destination: {unknown_word('resource', name, ASKS)}")
        match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([KMGT]?)", value)
        if match is None or (match[2] and name != "memory"):
            raise ShipError(f"the destination: {name}={value!r} is nothing that Ray takes")
        found[name] = float(match[1]) * UNITS[match[2]]
    return found


def headers(environ: Mapping[str, str]) -> dict[str, str]:
    """What Ray's own tools would send, too: RAY_JOB_HEADERS, and a token, that of RAY_AUTH_TOKEN or of a file."""
    made: dict[str, str] = {}
    if environ.get("RAY_JOB_HEADERS"):
        try:
            made = {str(name): str(value) for name, value in json.loads(environ["RAY_JOB_HEADERS"]).items()}
        except (ValueError, AttributeError):
            raise ShipError('RAY_JOB_HEADERS is no JSON object such as {"Cookie": "..."}') from None
    token = environ.get("RAY_AUTH_TOKEN", "")
    if not token and environ.get("RAY_AUTH_MODE") != "disabled":
        token = _kept_token(environ)
    if token:
        made["Authorization"] = f"Bearer {token}"
    if any(set("\r\n") & set(name + value) for name, value in made.items()):
        raise ShipError("a header for the cluster holds a line's end; look at RAY_JOB_HEADERS and the token")
    return made


def _kept_token(environ: Mapping[str, str]) -> str:
    """The token in the file that is named, or in the one where Ray keeps it; "" where nobody asks for one."""
    home = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".ray", "auth_token")
    named = environ.get("RAY_AUTH_TOKEN_PATH", "")
    try:
        with open(named or home, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        if named or environ.get("RAY_AUTH_MODE") == "token":
            raise ShipError(
                f"cannot read the cluster's token in {named or home!r}: {error.strerror}"
            ) from None
        return ""
