"""Whose key a host may show: one in known_hosts; an unknown one only where the user asked for that, and is shown it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh

from lazyimp.ship.channels import Access, Address
from lazyimp.ship.errors import LostError, ShipError

DEFAULT = "~/.ssh/known_hosts"


class HostKeys:
    """The known_hosts files, and what to do about a host that is not in them.

    The files, the host's own name, its alias and its port are as the user's ~/.ssh/config has them.
    """

    def __init__(self, address: Address, access: Access) -> None:
        self.address, self.access = address, access
        try:
            found: Any = asyncssh.SSHClientConnectionOptions(
                host=address.host, port=address.port or (), config=()
            )
        except (asyncssh.Error, ValueError, OSError) as error:
            raise ShipError(f"~/.ssh/config cannot be used: {error}") from None
        self.name: str = found.host_key_alias or found.host or address.host
        self.port: int | None = found.port if found.port != 22 else None
        named = [access.known_hosts] if access.known_hosts else found.known_hosts or [DEFAULT]
        self.paths = [os.path.expanduser(str(each)) for each in named]
        self.path = self.paths[0]

    async def connect(self, attempt: Callable[[list[str]], Awaitable[Any]]) -> Any:
        """A connection whose host key is known; raises ShipError, LostError where nobody answers."""
        host = self.address.host
        try:
            if self.access.accept_new and not self._is_known():
                await self._learn()
            if not self._there():
                raise ShipError(f"no host is known: there is no {self.path}; {self._way_out()}")
            return await attempt(self._there())
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
        except asyncssh.KeyEncryptionError:
            raise ShipError(self._locked()) from None
        except asyncssh.KeyImportError as error:
            raise ShipError(self._locked() if "assphrase" in str(error) else f"no key: {error}") from None
        except asyncio.TimeoutError:  # no OSError before Python 3.11
            raise LostError(f"cannot reach {host}: no answer in time") from None
        except (OSError, asyncssh.ConnectionLost) as error:
            raise LostError(f"cannot reach {host}: {error}") from None
        except (asyncssh.Error, ValueError) as error:
            raise ShipError(f"cannot reach {host}: {error}") from None

    def _there(self) -> list[str]:
        return [each for each in self.paths if os.path.exists(each)]

    def _way_out(self) -> str:
        return "compare its fingerprint and add it (ssh does), or use --accept-new"

    def _locked(self) -> str:
        return f"the key {self.access.identity!r} has a passphrase; give it to an agent (ssh-add), or name another"

    def _is_known(self) -> bool:
        files = self._there()
        return bool(files) and any(asyncssh.read_known_hosts(files).match(self.name, "", self.port))

    async def _learn(self) -> None:
        key = await asyncssh.get_server_host_key(self.address.host, self.address.port or ())
        if key is None:
            raise ShipError(f"{self.address.host} shows no key")
        name = f"[{self.name}]:{self.port}" if self.port else self.name
        self.access.tell(f"new host {name}, key {key.get_fingerprint()}; added to {self.path}")
        os.makedirs(os.path.dirname(self.path) or ".", mode=0o700, exist_ok=True)
        with open(self.path, "ab") as file:
            file.write(f"{name} ".encode() + key.export_public_key("openssh").strip() + b"\n")
