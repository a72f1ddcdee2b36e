"""What stands for torch._meta_registrations loads it before anything could miss it, and not otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TORCH = {
    "torch-2.13.0.dist-info/METADATA": "Name: torch\nVersion: 2.13.0\n",
    "torch/__init__.py": """
        import types, torch.library
        class _OpNamespace(types.ModuleType):
            def __getattr__(self, name):
                if (self.__name__, name) not in library.defined:
                    raise AttributeError(name)
                return library.Operator(self.__name__, name)
        class Ops: pass
        ops = Ops()
        ops.aten = _OpNamespace("aten")
        from torch import _meta_registrations
    """,
    "torch/library.py": """
        defined = {("aten", "empty_strided"), ("aten", "empty.memory_format"), ("aten", "empty")}
        kernels = {}
        class Operator:
            def __init__(self, *name):
                self.name = name
            @property
            def default(self): return self
            def __getattr__(self, overload): return Operator(self.name[0], f"{self.name[1]}.{overload}")
            def __call__(self, *args, **kwargs):
                return kernels.get(self.name, lambda *args, **kwargs: ("plain", args, kwargs))(*args, **kwargs)
        class Library:
            def __init__(self, namespace, kind): self.namespace, self.names = namespace, []
            def impl(self, name, function, key):
                assert key == "Meta"
                self.names.append(name)
                kernels[self.namespace, name] = function
            def _destroy(self):
                for name in self.names:
                    del kernels[self.namespace, name]
    """,
    "torch/_meta_registrations.py": """
        print("loads the registrations")
        from torch import _decomp, library
        library.defined.add(("prims", "add"))
        table = _decomp.table
    """,
    "torch/_decomp/__init__.py": "print('loads', __name__)\nimport torch._meta_registrations\ntable = {1: 2}\n",
}
LOADED = ["loads the registrations", "loads torch._decomp"]


@pytest.fixture
def shows(write: Any, run_python: Any) -> Callable[[str], list[str]]:
    """Run a program with the stub; gives the lines it prints."""

    def run(program: str) -> list[str]:
        files = {f"site-packages/{name}": text for name, text in TORCH.items()}
        main = write({**files, "main.py": "import sys, torch\ntorch.library\n" + program})
        told: str = run_python(main, mode="safe", env={"LAZYIMP_STUBS": "torch._meta_registrations"}).stdout
        return told.splitlines()

    return run


def test_a_program_without_such_tensors_loads_nothing(shows: Any) -> None:
    program = """
print(torch.library.Operator("aten", "add")(1), "torch._decomp" in sys.modules)
import torch._decomp
print(torch._decomp.__name__)
"""
    assert shows(program) == ["('plain', (1,), {}) True", "torch._decomp"]


@pytest.mark.parametrize(
    ("touch", "told"),
    [
        ("print(torch.ops.aten.empty_strided(1, device='meta'))", "('plain', (1,), {'device': 'meta'})"),
        ("print(torch.ops.aten.empty.memory_format([2]))", "('plain', ([2],), {})"),
        ("print(torch._decomp.table)", "{1: 2}"),
        ("print(torch._meta_registrations.table)", "{1: 2}"),
        ("from torch._decomp import table; print(table)", "{1: 2}"),
        ("print(torch.ops.prims.add.name)", "('prims', 'add')"),
        ("print(hasattr(torch.ops.rngprims, 'nothing'))", "False"),
    ],
)
def test_whatever_could_miss_it_loads_it_first(shows: Any, touch: str, told: str) -> None:
    program = f"""
{touch}
print(len(torch.library.kernels), type(torch.ops.prims) is torch._OpNamespace, type(torch._decomp) is type(sys))
"""
    assert shows(program) == [*LOADED, told, "0 True True"]


def test_a_version_that_cannot_be_watched_has_the_real_one(shows: Any, write: Any) -> None:
    before = TORCH["torch/library.py"]
    TORCH["torch/library.py"] = before.replace("_destroy", "_other")
    try:
        assert shows("print(torch._decomp.table)")[-1] == "{1: 2}"
        assert shows("") == LOADED
    finally:
        TORCH["torch/library.py"] = before
