"""Types of the look at own modules' bodies; for type checkers only."""

from collections.abc import Callable
from types import CodeType

def effect_of(
    name: str, is_package: bool, code: CodeType, kind_of: Callable[[str], str | None]
) -> str | None: ...
def imports_of(
    name: str, is_package: bool, code: CodeType
) -> tuple[dict[str, tuple[str, str | None]], list[str]]: ...
