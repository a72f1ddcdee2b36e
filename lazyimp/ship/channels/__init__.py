"""Ways to a host: each starts the host part there, asks it things, and moves files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit

from lazyimp.ship.errors import ShipError
from lazyimp.ship.store_access import SCHEMES as STORES

# scheme of a destination -> the module whose `connect(destination, access)` goes there
CLUSTERS = {
    "slurm": "lazyimp.ship.channels.slurm",
    **dict.fromkeys(("ray", "ray+http", "ray+https", "http", "https"), "lazyimp.ship.ray.channel"),
}


class Channel(Protocol):
    """An open way to one host."""

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What the host part answers; raises ShipError with its refusal, LostError where it is gone."""

    def put(self, path: str, place: str, offset: int) -> None:
        """Write a file's bytes from `offset` on into a file there."""

    def get(self, place: str, path: str, size_bytes: int) -> None:
        """Copy a file from there, and no more of it than it is said to have; raises ShipError."""

    def close(self) -> None:
        """Leave; jobs go on."""


@dataclass(frozen=True)
class Access:
    """How to get in: what the user said of keys and hosts. `tell` shows a line to the user."""

    known_hosts: str = ""
    identity: str = ""
    accept_new: bool = False
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Address:
    """`local:FOLDER`, or `ssh://[user@]host[:port][/folder]`; without a folder `.lazyimp` in the home folder."""

    scheme: str
    host: str = ""
    user: str = ""
    port: int | None = None
    folder: str = ""


def parse(destination: str) -> Address:
    """The address that a user wrote; raises ShipError."""
    if destination.startswith("local:"):
        if not destination[6:]:
            raise ShipError("local: needs a folder, such as local:/tmp/there")
        return Address("local", folder=destination[6:])
    try:
        url = urlsplit(destination)
        port = url.port
    except ValueError as error:
        raise ShipError(f"{destination!r} is no destination: {error}") from None
    if url.scheme in STORES:
        raise ShipError(
            f"{destination!r} keeps files and runs nothing; name a host with --to, and this with --store"
        )
    if url.scheme != "ssh" or not url.hostname or url.query or url.fragment:
        raise ShipError(
            f"{destination!r} is no destination; use ssh://[user@]host[:port][/folder], local:FOLDER, "
            "slurm://[user@]host[:port][/folder], slurm:FOLDER or ray+http://host:port"
        )
    if url.password is not None:
        raise ShipError("a password in a destination would be seen by everybody; use a key")
    if url.hostname.startswith("-") or (url.username or "").startswith("-"):
        raise ShipError(f"{destination!r} names no host")
    return Address("ssh", url.hostname, url.username or "", port, url.path.rstrip("/"))


def anywhere(destination: str, base: str = "") -> str:
    """The destination as it reads from any folder; folders of this machine are relative to `base`."""
    scheme, _, rest = destination.partition(":")
    if (
        scheme not in ("local", "slurm")
        or not rest
        or rest.startswith(("?", "//") if scheme == "slurm" else "?")
    ):
        return destination
    folder, mark, query = rest.partition("?") if scheme == "slurm" else (rest, "", "")
    return f"{scheme}:{os.path.abspath(os.path.join(base, os.path.expanduser(folder)))}{mark}{query}"


def open_channel(destination: str, access: Access) -> Channel:
    """Go there; raises ShipError."""
    cluster = CLUSTERS.get(destination.partition(":")[0])
    if cluster is not None:
        channel: Channel = import_module(cluster).connect(destination, access)
        return channel
    address = parse(destination)
    if address.scheme == "local":
        from lazyimp.ship.channels.local import Local

        return Local(address)
    from lazyimp.ship.channels.ssh import Ssh

    return Ssh(address, access)
