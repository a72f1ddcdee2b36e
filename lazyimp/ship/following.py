"""Follows a job: its output byte for byte from any offset, its end, and the files it left."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any, Protocol

from lazyimp.ship.channels import Channel, talk
from lazyimp.ship.errors import LostError, ShipError

ENDED = ("done", "failed", "cancelled", "timeout", "lost")
PIECE = 1 << 20
WAIT_S = 1.0
ATTEMPTS = 6  # to come back to a host, each after a longer pause
STREAMS = ("out", "err")


class Sink(Protocol):
    """Where output goes."""

    def __call__(self, stream: str, data: bytes) -> None:
        """Take a piece of "out" or "err"."""


class Follower:
    """One job on one host; `connect` opens a channel, again if it is lost."""

    def __init__(
        self,
        connect: Callable[[], Channel],
        job: str,
        channel: Channel | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.connect, self.job, self.channel, self.tell = connect, job, channel, tell
        self.told = ""

    def follow(
        self, sink: Sink, since: dict[str, int] | None = None, until_end: bool = True
    ) -> dict[str, Any]:
        """Pass everything from the offsets on to `sink`, to the job's end or (not `until_end`) what there is now."""
        at = {**dict.fromkeys(STREAMS, 0), **(since or {})}
        wait: dict[str, Any] = {"within_s": 0}
        while True:
            state = self._asked("wait", id=self.job, **wait)
            self._tell_why(state)
            for stream in STREAMS:
                while at[stream] < state["sizes"][stream]:
                    data = self._piece(stream, at[stream])
                    if not data:
                        break
                    sink(stream, data)
                    at[stream] += len(data)
            if state["state"] in ENDED or not until_end:
                return state
            wait = {"within_s": WAIT_S, "sizes": state["sizes"]}

    def _tell_why(self, state: dict[str, Any]) -> None:
        """What the job waits for, or why it ended as it did, each once."""
        why = talk.printable(str(state.get("why") or ""))
        if why and why != self.told:
            self.tell(f"job {self.job}, {state['state']}: {why}")
        self.told = why

    def _piece(self, stream: str, offset: int) -> bytes:
        answer = self._asked("read", id=self.job, stream=stream, offset=offset, most=PIECE)
        try:
            return base64.b64decode(answer["data"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise ShipError("the host's answer makes no sense; is something else answering there?") from None

    def _asked(self, command: str, /, **wish: Any) -> dict[str, Any]:
        """An answer, over a new connection where the old one is lost."""
        for attempt in range(ATTEMPTS):
            try:
                if self.channel is None:
                    self.channel = self.connect()
                answer: dict[str, Any] = self.channel.ask(command, **wish)
                return answer
            except LostError:
                self.close()
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Leave; the job goes on."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None


def exit_status(state: dict[str, Any]) -> int:
    """The command's own exit status, as a shell gives it; 1 where nobody knows it any more."""
    status = state.get("status")
    if not isinstance(status, int):
        return 1
    return 128 - status if status < 0 else status


def fetch(channel: Channel, job: str, folder: str, which: str = "outputs") -> list[str]:
    """Bring the job's outputs (or "records") into `folder`, each whole or not at all; their names there.

    Names come from the host: those that lead out of the folder, also by links that are there, are refused.
    """
    fetched = []
    for row in channel.ask(which, id=job):
        try:
            name, size, sha256, place = row
            path = confined(folder, name)
        except (TypeError, ValueError):
            raise ShipError(
                "the host's list of files makes no sense; is something else answering there?"
            ) from None
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".lazyimp-get-")
        os.close(handle)
        try:
            channel.get(str(place), temporary)
            if os.path.getsize(temporary) != size or _sha256(temporary) != sha256:
                raise ShipError(f"{name!r} arrived damaged, or is still being written; get it again")
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        fetched.append(str(name))
    return fetched


def confined(folder: str, name: object) -> str:
    """The path of `name` below `folder`; raises ShipError for one that leads elsewhere."""
    parts = name.split("/") if isinstance(name, str) else []
    bad = not parts or any(part in ("", ".", "..") for part in parts) or set("\0\\") & set(str(name))
    base = os.path.realpath(folder)
    path = os.path.join(base, *parts) if not bad else ""
    if bad or ":" in parts[0] or not os.path.realpath(path).startswith(base + os.sep):
        raise ShipError(
            f"the host names the file {name!r}, which leads out of {folder!r}; it was not written"
        )
    return path


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(PIECE):
            digest.update(block)
    return digest.hexdigest()
