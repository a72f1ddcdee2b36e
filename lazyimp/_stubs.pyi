"""Types of the stubs' machinery; for type checkers only."""

from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType

class Unknown(ValueError):
    slug: str

class Stub(ModuleType): ...

def choose(names: Iterable[str]) -> None: ...
def take_back(names: Iterable[str]) -> None: ...
def find(name: str, path: Iterable[str] | None, importing: bool) -> ModuleSpec | None: ...
