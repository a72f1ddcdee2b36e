"""Odd things that a program may do to what stands in its namespaces get the interpreter's own answers; none crashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython, cores

Write = Callable[[Mapping[str, str]], Path]
pytestmark = pytest.mark.skipif("c" not in cores(), reason="armed keys and traps are core c's")

STRICT = {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "221"}  # memory that was given back holds nothing
LEAF = "x = 1\ndef f(): return x\n"
PEEK = """
    import sys
    def names(module):
        return object.__getattribute__(sys.modules[module], "__dict__")
    def change(name, value):
        armed = sys.modules["lazyimp._armed"]
        before = getattr(armed, name)
        setattr(armed, name, value)
        return before
"""


def lines(run_python: RunPython, main: Path, mode: str = "all") -> list[str]:
    """What the program prints; it is the same without lazyimp."""
    lazy = run_python(main, mode=mode, core="c", env=STRICT).stdout.splitlines()
    assert run_python(main).stdout.splitlines() == lazy
    return lazy


CHANGES = {
    "f.__defaults__ = None": "TypeError",
    "f.__defaults__ = (7, 8)": "8",
    "f.__kwdefaults__ = {'c': 3}": "1",
    "f.__code__ = (lambda a, *b: b).__code__": "()",
    "del f.__defaults__": "TypeError",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_function_changed_while_it_waits(run_python: RunPython, write: Write, change: str) -> None:
    """Calls that were specialised before disable() do not go on as if the function were what it was."""
    main = write(
        {
            "leaf.py": LEAF,
            "user.py": """
                import leaf
                def f(a, b=1):
                    if a:
                        return leaf.x
                    return b
                def call():
                    return f(0)
            """,
            "main.py": f"""
                import sys
                import user
                from user import f, call
                for _ in range(200):
                    call()
                if "lazyimp" in sys._xoptions:
                    import lazyimp
                    lazyimp.disable()
                {change}
                for _ in range(200):
                    try:
                        found = call()
                    except TypeError:
                        found = "TypeError"
                print(found)
            """,
        }
    )
    assert lines(run_python, main) == [CHANGES[change]]


def test_a_waiting_function_is_asked_for_what_is_no_name(run_python: RunPython, write: Write) -> None:
    """`__getattribute__` by hand with a number, and with a text of a type of the program's own."""
    main = write(
        {
            "leaf.py": LEAF,
            "user.py": "import leaf\ndef f(): return leaf.x\n",
            "main.py": """
                import sys, user
                keep = [user.f]
                if "lazyimp" in sys._xoptions:
                    import lazyimp
                    lazyimp.disable()
                class Name(str): pass
                try:
                    keep[0].__getattribute__(5)
                except TypeError as error:
                    print(error)
                print(keep[0].__getattribute__(Name("__globals__")) is vars(user), keep[0]())
            """,
        }
    )
    assert lines(run_python, main) == ["attribute name must be string, not 'int'", "True 1"]


def test_a_key_made_from_the_type_of_a_key(run_python: RunPython, write: Write) -> None:
    """`type(name)(name)`, for a name that came from walking a namespace, is an ordinary text."""
    main = write(
        {
            "leaf.py": LEAF,
            "user.py": "import leaf\nfrom leaf import f\n",
            "main.py": """
                import copy, pickle
                import user
                space = object.__getattribute__(user, "__dict__")
                for key in list(space):
                    if key[0] != "_":
                        made = type(key)(key)
                        print(made, pickle.loads(pickle.dumps(made)), copy.deepcopy(made), type(key)(b"x", "ascii"))
                        space[made + "2"] = 1
                        space[type(key)(key + "3")] = 2
                        assert type(made) is str, type(made)
                print(user.leaf.x, user.f(), user.leaf2, user.f3)
            """,
        }
    )
    assert lines(run_python, main) == ["leaf leaf leaf x", "f f f x", "1 1 1 2"]


