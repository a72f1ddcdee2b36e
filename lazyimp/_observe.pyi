"""Types of the observer; for type checkers only."""

FORMAT: int

def start(path: str, attribute: bool = False) -> None: ...
