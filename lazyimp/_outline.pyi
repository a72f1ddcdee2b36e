"""Types of `_outline.py`, which stays bare because it runs inside imports."""

from collections.abc import Callable
from types import CodeType

MUTATORS: frozenset[str]
INERT: frozenset[str]
WORDS: tuple[str, ...]
NO_WORDS: tuple[str, ...]
KEEPING: frozenset[str]
DEPTH: int
OUTSIDE: str
SELF: str

class Module:
    name: str
    package: str
    code: CodeType
    imports: dict[str, tuple[str, str | None]]
    stars: list[str]
    statements: list[tuple[str, tuple[str, ...] | None, tuple[str, ...]]]
    bound: dict[str, CodeType | str | None]
    classes: dict[CodeType, tuple[list[str], str | None]]
    events: list[tuple[object, ...]]
    reads: set[str]
    walks: bool
    def __init__(self, name: str, is_package: bool, code: CodeType) -> None: ...

def mentions(code: CodeType, name: str) -> bool: ...
def functions_in(code: CodeType) -> list[CodeType]: ...
def split(chain: str) -> tuple[str, str]: ...

class Judge:
    look: Callable[[str], Module | None]
    exists: Callable[[str], bool]
    inside: Callable[[str], bool]
    def __init__(
        self,
        look: Callable[[str], Module | None],
        exists: Callable[[str], bool],
        inside: Callable[[str], bool],
    ) -> None: ...
    def effect(self, module: Module) -> str | None: ...
    def resolve(self, module: Module, chain: str, depth: int = 0) -> tuple[str, str, CodeType | str, str]: ...
