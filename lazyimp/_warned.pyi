"""Types of the warning filters around a late import; for type checkers only."""

from lazyimp._random import Kept

def keep(recorded: tuple[list[object], tuple[object, ...]]) -> Kept: ...
