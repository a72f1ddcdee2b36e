"""Types of core `native`, whose running code stays bare; it is a Core (see `_protocol`)."""

from types import FrameType

from lazyimp._finder import LazyFinder
from lazyimp._protocol import PolicyMaker

name: str
policy_factory: PolicyMaker | None
Lazy: type | None
finder: LazyFinder | None
mode: str | None
deferred: int
proxies: int
declared: dict[tuple[str, str], tuple[str, str, int, int]]
late: dict[str, tuple[str, str, int]]

def enable(new_mode: str, make_policy: PolicyMaker) -> None: ...
def disable(resolve: bool = False) -> tuple[int, list[tuple[str, BaseException]]]: ...
def is_enabled() -> bool: ...
def pending() -> list[tuple[str, str, str, int]]: ...
def counts() -> dict[str, int]: ...
def push_scope(frame: FrameType, scope_mode: str) -> object: ...
def pop_scope(token: object) -> None: ...
