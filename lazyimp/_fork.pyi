"""Types of the fork helper; for type checkers only."""

from collections.abc import Callable

def joining(work: Callable[[], object]) -> None: ...
