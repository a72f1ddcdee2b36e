"""Types of the rule; for type checkers only."""

from types import ModuleType

RULE: str
TRANSFORMER: str

class Watch:
    def arrived(self, name: str, module: ModuleType) -> None: ...
