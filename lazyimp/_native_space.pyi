"""Types of what core `native` asks the policy."""

from types import FrameType

from lazyimp_c import NativeSpace

def open_space(frame: FrameType, importer: str) -> NativeSpace: ...
def fill(space: NativeSpace, scope: object, top: str) -> int | tuple[int, frozenset[str]]: ...
def ask(
    space: NativeSpace, scope: object, target: str, names: tuple[str, ...] | None, flags: int, offset: int
) -> tuple[bool, tuple[str, ...] | None]: ...
def protected(
    space: NativeSpace, scope: object, target: str, offset: int
) -> tuple[str | None, int, bool]: ...
