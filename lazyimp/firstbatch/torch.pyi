"""Types of the rule for PyTorch; for type checkers only."""

from collections.abc import Callable

from lazyimp._finder import LazyFinder

AFTER_FETCH: str
IN_GRAPH: str
AT_BACKWARD: str

class Swap:
    original: object
    ours: object
    live: bool
    def __init__(self, owner: object, name: str, make: Callable[[Swap], object]) -> None: ...
    def place(self) -> None: ...
    def restore(self) -> None: ...

class Watch:
    def __init__(
        self,
        begins: Callable[[], None],
        decide: Callable[[str, int, int], None],
        in_this_process: Callable[[], bool],
        tell_call: Callable[[tuple[object, ...], dict[str, object]], None] | None = None,
    ) -> None: ...
    def arm(self, finder: LazyFinder) -> None: ...
    def remove(self) -> None: ...
