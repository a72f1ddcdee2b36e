"""The same as over ssh, in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from typing import Any

from lazyimp.ship.channels import Address, talk
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.hostzip import host_zip

BLOCK = 1 << 20
LEAVE_S = 5.0


class Local:
    """A host part below this process."""

    def __init__(self, address: Address) -> None:
        root = os.path.abspath(os.path.expanduser(address.folder))
        name, data = host_zip()
        path = os.path.join(root, name)
        try:
            os.makedirs(root, mode=0o700, exist_ok=True)
            if not os.path.exists(path):
                with open(f"{path}.{os.getpid()}-{os.urandom(4).hex()}", "wb") as file:
                    file.write(data)
                os.replace(file.name, path)
        except OSError as error:
            raise ShipError(f"cannot use {root!r}: {error.strerror}") from None
        python = getattr(sys, "_base_executable", None) or sys.executable
        self.process = subprocess.Popen(
            [python, "-I", "-S", path, root, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C here is for the client
        )

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What the host part answers."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(talk.request(command, wish))
            self.process.stdin.flush()
            line = self.process.stdout.readline(talk.LONGEST)
        except OSError:
            line = b""
        if not line:
            raise LostError("the host part has ended")
        return talk.value_of(command, line)

    def put(self, path: str, place: str, offset: int) -> None:
        """Write a file's bytes from `offset` on into a file there."""
        try:
            with open(path, "rb") as source, open(place, "r+b") as file:
                source.seek(offset)
                file.seek(offset)
                shutil.copyfileobj(source, file, BLOCK)
                file.truncate()
        except OSError as error:
            raise ShipError(f"cannot copy {path!r}: {error.strerror}") from None

    def get(self, place: str, path: str, size_bytes: int) -> None:
        """Copy a file from there, and no more of it than it is said to have."""
        try:
            with open(place, "rb") as source, open(path, "wb") as file:
                while size_bytes > 0 and (block := source.read(min(BLOCK, size_bytes))):
                    file.write(block)
                    size_bytes -= len(block)
        except OSError as error:
            raise ShipError(f"cannot fetch {place!r}: {error.strerror}") from None

    def close(self) -> None:
        """Leave; jobs go on."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # what it still builds is there the next time
            self.process.communicate(timeout=LEAVE_S)
