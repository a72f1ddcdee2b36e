"""Types of what comes after the first batch; for type checkers only."""

from lazyimp.firstbatch._hook import Hook, Watcher

ENDS: dict[str, tuple[str, str]]
BACKWARD: tuple[str, str]

def follow(framework: str, watcher: Watcher | None = None) -> list[Hook]: ...
