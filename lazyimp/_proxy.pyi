"""Types of the lazy module proxies; for type checkers only."""

from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType

Place = tuple[str, str, str, int]

ANSWERED: frozenset[str]
PROXIES: list[type[ModuleType]]
pending: dict[str, ModuleType]
places: dict[str, Place]
reified: list[int]
after_exec: dict[str, list[Callable[[ModuleType], object]]]
debug: list[bool]
recorder: list[ModuleType | None]
running: dict[str, int]

class Proxy(ModuleType): ...

def note(name: str, place: Place | None) -> None: ...
def build(spec: ModuleSpec, place: Place | None = None) -> ModuleType | None: ...
def execute(proxy: ModuleType) -> None: ...
def is_pending(proxy: ModuleType) -> bool: ...
def use_extension() -> None: ...
def use_python() -> None: ...
