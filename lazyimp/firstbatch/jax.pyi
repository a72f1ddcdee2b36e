"""Types of the rule; for type checkers only."""

from types import ModuleType

IN_TRACE: str
AT_ONCE: str
LONGEST: str

class Watch:
    def arrived(self, name: str, module: ModuleType) -> None: ...
    def remove(self) -> None: ...
    def expect(self, rule: str, framework: str) -> None: ...
