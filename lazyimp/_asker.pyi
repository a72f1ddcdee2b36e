"""Types of the code that asks for an import; for type checkers only."""

from types import FrameType

FOLDER: str

class Asker:
    called: bool
    ours: bool
    states: bool
    file: str | None
    function: str | None
    place: tuple[int, int] | None
    line: int
    space: dict[str, object]
    def __init__(self, frame: FrameType | None) -> None: ...
    def is_main(self) -> bool: ...
