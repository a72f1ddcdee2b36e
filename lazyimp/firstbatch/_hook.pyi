"""Types of hooks; for type checkers only."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

Enter = Callable[[tuple[Any, ...], dict[str, Any]], object]
Place = tuple[FunctionType, type | None]
Watcher = tuple[Callable[..., bool], Callable[[object], bool]]

class Hook:
    function: FunctionType
    owner: type | None
    enter: Enter
    watcher: Watcher | None
    live: bool
    over: bool
    def __init__(self, place: Place, enter: Enter, watcher: Watcher | None = None) -> None: ...
    def place(self) -> None: ...
    def restore(self) -> None: ...
    def end(self) -> None: ...

def find(module: object, path: str) -> Place | None: ...
