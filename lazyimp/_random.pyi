"""Types of the random generators' states; for type checkers only."""

from collections.abc import Callable
from typing import Any

Kept = tuple[Callable[[], Any], Any, Callable[[Any], object], Any]

def keep() -> list[Kept]: ...
def put_back(kept: list[Kept]) -> None: ...
