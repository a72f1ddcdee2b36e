"""Types of the loggers of late modules; for type checkers only."""

from collections.abc import Callable
from types import ModuleType

from lazyimp._random import Kept

def watch(config: ModuleType, pending: Callable[[], set[str]]) -> None: ...
def keep(target: str) -> Kept | None: ...
