"""Types of `_armed_repair.py`, which stays bare because it runs inside imports."""

from types import ModuleType

def teach(module: ModuleType) -> None: ...
