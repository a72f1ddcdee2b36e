"""For commands that load much, talk a while and are gone: garbage is collected rarely, and not once more at the end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (200_000, 20, 20)  # loading the modules of a command makes fewer objects than that, and no garbage


@contextmanager
def brief() -> Iterator[None]:
    """Until its end; collecting what a process is about to give back anyway takes a third of its loading."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.freeze()
