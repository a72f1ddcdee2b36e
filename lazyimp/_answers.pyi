"""Types of `_answers.py`, which stays bare because it runs inside imports."""

FORMAT: str
MOST_FILES: int
MOST_MODULES: int
writes_at_exit: list[bool]

def recall(wanted: bool = True) -> None: ...
def is_same_folder(folder: str) -> bool: ...
def await_end() -> None: ...
