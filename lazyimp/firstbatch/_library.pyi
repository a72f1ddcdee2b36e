"""Types of what library rules share; for type checkers only."""

from collections.abc import Callable
from types import ModuleType

class Watch:
    path: str
    rule: str
    framework: str
    def arrived(self, name: str, module: ModuleType) -> None: ...
    def train(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Callable[[], None]: ...
    def step_over(self) -> None: ...
