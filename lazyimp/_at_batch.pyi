"""Types of what switches ask for at the first batch; for type checkers only."""

from typing import NoReturn

FIRST_BATCH: str
MARK: str
STEPS: int

def tells_trackers(
    word: str | None, stop: str | None, configured: bool | None, shown: str | None
) -> bool: ...
def watch(
    hooks: object,
    stop: str | None,
    summary: bool,
    steps: bool,
    trackers: bool = False,
    config_path: str | None = None,
) -> bool: ...
def say(rule: str, monotonic_ns: int, wall_ns: int) -> None: ...
def stop_at_batch(rule: str, monotonic_ns: int, wall_ns: int) -> None: ...
def stop_at_mark(name: str, monotonic_ns: int) -> None: ...
def end() -> NoReturn: ...
