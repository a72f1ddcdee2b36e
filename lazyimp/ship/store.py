"""An artifact store between here and a host: pieces of files by their sha256, each there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from lazyimp.ship.channels import Channel
from lazyimp.ship.channels.talk import printable
from lazyimp.ship.errors import ShipError
from lazyimp.ship.pieces import PIECE_BYTES, Piece, cut
from lazyimp.ship.store_access import first_line, open_store, parse_store, way_in
from lazyimp.ship.values import Blob

T = TypeVar("T")
Method = Literal["GET", "PUT"]
FOLDER = "pieces"
AT_ONCE = 6
BATCH = 16  # pieces that a host fetches before it answers
SIGNED_FOR = timedelta(hours=1)
SPARED_S = 86400  # what is younger may be on its way
SHOWN_FROM_BYTES = 16 << 20  # less is gone before one has read of it


@dataclass(frozen=True)
class Limits:
    """How patient we are with a store: attempts, each after a longer pause, and seconds for an answer."""

    attempts: int = 5
    silent_s: float = 20
    first_pause_s: float = 0.25


class Store:
    """`url` as obstore takes it; `say` shows progress."""

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        say: Callable[[str], None] = lambda _: None,
        limits: Limits = Limits(),
    ) -> None:
        self.url, self.say, self.limits = url, say, limits
        self.parts = parse_store(url)
        self.store = open_store(url, environ, limits.silent_s)
        self.patient = open_store(url, environ, 6 * limits.silent_s)  # a slow line is not a store that hangs
        self.sent_bytes = 0
        self._cut: dict[str, tuple[Piece, ...]] = {}
        self._stocked: set[str] = set()  # pieces that were there, or were put there, a moment ago

    def stock(self, blobs: Iterable[Blob]) -> None:
        """Put there what it lacks of the blobs, several pieces at a time; raises ShipError."""
        pieces = {piece.sha256: piece for blob in blobs for piece in self._pieces(blob)}
        new = [piece for name, piece in pieces.items() if name not in self._stocked]
        self._put_all(new, replace=False)
        self._stocked.update(pieces)

    def bring(self, channel: Channel, blob: Blob, name: str, have: int) -> None:
        """Let the host fetch a blob into its upload `name`, which has `have` bytes of it; raises ShipError."""
        pieces, replaced = self._pieces(blob), set[str]()
        at = min(have // PIECE_BYTES, len(pieces))
        while at < len(pieces):
            batch = pieces[at : at + BATCH]
            have, damaged = self._fetched(channel, name, at * PIECE_BYTES, batch)
            again = [piece for piece in batch if piece.sha256 in damaged]
            if any(piece.sha256 in replaced for piece in again):
                raise ShipError(f"{self.url} gives the host other bytes of {blob.name} than we put there")
            if again:
                replaced.update(piece.sha256 for piece in again)
                self._put_all(again, replace=True)
            at = len(pieces) if have == blob.size_bytes else have // PIECE_BYTES

    def _fetched(
        self, channel: Channel, name: str, offset: int, batch: tuple[Piece, ...]
    ) -> tuple[int, set[str]]:
        """Bytes of the blob that the host has now, and pieces that the store has wrongly or not at all."""
        rows = [[piece.sha256, piece.size_bytes, self.address(piece)] for piece in batch]
        limits = {"attempts": self.limits.attempts, "silent_s": self.limits.silent_s}
        answer = channel.ask("fetch", name=name, offset=offset, pieces=rows, **limits)
        ends = [offset, *(piece.offset + piece.size_bytes for piece in batch)]
        try:
            have, damaged = answer["have"], set(answer["damaged"])
            makes_sense = have in ends and (have == ends[-1]) != bool(damaged)
        except (KeyError, TypeError):
            makes_sense = False
        if not makes_sense or not damaged <= {piece.sha256 for piece in batch}:
            raise ShipError("the host's answer makes no sense; is something else answering there?")
        return have, damaged

    def sweep(self, older_s: float, now: float) -> list[str]:
        """Remove pieces that nobody has put there for so long; their names. Hosts have copies, and we send anew."""
        limit = now - max(older_s, SPARED_S)
        gone = []
        try:
            for batch in self.store.list(FOLDER):
                old = [each["path"] for each in batch if each["last_modified"].timestamp() < limit]
                old = [each for each in old if re.fullmatch(FOLDER + "/[0-9a-f]{64}", each)]
                if old:
                    self.store.delete(old)
                gone += old
        except Exception as error:
            raise self._told(error) from None
        return sorted(gone)

    def _pieces(self, blob: Blob) -> tuple[Piece, ...]:
        if blob.sha256 not in self._cut:
            self._cut[blob.sha256] = cut(blob)
        return self._cut[blob.sha256]

    def address(self, piece: Piece, method: Method = "GET") -> str:
        """Where the host gets or puts a piece, for a while and without any credential of ours."""
        key = _key(piece)
        if self.parts.scheme == "file":
            return "file://" + quote(os.path.join(self.parts.path, key))
        import obstore

        try:
            return str(obstore.sign(self.store, method, key, SIGNED_FOR))
        except Exception as error:
            raise ShipError(
                f"{self.url}: these credentials cannot sign addresses for the host ({first_line(error)}); "
                f"{way_in(self.parts.scheme)}"
            ) from None

    def lacking(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Which pieces are not there, or have another size; raises ShipError."""
        sizes = self._each(list(pieces), lambda piece: self._again(lambda: self._size(_key(piece))))
        return [piece for piece, size in sizes if size != piece.size_bytes]

    def read(self, pieces: Iterable[Piece]) -> dict[Piece, bytes]:
        """The bytes of the pieces that are there and are what they should be; raises ShipError."""
        found = self._each(list(pieces), lambda piece: self._again(lambda: self._bytes(piece)))
        return {piece: data for piece, data in found if hashlib.sha256(data).hexdigest() == piece.sha256}

    def _put_all(self, pieces: list[Piece], replace: bool) -> None:
        progress = _Progress(sum(piece.size_bytes for piece in pieces), self.url, self.say)
        for piece, sent in self._each(pieces, lambda piece: self._put(piece, replace)):
            self.sent_bytes += piece.size_bytes if sent else 0
            progress.add(piece.size_bytes)

    def _each(self, pieces: list[Piece], do: Callable[[Piece], T]) -> Iterator[tuple[Piece, T]]:
        """What comes of each piece, several at a time, as they come; raises the first error.

        In threads that nobody has to wait for, so that Ctrl-C and errors are heard at once.
        """
        waiting = queue.SimpleQueue[Piece]()
        done = queue.SimpleQueue[tuple[Piece, T | Exception]]()
        for piece in pieces:
            waiting.put(piece)

        def work() -> None:
            with contextlib.suppress(queue.Empty):
                while True:
                    piece = waiting.get_nowait()
                    try:
                        done.put((piece, do(piece)))
                    except Exception as error:
                        done.put((piece, error))

        for _ in range(min(AT_ONCE, len(pieces))):
            threading.Thread(target=work, daemon=True).start()
        try:
            for _ in pieces:
                piece, result = done.get()
                if isinstance(result, Exception):
                    raise result
                yield piece, result
        finally:
            with contextlib.suppress(queue.Empty):
                while True:
                    waiting.get_nowait()

    def _put(self, piece: Piece, replace: bool) -> bool:
        """Put a piece unless it is there; whether it was sent. Another client may be putting it, too."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        key = _key(piece)
        there = None if replace else self._again(lambda: self._size(key))
        if there == piece.size_bytes:
            return False
        data = piece.read()

        def put(mode: Any) -> object:
            return obstore.put(self.patient, key, data, mode=mode, use_multipart=False)

        if there is None and not replace:
            try:
                self._again(lambda: put("create"))
                return True
            except AlreadyExistsError:  # of two clients one was first, with the same bytes
                return False
            except _Unconditional:
                pass  # to overwrite is harmless: the same name has the same bytes
        self._again(lambda: put("overwrite"))
        return True

    def _size(self, key: str) -> int | None:
        import obstore
        from obstore.exceptions import PermissionDeniedError

        try:
            return int(obstore.head(self.store, key)["size"])
        except FileNotFoundError:
            return None
        except PermissionDeniedError:
            return None  # who may not list is told no more of what is not there; putting it decides

    def _bytes(self, piece: Piece) -> bytes:
        """A piece's bytes; b"" where the store has something of another size, or nothing."""
        import obstore

        try:
            found = obstore.get(self.patient, _key(piece))
        except FileNotFoundError:
            return b""
        return bytes(found.bytes()) if found.meta["size"] == piece.size_bytes else b""

    def _again(self, what: Callable[[], T]) -> T:
        """Ask, and ask again after a pause where that may help; raises ShipError, or what decides about a put."""
        from obstore.exceptions import AlreadyExistsError, NotSupportedError

        for attempt in range(self.limits.attempts):
            try:
                return what()
            except AlreadyExistsError:
                raise
            except Exception as error:
                if isinstance(error, NotSupportedError) or _status(error) == 501:
                    raise _Unconditional(f"{self.url}: the store does not know how") from None
                if not _passes(error) or attempt + 1 == self.limits.attempts:
                    raise self._told(error, attempt + 1) from None
            time.sleep(self.limits.first_pause_s * 2**attempt * (0.5 + random.random() / 2))
        raise AssertionError("unreachable")

    def _told(self, error: Exception, attempts: int = 1) -> ShipError:
        """The same for the user: one line, without addresses and their details."""
        from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

        if isinstance(error, ShipError):
            return error
        said = printable(_reason(error))
        if isinstance(error, FileNotFoundError):
            return ShipError(f"{self.url}: there is no such bucket; make it, or name another")
        if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
            return ShipError(
                f"{self.url}: the credentials are wrong, or have no right to write there ({said}); "
                f"{way_in(self.parts.scheme)}"
            )
        if "169.254.169.254" in str(error):  # where machines of a cloud get theirs
            return ShipError(f"{self.url}: no credentials; {way_in(self.parts.scheme)}")
        times = f", {attempts} times" if attempts > 1 else ""
        return ShipError(f"{self.url}: {said}{times}; what is there already stays, ship again")


