"""Stands in for torch._dynamo where an optimizer or a checkpoint asks for it while nothing was ever compiled.

Until the compiler is loaded nobody can have put its hook into the interpreter, so a function that is to run
without the compiler is that function, and a break in a graph that nobody records is nothing.
"""

from types import FunctionType, ModuleType

_KEPT = "__dynamo_disable"  # where torch/_compile.py keeps what disable() gave it
_disabled: list[tuple[FunctionType, bool, dict[str, object]]] = []


def disable(function: object, recursive: bool = True, **options: object) -> object:
    """`function` itself: that is what runs without the compiler."""
    if type(function) is FunctionType:
        _disabled.append((function, recursive, options))
        return function
    import sys

    return sys.modules["torch._dynamo"].disable(function, recursive, **options)


def graph_break(msg: str = "") -> None:
    """Nothing: no graph is being recorded."""


ANSWERS = {
    "disable": (disable, ("torch._compile",)),
    "graph_break": (graph_break, ("torch.optim.optimizer",)),
}


def hand_over(dynamo: ModuleType) -> None:
    """Give those who kept a plain function what the compiler would have given them."""
    while _disabled:
        function, recursive, options = _disabled.pop()
        if function.__dict__.get(_KEPT) is function:
            setattr(function, _KEPT, dynamo.disable(function, recursive, **options))
