"""Types of the rule; for type checkers only."""

from types import ModuleType

IN_FUNCTION: str
IN_TAPE: str

class Watch:
    def arrived(self, name: str, module: ModuleType) -> None: ...
