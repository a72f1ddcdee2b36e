"""What stands for torch._dynamo answers as the compiler would while nothing is compiled, and tells it the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TORCH = {
    "torch-2.5.0.dist-info/METADATA": "Name: torch\nVersion: 2.5.0\n",
    "torch/__init__.py": "",
    "torch/_compile.py": """
        def kept(function):
            import torch._dynamo
            function.__dynamo_disable = torch._dynamo.disable(function, True, wrapping=False)
            return function.__dynamo_disable
    """,
    "torch/_dynamo/__init__.py": """
        print("loads the compiler")
        from . import eval_frame
        from .eval_frame import OptimizedModule
        told = []
        def disable(fn=None, recursive=True, *, reason=None, wrapping=True):
            if fn is None:
                return eval_frame.Context(reason)
            def _fn(*args, **kwargs):
                print("without the compiler")
                return fn(*args, **kwargs)
            _fn._torchdynamo_disable = True
            _fn._torchdynamo_disable_msg = reason
            return _fn
        def allow_in_graph(fn):
            told.append(fn)
            return fn
        def graph_break(msg=""): print("breaks")
        def reset(): print("resets")
        def assume_constant_result(fn): raise AssertionError
    """,
    "torch/_dynamo/eval_frame.py": """
        skipped = []
        def skip_code(code): skipped.append(code)
        class OptimizedModule: pass
        class Context:
            def __init__(self, reason): self.reason = reason
            def __enter__(self): print("enters", self.reason)
            def __exit__(self, *error): print("leaves")
    """,
    "accelerate/__init__.py": "",
    "accelerate/utils/__init__.py": "",
    "accelerate/utils/other.py": """
        import torch
        def is_compiled(module):
            return isinstance(module, torch._dynamo.eval_frame.OptimizedModule)
    """,
}
PROLOGUE = """
import sys
import torch, torch._dynamo
def loaded(): return "torch._dynamo.eval_frame" in sys.modules
def load(): return torch._dynamo.told
"""


@pytest.fixture
def shows(write: Any, run_python: Any) -> Callable[[str], list[str]]:
    """Run a program with the stub; gives the lines it prints."""

    def run(program: str) -> list[str]:
        files = {f"site-packages/{name}": text for name, text in TORCH.items()}
        main = write({**files, "main.py": PROLOGUE + program})
        told: str = run_python(main, mode="safe", env={"LAZYIMP_STUBS": "torch._dynamo"}).stdout
        return told.splitlines()

    return run


def test_a_function_kept_from_the_compiler_is_called_through_a_wrapper(shows: Any) -> None:
    program = """
@torch._dynamo.disable(reason="why")
def double(x, by=2):
    "Doubles."
    return x * by
kept = double
print(double(3), double(3, by=3), double.__name__, double.__doc__, double._torchdynamo_disable, loaded())
load()
print(double(3), double is kept, double._torchdynamo_disable_msg, double._torchdynamo_orig_callable(4))
print(torch._dynamo.eval_frame.skipped == [double.__code__])
"""
    assert shows(program) == [
        "6 9 double Doubles. True False",
        "loads the compiler",
        "without the compiler",
        "6 True why 8",
        "True",
    ]


def test_who_keeps_what_it_is_given_has_the_function_itself(shows: Any) -> None:
    program = """
from torch._compile import kept
def f(): return 1
print(kept(f) is f, loaded())
load()
print(vars(f)["__dynamo_disable"] is f, vars(f)["__dynamo_disable"]())
"""
    assert shows(program)[1:] == ["loads the compiler", "without the compiler", "False 1"]


def test_what_is_let_into_graphs_is_told_if_it_still_lives(shows: Any) -> None:
    program = """
@torch._dynamo.allow_in_graph
def f(): pass
def g(): pass
torch._dynamo.allow_in_graph([f, g])
torch._dynamo.allow_in_graph(lambda: None)
print(torch._dynamo.assume_constant_result(g) is g, g._dynamo_marked_constant, loaded())
print([each.__name__ for each in load()])
late = torch._dynamo.allow_in_graph(len)
print(load()[-1])
"""
    assert shows(program) == [
        "True True False",
        "loads the compiler",
        "['f', 'f', 'g']",
        "<built-in function len>",
    ]


def test_breaks_and_resets_are_nothing_before_and_the_compilers_after(shows: Any) -> None:
    program = """
from torch._dynamo import graph_break, reset
graph_break(); reset()
print(loaded())
load()
graph_break("here"); reset()
"""
    assert shows(program) == ["False", "loads the compiler", "breaks", "resets"]


def test_no_module_is_optimized_before_there_is_a_compiler(shows: Any) -> None:
    program = """
import typing
from accelerate.utils.other import is_compiled
from torch._dynamo import OptimizedModule
def f(x: typing.Union[int, OptimizedModule]) -> bool:
    return isinstance(x, (str, OptimizedModule))
print(f(1), f("a"), issubclass(int, OptimizedModule), is_compiled(1), loaded())
made = torch._dynamo.eval_frame.OptimizedModule()
print(f(made), f(1), is_compiled(made), OptimizedModule is type(made))
"""
    assert shows(program) == ["False True False False False", "loads the compiler", "True False True True"]


@pytest.mark.parametrize(
    ("touch", "told"),
    [
        ("class Mine(OptimizedModule): pass\nprint(Mine.__mro__[1].__name__)", "OptimizedModule"),
        ("print(type(OptimizedModule()).__name__)", "OptimizedModule"),
        ("print(OptimizedModule.__module__)", "torch._dynamo.eval_frame"),
        ("print(OptimizedModule)", "<class 'torch._dynamo.eval_frame.OptimizedModule'>"),
        ("print(isinstance(1, OptimizedModule | int))", "True"),
    ],
)
def test_whatever_else_is_done_with_the_class_needs_the_real_one(shows: Any, touch: str, told: str) -> None:
    assert shows(f"from torch._dynamo import OptimizedModule\n{touch}\n") == ["loads the compiler", told]


def test_a_context_without_the_compiler_is_the_compilers(shows: Any) -> None:
    program = "with torch._dynamo.disable(reason='why'):\n    print(loaded())\n"
    assert shows(program) == ["loads the compiler", "enters why", "True", "leaves"]


def test_what_is_no_plain_function_is_the_compilers_to_disable(shows: Any) -> None:
    program = "print(torch._dynamo.disable(len)('ab'))\n"
    assert shows(program) == ["loads the compiler", "without the compiler", "2"]
