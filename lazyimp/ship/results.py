"""Brings a job's files back through an object store: the host puts what the store lacks, and we fetch it from there."""

from __future__ import annotations

from typing import Any

from lazyimp.ship.channels import Channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.pieces import PIECE_BYTES, Piece
from lazyimp.ship.store import BATCH, Store


class Through:
    """A channel whose files come back through a store; everything else is the channel's own."""

    def __init__(self, channel: Channel, store: Store) -> None:
        self.channel, self.store = channel, store

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What the host part answers."""
        return self.channel.ask(command, **wish)

    def put(self, path: str, place: str, offset: int) -> None:
        """Write a file's bytes into a file there, past the store."""
        self.channel.put(path, place, offset)

    def get(self, place: str, path: str, size_bytes: int) -> None:
        """Copy a file from there, and no more of it than it is said to have, piece by piece, each checked."""
        if self.store.parts.scheme == "file":
            raise ShipError("results need no shared folder on their way; get them without --store")
        pieces = self._pieces(place)
        if sum(piece.size_bytes for piece in pieces) > size_bytes:
            raise ShipError("the host has more of the file than it said; is it still being written?")
        with open(path, "wb") as file:
            for at in range(0, len(pieces), BATCH):
                batch = pieces[at : at + BATCH]
                self._stow(place, self.store.lacking(batch))
                data = self.store.read(batch)
                if wrong := [piece for piece in batch if piece not in data]:
                    self._stow(place, wrong)  # over what is there
                    data |= self.store.read(wrong)
                if len(data) < len(set(batch)):
                    raise ShipError(f"{self.store.url} gives other bytes than the host put there")
                file.writelines(data[piece] for piece in batch)

    def close(self) -> None:
        """Leave; jobs go on."""
        self.channel.close()

    def _pieces(self, place: str) -> list[Piece]:
        found, offset = [], 0
        for row in self.channel.ask("cut", path=place, piece=PIECE_BYTES):
            try:
                sha256, size = row
                right = len(sha256) == 64 and not set(sha256) - set("0123456789abcdef")
                right = right and 0 < size <= PIECE_BYTES
            except (TypeError, ValueError):
                right = False
            if not right:
                raise ShipError("the host's answer makes no sense; is something else answering there?")
            found.append(Piece(sha256, "", offset, size))
            offset += size
        return found

    def _stow(self, place: str, lacking: list[Piece]) -> None:
        rows = [
            [piece.offset, piece.size_bytes, piece.sha256, self.store.address(piece, "PUT")]
            for piece in lacking
        ]
        limits = {"attempts": self.store.limits.attempts, "silent_s": 3 * self.store.limits.silent_s}
        if rows:
            self.channel.ask("stow", path=place, pieces=rows, **limits)
