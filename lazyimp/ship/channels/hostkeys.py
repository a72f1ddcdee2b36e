"""Whose key a host may show: one in known_hosts; an unknown one only where the user asked for that, and is shown it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh

from lazyimp.ship.channels import Access, Address
from lazyimp.ship.errors import LostError, ShipError

DEFAULT = "~/.ssh/known_hosts"


class HostKeys:
    """The known_hosts file, and what to do about a host that is not in it."""

    def __init__(self, address: Address, access: Access) -> None:
        self.address, self.access = address, access
        self.path = os.path.expanduser(access.known_hosts or DEFAULT)

    async def connect(self, attempt: Callable[[str], Awaitable[Any]]) -> Any:
        """A connection whose host key is known; raises ShipError."""
        host = self.address.host
        try:
            if self.access.accept_new and not self._is_known():
                await self._learn()
            if not os.path.exists(self.path):
                raise ShipError(f"no host is known: there is no {self.path}; {self._way_out()}")
            return await attempt(self.path)
        except asyncssh.HostKeyNotVerifiable:
            if self._is_known():
                raise ShipError(
                    f"{host} shows another key than {self.path} has for it: somebody may be in between, or the "
                    "host was set up anew. Nothing was sent"
                ) from None
            raise ShipError(f"{host} is not in {self.path}; {self._way_out()}") from None
        except asyncssh.PermissionDenied:
            raise ShipError(
                f"{host} lets no key of yours in; add one there, or name it with --identity"
            ) from None
        except (OSError, asyncssh.ConnectionLost) as error:
            raise LostError(f"cannot reach {host}: {error}") from None
        except (asyncssh.Error, ValueError) as error:
            raise ShipError(f"cannot reach {host}: {error}") from None

    def _way_out(self) -> str:
        return "compare its fingerprint and add it (ssh does), or use --accept-new"

    def _port(self) -> int | None:
        return self.address.port if self.address.port not in (None, 22) else None

    def _is_known(self) -> bool:
        if not os.path.exists(self.path):
            return False
        found = asyncssh.read_known_hosts(self.path).match(self.address.host, "", self._port())
        return any(found)

    async def _learn(self) -> None:
        key = await asyncssh.get_server_host_key(self.address.host, self.address.port or ())
        if key is None:
            raise ShipError(f"{self.address.host} shows no key")
        name = f"[{self.address.host}]:{self._port()}" if self._port() else self.address.host
        self.access.tell(f"new host {name}, key {key.get_fingerprint()}; added to {self.path}")
        os.makedirs(os.path.dirname(self.path) or ".", mode=0o700, exist_ok=True)
        with open(self.path, "ab") as file:
            file.write(f"{name} ".encode() + key.export_public_key("openssh").strip() + b"\n")
