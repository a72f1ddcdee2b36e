"""Types of the line at the first batch; for type checkers only."""

from collections.abc import Mapping, Sequence

from lazyimp._protocol import Core

def say(monotonic_ns: int, wall_ns: int, t0: str | None, core: Core | None) -> None: ...
def facts(
    monotonic_ns: int, wall_ns: int, t0: str | None, core: Core | None
) -> tuple[int, list[tuple[str, int, str]], int, dict[str, int]]: ...
def phases(
    spans: Sequence[tuple[str, str, int, int, int, int]], names: Sequence[str]
) -> list[tuple[str, int, str]]: ...
def line(
    ttfb_ns: int, parts: Sequence[tuple[str, int, str]], modules: int, totals: Mapping[str, int]
) -> str: ...
