"""Types of the rule; for type checkers only."""

from types import ModuleType

AFTER_FETCH: str
IN_GRAPH: str
AT_BACKWARD: str
NO_BACKWARD: str
FORWARD_ONLY: str

class Watch:
    def arrived(self, name: str, module: ModuleType) -> None: ...
    def expect(self, rule: str, framework: str) -> None: ...
