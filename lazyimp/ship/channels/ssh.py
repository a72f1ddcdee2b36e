"""ssh by asyncssh: strict host keys, keys or an agent and no passwords, nothing forwarded, files by sftp."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import threading
from collections.abc import Coroutine
from typing import IO, Any, TypeVar

from lazyimp.ship.channels import Access, Address, talk
from lazyimp.ship.channels.hostkeys import HostKeys
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.hostzip import host_zip

try:
    import asyncssh
except ImportError:
    raise ShipError("ssh:// needs asyncssh: pip install 'lazyimp-runtime[ship]'") from None

# A connection that breaks is told once, by whoever waits; asyncio also warns of each write that comes too late.
logging.getLogger("asyncio").addFilter(lambda record: record.msg != "socket.send() raised exception.")

T = TypeVar("T")
BLOCK = 1 << 20
CONNECT_S = 20
ALIVE_S = 15  # a host that is silent for three times this is lost


class Ssh:
    """One connection, driven by a thread of its own."""

    def __init__(self, address: Address, access: Access) -> None:
        self.address, self.access = address, access
        self.loop = asyncio.new_event_loop()
        # Requests that were under way when a connection broke: whoever waits was told, and nobody wants their traces.
        self.loop.set_exception_handler(lambda loop, context: None)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.connection: Any = None
        try:
            self._wait(self._open())
        except BaseException:
            self.close()
            raise

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What the host part answers."""
        return talk.value_of(command, self._wait(self._asked(talk.request(command, wish))))

    def put(self, path: str, place: str, offset: int) -> None:
        """Write a file's bytes from `offset` on into a file there."""
        self._wait(self._put(path, place, offset))

    def get(self, place: str, path: str, size_bytes: int) -> None:
        """Copy a file from there, and no more of it than it is said to have."""
        self._wait(self._get(place, path, size_bytes))

    def close(self) -> None:
        """Leave; jobs go on."""
        if self.loop.is_closed():
            return
        with contextlib.suppress(ShipError):
            self._wait(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _wait(self, what: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(what, self.loop)
        try:
            return future.result()
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
            raise LostError(f"the connection to {self.address.host} is lost") from None
        except asyncssh.SFTPError as error:
            raise ShipError(f"{self.address.host}: {talk.printable(error.reason)}") from None
        except (asyncssh.Error, OSError, EOFError) as error:
            raise LostError(f"the connection to {self.address.host} is lost: {error}") from None
        except BaseException:
            future.cancel()
            raise

    async def _open(self) -> None:
        keys = HostKeys(self.address, self.access)
        self.connection = await keys.connect(self._connect)
        try:
            self.sftp = await self.connection.start_sftp_client()
        except asyncssh.Error:
            raise ShipError(f"{self.address.host} lets nobody move files by sftp") from None
        home = str(await self.sftp.realpath("."))
        folder = self.address.folder
        if folder.startswith("/~"):  # ssh://host/~/folder
            folder = home + folder[2:]
        root = folder or f"{home}/.lazyimp"
        await self._send_host_part(root)

    async def _connect(self, known_hosts: list[str]) -> Any:
        options: dict[str, Any] = {"port": self.address.port} if self.address.port else {}
        if self.address.user:
            options["username"] = self.address.user
        if self.access.identity:
            if not os.path.exists(self.access.identity):
                raise ShipError(f"there is no key {self.access.identity!r}; --identity names a private key")
            options["client_keys"] = [self.access.identity]
        return await asyncssh.connect(
            self.address.host, known_hosts=known_hosts, agent_forwarding=False, x509_trusted_certs=None,
            password_auth=False, kbdint_auth=False, connect_timeout=CONNECT_S, login_timeout=CONNECT_S,
            keepalive_interval=ALIVE_S, keepalive_count_max=3, **options,
        )  # fmt: skip

    async def _send_host_part(self, root: str) -> None:
        name, data = host_zip()
        path = f"{root}/{name}"
        if not await self.sftp.exists(path):
            try:
                await self._put_whole(root, path, data)
            except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
                raise
            except asyncssh.SFTPError as error:  # a full disk is a "Failure" in this protocol
                raise ShipError(
                    f"{self.address.host}: cannot write into {root!r} ({talk.printable(error.reason)}); is its disk "
                    "full, or the folder not yours?"
                ) from None
        python = shlex.quote(f"{root}/python3")  # what the first start found, or else what there is
        words = f"-I -S {shlex.quote(path)} {shlex.quote(root)} serve"
        start = f"[ -x {python} ] && exec {python} {words}; exec python3 {words}"
        self.process = await self.connection.create_process(start, encoding=None, send_env=())
        self.noise = talk.MOST_NOISE

    async def _put_whole(self, root: str, path: str, data: bytes) -> None:
        await self.sftp.makedirs(root, asyncssh.SFTPAttrs(permissions=0o700), exist_ok=True)
        temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
        try:
            async with self.sftp.open(temporary, "wb") as file:
                await file.write(data)
            await self.sftp.posix_rename(temporary, path)
        except asyncssh.SFTPError:
            with contextlib.suppress(asyncssh.SFTPError):
                await self.sftp.remove(temporary)
            raise

    async def _asked(self, request: bytes) -> bytes:
        self.process.stdin.write(request)
        while self.noise:
            line = bytes(await self._line())
            if talk.is_answer(line):
                return line
            if not line:
                said = await self.process.stderr.read(2000)
                text = talk.printable(bytes(said).decode(errors="replace")).strip()
                if self.process.exit_status in (126, 127):
                    raise ShipError(f"{self.address.host} has no python3: {text}")
                raise LostError(
                    f"the connection to {self.address.host} is lost" + (f": {text}" if text else "")
                )
            self.noise -= 1
        raise ShipError(
            f"{self.address.host} prints too much before it answers; look at its shell's start-up files"
        )

    async def _line(self) -> bytes:
        found = bytearray()
        while not found.endswith(b"\n"):
            try:
                found += await self.process.stdout.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                found += error.partial
                if not error.partial or self.process.stdout.at_eof():
                    break
            if len(found) > talk.LONGEST:
                raise ShipError(f"{self.address.host} answers without end")
        return bytes(found) if found.endswith(b"\n") else b""

    async def _put(self, path: str, place: str, offset: int) -> None:
        with _opened(path) as source:
            source.seek(offset)
            async with self.sftp.open(place, "r+b") as file:
                while block := source.read(BLOCK):
                    await file.write(block, offset)
                    offset += len(block)
                await file.truncate(offset)

    async def _get(self, place: str, path: str, size_bytes: int) -> None:
        async with self.sftp.open(place, "rb") as source:
            try:
                with open(path, "wb") as file:
                    while size_bytes > 0 and (block := await source.read(min(BLOCK, size_bytes))):
                        file.write(block)
                        size_bytes -= len(block)
            except ConnectionError:
                raise
            except OSError as error:  # this machine's disk, not the connection
                raise ShipError(f"cannot write {path!r}: {error.strerror}") from None

    async def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.connection.wait_closed(), 5)


def _opened(path: str) -> IO[bytes]:
    """A file of this machine to read: one that cannot be opened is no lost connection."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise ShipError(f"cannot open {path!r}: {error.strerror}") from None