BY_HAND = (
    "None, space, space, (), 1",
    "None, space, space, (), 0",
    "b'leaf', space, space, (), 0",
    "b'leaf', space, space, ('x',), 1",
    "'os', space, space, (5,), 0",
    "'os', space, space, ([],), 0",
    "'leaf', space, space, (Loud(),), 0",
    "'leaf', space, space, ('x', None), 0",
    "'leaf', space, space, 5, 0",
    "'leaf', space, space, (), 2 ** 70",
    "'leaf', space, space, (), None",
    "'', space, space, ('leaf',), 1",
    "'', space, space, (), 0",
    "'leaf', space, space, (), -1",
)


@pytest.mark.parametrize("words", BY_HAND)
def test_import_called_by_hand_with_what_no_statement_gives(
    run_python: RunPython, write: Write, words: str
) -> None:
    """The error is the interpreter's, or what it gives."""
    main = write(
        {
            "leaf.py": LEAF,
            "peek.py": PEEK,
            "pkg/__init__.py": "",
            "pkg/sub.py": f"""
                import leaf
                import peek
                space = peek.names(__name__)
                class Loud:
                    def __str__(self):
                        print("asked")
                        return "loud"
                try:
                    print(type(__import__({words})).__name__)
                except (TypeError, ValueError, ImportError, OverflowError) as error:
                    print(type(error).__name__)
                print(leaf.x)
            """,
            "main.py": "import pkg.sub\npkg.sub.leaf\n",
        }
    )
    assert lines(run_python, main)[-1] == "1"


def test_a_module_that_goes_while_its_namespace_is_looked_at(run_python: RunPython, write: Write) -> None:
    """What is forgotten on the way may run any code, which may take the importing module out of sys.modules."""
    main = write(
        {
            "leaf.py": LEAF,
            "helper.py": """
                import sys
                class Last:
                    def __del__(self):
                        sys.modules.pop("__main__", None)
            """,
            "broken.py": """
                try:
                    from helper import Last
                except ImportError:
                    pass
                last = Last()
                raise ValueError
            """,
            "prog.py": """
                by_hand = __import__
                try:
                    by_hand("broken")
                except ValueError:
                    pass
                import leaf
                from leaf import f
                print(leaf.x, f())
                import gc
                gc.collect()
                print("collected")
            """,
        }
    ).with_name("prog.py")
    found = run_python("-m", "prog", mode="all", core="c", env=STRICT, cwd=main.parent)
    assert found.stdout == "1 1\ncollected\n"


@pytest.mark.parametrize("question", ["replace_copies", "explain"])
def test_an_interrupt_while_code_of_ours_runs(run_python: RunPython, write: Write, question: str) -> None:
    """Ctrl-C is the program's, and the name can be used afterwards."""
    main = write(
        {
            "leaf.py": LEAF,
            "broken.py": "raise ValueError('broken')\n",
            "peek.py": PEEK,
            "main.py": f"""
                import peek
                import leaf, broken
                def interrupted(*args):
                    raise KeyboardInterrupt
                usual = peek.change("{question}", interrupted)
                copied = list(peek.names("__main__").values())
                try:
                    leaf.x if "{question}" == "replace_copies" else broken
                except KeyboardInterrupt:
                    print("interrupted")
                peek.change("{question}", usual)
                print(leaf.x)
                try:
                    broken
                except ValueError as error:
                    print(error)
            """,
        }
    )
    assert run_python(main, mode="all", core="c").stdout == "interrupted\n1\nbroken\n"


def test_an_interrupt_while_deferring_stops(run_python: RunPython, write: Write) -> None:
    """The frame whose names were being imported is let go with its variables."""
    main = write(
        {
            "slow.py": "raise KeyboardInterrupt\n",
            "user.py": """
                import weakref, lazyimp
                import slow
                class Thing: pass
                def stop():
                    thing = Thing()
                    try:
                        lazyimp.disable()
                    except KeyboardInterrupt:
                        return weakref.ref(thing)
                    slow.x
            """,
            "main.py": """
                import gc, user
                seen = user.stop()
                gc.collect()
                print(seen and seen())
            """,
        }
    )
    assert run_python(main, mode="all", core="c").stdout == "None\n"
