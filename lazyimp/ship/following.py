"""Follows a job: its output byte for byte from any offset, its end, and the files it left."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lazyimp.ship.amounts import shown
from lazyimp.ship.channels import Channel, talk
from lazyimp.ship.errors import LostError, ShipError

ENDED = ("done", "failed", "cancelled", "timeout", "lost")
PIECE = 1 << 20
WAIT_S = 1.0
PATIENCE_S = 120  # of pauses in which a host that was reached is asked again
LONGEST_PAUSE_S = 10
STREAMS = ("out", "err")
MOST_BYTES = 10_000_000_000  # that are brought back where nobody says otherwise
MOST_FILES = 100_000


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
        self.was_there = channel is not None

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
        waited, pause = 0.0, 0.2
        while True:
            try:
                if self.channel is None:
                    self.channel = self.connect()
                    self.was_there = True
                answer: dict[str, Any] = self.channel.ask(command, **wish)
                return answer
            except LostError as error:
                self.close()
                if not self.was_there:
                    raise
                if waited >= PATIENCE_S:
                    way = f"the job goes on, `lazyimp job attach {self.job}` comes back to it"
                    raise LostError(f"{error}; {way}") from None
                if not waited:
                    self.tell(f"{error}; the job goes on, and this tries to come back")
            time.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE_S)

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


def fetch(
    channel: Channel,
    job: str,
    folder: str,
    which: str = "outputs",
    most_bytes: int = MOST_BYTES,
    tell: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Bring the job's outputs (or "records") into `folder`, each whole or not at all; their names there.

    Names come from the host: those that lead out of the folder, also by links that are there, are refused, and so are
    those of which one would be written over another. Where all together are too large nothing is fetched. `tell` hears
    of what the host has left there.
    """
    listed = channel.ask(which, id=job)
    if len(listed) > MOST_FILES:
        raise ShipError(
            f"the job left {len(listed)} files, and {MOST_FILES} are brought back; let it pack them"
        )
    every = [_row(folder, row) for row in listed]
    rows = [row for row in every if row.place]
    _check_sizes(job, rows, most_bytes)
    done: list[str] = []
    for row in rows:
        if os.path.lexists(row.path) and any(os.path.samefile(row.path, each) for each in done):
            raise ShipError(
                f"{row.name!r} would be written over another output; its name differs in case only"
            )
        _fetch_one(channel, row)
        done.append(row.path)
    if left := [row.name for row in every if not row.place]:
        tell(f"{len(left)} left there, such as {left[0]!r}: a link that leads out, or no regular file")
    if which == "outputs" and not every:
        tell("no file there matches the job's outputs")
    return [row.name for row in rows]


@dataclass(frozen=True)
class Row:
    """A file that a host has for us, and where it goes."""

    name: str
    size: int
    sha256: str
    place: str
    path: str


def _row(folder: str, row: Any) -> Row:
    try:
        name, size, sha256, place = row
        return Row(str(name), int(size), str(sha256), str(place), confined(folder, name))
    except (TypeError, ValueError):
        raise ShipError(
            "the host's list of files makes no sense; is something else answering there?"
        ) from None


def _check_sizes(job: str, rows: list[Row], most_bytes: int) -> None:
    total, names = sum(max(row.size, 0) for row in rows), [row.name for row in rows]
    if total > most_bytes:
        largest = max(rows, key=lambda row: row.size)
        raise ShipError(
            f"the outputs are {len(rows)} files of {shown(total)}, more than the limit of {shown(most_bytes)}; "
            f"the largest is {largest.name!r} ({shown(largest.size)}). They stay there: "
            f"`lazyimp job get {job} --output-limit {shown(total * 1.1).replace(' ', '')}` brings them"
        )
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ShipError(f"the host names {twice!r} twice; is something else answering there?")


def _fetch_one(channel: Channel, row: Row) -> None:
    try:
        os.makedirs(os.path.dirname(row.path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(row.path), prefix=".lazyimp-get-")
        os.close(handle)
    except OSError as error:
        raise ShipError(f"cannot write {row.path!r}: {error.strerror}") from None
    try:
        channel.get(row.place, temporary, row.size)
        if os.path.getsize(temporary) != row.size or _sha256(temporary) != row.sha256:
            raise ShipError(f"{row.name!r} arrived damaged, or is still being written; get it again")
        os.chmod(temporary, 0o644)
        os.replace(temporary, row.path)
    except OSError as error:
        raise ShipError(f"cannot write {row.path!r}: {error.strerror}") from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


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