class _Unconditional(ShipError):
    """The store knows no conditional puts."""


class _Progress:
    """Says how far it is, at each tenth of what takes a while."""

    def __init__(self, total: int, url: str, say: Callable[[str], None]) -> None:
        self.total, self.url, self.say, self.done = total, url, say, 0

    def add(self, count: int) -> None:
        """So much is done."""
        before, self.done = self.done * 10 // self.total, self.done + count
        if self.total >= SHOWN_FROM_BYTES and self.done * 10 // self.total > before:
            self.say(f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB are in {self.url}")


def _key(piece: Piece) -> str:
    return f"{FOLDER}/{piece.sha256}"


def _passes(error: Exception) -> bool:
    """Whether another attempt may help: busy stores, broken connections, no answer."""
    status = _status(error)
    if status is not None:
        return status in (408, 425, 429) or status >= 500
    return type(error).__name__ == "GenericError" and "HTTP error" in str(error)


def _status(error: Exception) -> int | None:
    found = re.search(r"status code: (\d{3})", str(error))
    return int(found.group(1)) if found else None


def _reason(error: Exception) -> str:
    """What a store or the way to it says, in a few words."""
    text, status = str(error), _status(error)
    if status is not None:
        code = re.search(r"<Code>(\w{1,60})</Code>", text)
        return f"HTTP {status} {code.group(1)}" if code else f"HTTP {status}"
    kind = re.search(r"kind: (Connect|Timeout|Request|Decode|Interrupted)\b", text)
    words = {"Connect": "nobody answers there", "Timeout": "no answer in time"}
    if kind:
        return words.get(kind.group(1), "the connection broke off")
    return first_line(error)
