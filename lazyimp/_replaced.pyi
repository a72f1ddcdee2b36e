"""Types of the modules that were replaced; for type checkers only."""

from types import ModuleType

class Replaced(ModuleType): ...

def replace(proxy: ModuleType, now: object) -> None: ...
