"""Types of what is taught cloudpickle; for type checkers only."""

from collections.abc import Callable
from types import ModuleType

def teach(cloudpickle: ModuleType, pending: Callable[[], list[tuple[str, str, str, int]]]) -> None: ...
