"""Types of the rule about environment variables."""

from collections.abc import Iterable

ENVIRONMENT: dict[str, tuple[str, ...]]

def reads_environment(target: str, variables: Iterable[str | None]) -> bool: ...
