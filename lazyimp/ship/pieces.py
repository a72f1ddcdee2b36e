"""Cuts a file into pieces that an object store keeps by their content: what was interrupted goes on piece by piece."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from lazyimp.ship.errors import ShipError
from lazyimp.ship.values import Blob

# One request each: parts of a multipart upload are lost with the client that began it.
PIECE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file of this machine."""

    sha256: str
    path: str
    offset: int
    size_bytes: int

    def read(self) -> bytes:
        """Its bytes; raises ShipError where the file is not what it was."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read(self.size_bytes)
        except OSError as error:
            raise ShipError(f"cannot read {self.path!r}: {error.strerror}") from None
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ShipError(f"{self.path!r} changes while it is sent; ship again")
        return data


def cut(blob: Blob) -> tuple[Piece, ...]:
    """The pieces of a blob, in order; raises ShipError where its file is not what it was."""
    pieces, whole, offset = [], hashlib.sha256(), 0
    try:
        with open(blob.path, "rb") as file:
            while data := file.read(PIECE_BYTES):
                whole.update(data)
                pieces.append(Piece(hashlib.sha256(data).hexdigest(), blob.path, offset, len(data)))
                offset += len(data)
    except OSError as error:
        raise ShipError(f"cannot read {blob.path!r}: {error.strerror}") from None
    if whole.hexdigest() != blob.sha256:
        raise ShipError(f"{blob.path!r} has changed since the plan was made; ship again")
    return tuple(pieces)
