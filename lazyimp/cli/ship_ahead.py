"""Goes to a host while the plan is still being made: both take time, and neither needs the other."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable

from lazyimp.ship.channels import Channel


class Ahead:
    """A connection that is being made by a thread of its own, which nobody waits for if the plan fails."""

    def __init__(self, connect: Callable[[], Channel]) -> None:
        self._connect = connect
        self._made: Channel | BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def channel(self) -> Channel:
        """The connection, once it is there; raises what stood in its way."""
        self._thread.join()
        assert self._made is not None
        if isinstance(self._made, BaseException):
            raise self._made
        return self._made

    def _run(self) -> None:
        try:
            self._made = self._connect()
        except BaseException as error:
            self._made = error


def go_ahead(options: argparse.Namespace, destination: str, connect: Callable[[], Channel]) -> None:
    """Begin to go to `destination`, if that takes a while; the next `connect` there takes it up."""
    if destination.startswith("ssh://"):
        options.ahead = (destination, Ahead(connect))


def taken_up(options: argparse.Namespace, destination: str) -> Channel | None:
    """The connection that was begun, once; None where there is none."""
    begun = vars(options).pop("ahead", None)
    return begun[1].channel() if begun and begun[0] == destination else None
