"""Types of `_inside.py`, which stays bare because it runs inside imports."""

from collections.abc import Callable

UNKNOWN: str
CYCLE: str
LIMIT: int

def of_statement(
    importer: str, target: str, names: tuple[str, ...] | None, same: Callable[[str, str], bool]
) -> str | None: ...
def effect_of(name: str, same: Callable[[str, str], bool]) -> str | None: ...
def is_awaited(name: str) -> bool: ...
def is_extension(target: str) -> bool: ...
