"""Stands in for torch._meta_registrations: how operators answer for tensors without data, while there is none.

Importing torch registers that for 700 operators, through torch._decomp, torch._prims and torch._refs; a fourth of
the time it takes. A tensor without data is made by one of a few operators, by compiling and exporting, too:
the first of them to be called loads it all. So does whoever touches those modules, or operators that they define.
"""

import sys
from types import ModuleType
from typing import Any

NAME = "torch._meta_registrations"
FOLLOWERS = (  # what the author's order would have loaded with it
    "torch._decomp",
    "torch._prims",
    "torch._prims_common.wrappers",
    "torch._refs",
    "torch.utils._content_store",
)
ANSWERS: dict[str, dict[str, object]] = {}

# Those that make a tensor without data and take none, and have to be asked before they refuse. All others that
# make one call these.
MAKERS = (
    "empty.memory_format",
    "empty_strided",
    "_efficientzerotensor",
    "_sparse_coo_tensor_with_dims",
    "_make_dep_token",
    "tril_indices",
    "triu_indices",
)
DEFINED = ("prims", "rngprims", "debugprims")  # namespaces of operators in torch.ops

_watching: list[Any] = []  # the registration of MAKERS
_namespaces: list[Any] = []


def begin() -> bool:
    """Watch for the first tensor without data; False where this version cannot be watched."""
    library = sys.modules.get("torch.library")
    torch: Any = sys.modules.get("torch")
    if library is None or not hasattr(torch, "ops") or not hasattr(library.Library, "_destroy"):
        return False
    watching = library.Library("aten", "IMPL")
    for name in MAKERS:
        base, _, overload = name.partition(".")
        made_by = getattr(getattr(torch.ops.aten, base, None), overload or "default", None)
        if made_by is not None:
            watching.impl(name, _asking(made_by), "Meta")
    _watching.append(watching)
    for name in DEFINED:
        _namespaces.append(_pending_namespace(torch, name))
        setattr(torch.ops, name, _namespaces[-1])
    return True


def _asking(made_by: Any) -> Any:
    def make(*args: Any, **kwargs: Any) -> Any:
        load()
        return made_by(*args, **kwargs)

    return make


def load() -> None:
    """Load the real module, if nobody has or is at it."""
    _stop_watching()
    vars(sys.modules[NAME])  # a stub gives way


def _stop_watching() -> None:
    while _watching:
        _watching.pop()._destroy()


def _pending_namespace(torch: Any, name: str) -> Any:
    plain = type(torch.ops.aten)

    class Pending(plain):  # type: ignore[valid-type,misc]  # known while it runs
        """Operators that are defined when somebody asks for one."""

        def __getattr__(self, op_name: str) -> Any:
            if not op_name.startswith("__"):
                load()
            return plain.__getattr__(self, op_name)  # no `super()`: it is plain by now

        def __dir__(self) -> Any:
            load()
            return plain.__dir__(self)  # type: ignore[call-arg]  # a class, of which nothing is known

    return Pending(name)


def hand_over(module: ModuleType) -> None:
    """Everything is registered."""
    _stop_watching()
    while _namespaces:
        namespace = _namespaces.pop()
        namespace.__class__ = type(namespace).__mro__[1]
