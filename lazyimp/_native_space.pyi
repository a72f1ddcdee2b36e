"""Types of what core `native` knows of a module while its body runs."""

from types import CodeType, FrameType

class Space:
    code: CodeType
    facts: object
    file: str | None
    flags: int
    name: str
    table: dict[str, int]
    unread: bool
    def __init__(self, importer: str, frame: FrameType, policy: object) -> None: ...
    def statement(self, offset: int) -> tuple[int, tuple[tuple[str | None, str], ...]] | None: ...
    def read(self) -> None: ...
    def deletes(self, bound: str) -> bool: ...

def is_running(importer: str) -> bool: ...
def for_effect(
    frame: FrameType, space: Space, target: str, names: tuple[str, ...] | None, flags: int, bound: str
) -> bool: ...
def verdict(
    frame: FrameType,
    space: Space,
    policy: object,
    bits: int,
    target: str,
    names: tuple[str, ...] | None,
    flags: int,
) -> int: ...
def ask(
    policy: object, space: Space, target: str, names: tuple[str, ...] | None, flags: int, offset: int
) -> int: ...
