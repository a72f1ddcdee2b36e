"""Types of the look at own modules' effects; for type checkers only."""

from collections.abc import Callable, Sequence

UNKNOWN: str
LIMIT: int

def of_statement(
    importer: str, target: str, names: Sequence[str] | None, kind_of: Callable[[str], str | None]
) -> str | None: ...
