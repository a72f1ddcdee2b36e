"""Types of the look at own modules' effects; for type checkers only."""

from collections.abc import Callable, Sequence

UNKNOWN: str
LIMIT: int

def of_statement(target: str, names: Sequence[str] | None, is_own: Callable[[str], bool]) -> str | None: ...
