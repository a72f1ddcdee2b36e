"""Types of the phases' hooks; for type checkers only."""

from types import ModuleType

HOOKS: dict[str, tuple[tuple[str, str, int | None], ...]]
MOST_SPANS: int

def arrived(module: ModuleType) -> None: ...
