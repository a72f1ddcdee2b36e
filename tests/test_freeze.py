"""After `lazyimp.disable()`: real modules, plain tables, and pending names that still arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython

Write = Callable[[Mapping[str, str]], Path]

PARTS = {
    "m.py": "x = 1\n",
    "n.py": "def y():\n    return 2\n",
    "site-packages/broken.py": "raise ValueError('broken module')\n",
    "site-packages/worse.py": "raise KeyError('worse module')\n",
}
STOPS = ("lazyimp.disable()", "lazyimp.disable(resolve=True)", "lazyimp.first_batch()")


@pytest.mark.parametrize("stop", STOPS)
def test_functions_called_first_after_the_stop(
    run_python: RunPython, write: Write, core: str, mode: str, stop: str
) -> None:
    """Functions, methods, lambdas, closures and class bodies first run after the stop see real modules."""
    main = write(
        {
            **PARTS,
            "user.py": """
                import m
                from n import y
                def function():
                    return m.x + y()
                class Thing:
                    def method(self, v=3):
                        return type(m).__name__, y.__name__, v
                    @staticmethod
                    def static():
                        return m.x
                    @property
                    def prop(self):
                        return y()
                anonymous = lambda: m.x
                def outer():
                    def inner():
                        return m.x, y()
                    return inner
                def late_class():
                    class Late:
                        attr = m.x
                    return Late.attr
            """,
            "main.py": f"""
                import lazyimp
                import user
                thing = user.Thing()
                functions = [user.function, thing.method, thing.static, user.anonymous, user.outer()]
                {stop}
                again = [user.function() for _ in range(2)]
                print([f() for f in functions], thing.prop, user.late_class(), *again)
                print(lazyimp.status()["enabled"])
            """,
        }
    )
    expected = "[3, ('module', 'y', 3), 1, 1, (1, 2)] 2 1 3 3\nFalse\n"
    assert run_python(main, mode=mode, core=core).stdout == expected


@pytest.mark.parametrize("stop", STOPS)
def test_suspended_generators_and_coroutines(
    run_python: RunPython, write: Write, core: str, stop: str
) -> None:
    """What was suspended before the stop goes on after it with real modules."""
    main = write(
        {
            **PARTS,
            "main.py": f"""
                import asyncio
                import lazyimp
                import m
                from n import y
                def gen():
                    yield 0
                    yield m.x
                    yield y()
                async def agen():
                    yield 0
                    yield y() + m.x
                async def coro(event):
                    await event.wait()
                    return m.x, y()
                async def run():
                    event = asyncio.Event()
                    task = asyncio.ensure_future(coro(event))
                    values = agen()
                    first = await values.__anext__()
                    await asyncio.sleep(0)
                    {stop}
                    event.set()
                    print(await task, first, await values.__anext__())
                    await values.aclose()
                g = gen()
                next(g)
                lazy = (y() for _ in range(2))
                asyncio.run(run())
                print(list(g), list(lazy))
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "(1, 2) 0 3\n[1, 2] [2, 2]\n"


def test_running_frames(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """The functions on the stack when the stop happens go on with real modules."""
    main = write(
        {
            **PARTS,
            "main.py": """
                import lazyimp
                import m
                from n import y
                def inner():
                    lazyimp.disable()
                    return m.x
                def outer():
                    before = inner()
                    return before, m.x, y()
                print(outer())
                print(m.x, y(), type(m).__name__)
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "(1, 1, 2)\n1 2 module\n"


@pytest.mark.parametrize("stop", STOPS)
def test_tables_are_plain_afterwards(
    run_python: RunPython, write: Write, core: str, mode: str, stop: str
) -> None:
    """Every namespace is an exact dict with exact str keys, in its order, and modules are plain modules."""
    main = write(
        {
            **PARTS,
            "user.py": "a = 1\nimport m\nb = 2\nfrom n import y\nc = 3\ndef f():\n    return m, y\n",
            "main.py": f"""
                import sys
                import lazyimp
                import user
                {stop}
                user.f()
                for module in map(sys.modules.get, ["user", "__main__", "m", "n"]):
                    space = vars(module)
                    assert type(module) is type(sys), (module, type(module))
                    assert type(space) is dict, module
                    assert all(type(key) is str for key in space), module
                print([name for name in vars(user) if name[0] != "_"])
                import m
                print(type(m) is type(sys), type(vars(m)) is dict)
            """,
        }
    )
    expected = "['a', 'm', 'b', 'y', 'c', 'f']\nTrue True\n"
    assert run_python(main, mode=mode, core=core).stdout == expected


def test_keys_are_plain_right_after_the_stop(run_python: RunPython, write: Write, core: str) -> None:
    """The tables are rebuilt by the stop itself, not by the next use."""
    main = write(
        {
            **PARTS,
            "user.py": "import m\nfrom n import y\ndef f():\n    return m, y\n",
            "main.py": """
                import lazyimp
                import user
                user.__name__
                lazyimp.disable()
                print({type(key).__name__ for key in list(vars(user))}, type(vars(user)).__name__)
                print(user.f()[1]())
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "{'str'} dict\n2\n"


def test_resolve_reports_failures_together(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """disable(resolve=True) loads what it can, and returns all that failed with their exceptions."""
    main = write(
        {
            **PARTS,
            "main.py": """
                import lazyimp
                import m
                import broken
                from n import y
                import worse
                def use_m():
                    return m.x
                done = lazyimp.disable(resolve=True)
                failures = [(name, type(error).__name__, str(error)) for name, error in done.failures]
                print(done.resolved >= 1, sorted(failures))
                print(lazyimp.disable(resolve=True).resolved, type(m).__name__, y())
                for use in (lambda: broken.x, lambda: worse.x):
                    try:
                        use()
                    except (ValueError, KeyError) as error:
                        print(type(error).__name__, error)
            """,
        }
    )
    lines = run_python(main, mode=mode, core=core).stdout.splitlines()
    assert lines[0].startswith("True ")
    for word in ("broken", "ValueError", "broken module", "worse", "KeyError", "worse module"):
        assert word in lines[0]
    assert lines[1:] == ["0 module 2", "ValueError broken module", "KeyError 'worse module'"]


def test_disable_is_idempotent(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """Stopping twice, or where nothing was started, is harmless."""
    main = write(
        {
            **PARTS,
            "main.py": """
                import lazyimp
                import m
                print(lazyimp.disable()[1], lazyimp.disable()[1], lazyimp.disable(resolve=True)[1], m.x)
                lazyimp.first_batch()
                lazyimp.first_batch()
                print(lazyimp.status()["enabled"])
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "() () () 1\nFalse\n"
    assert run_python(main).stdout == "() () () 1\nFalse\n"


def test_imports_after_the_stop_are_eager(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """A module imported after the stop runs at its statement, and so do its own imports."""
    main = write(
        {
            "site-packages/loud.py": "import louder\nprint('loud')\n",
            "site-packages/louder.py": "print('louder')\n",
            "main.py": "import lazyimp\nlazyimp.disable()\nimport loud\nprint('end')\n",
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "louder\nloud\nend\n"


def test_enable_again(run_python: RunPython, write: Write, core: str) -> None:
    """Enabling, disabling and enabling again in one process works, with names pending across."""
    main = write(
        {
            **PARTS,
            "site-packages/quiet.py": "print('quiet runs')\nx = 7\n",
            "main.py": """
                import lazyimp
                import m
                lazyimp.disable()
                lazyimp.enable(mode="deep")
                import quiet
                print("before")
                print(quiet.x, m.x)
                for _ in range(100):
                    lazyimp.disable()
                    lazyimp.enable(mode="safe")
                print(lazyimp.status()["enabled"], lazyimp.status()["mode"])
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "before\nquiet runs\n7 1\nTrue safe\n"


def test_with_lazy_defers_only_its_block(run_python: RunPython, write: Write, core: str) -> None:
    """`with lazyimp.lazy(mode=...)` defers the imports in its block and nothing else."""
    main = write(
        {
            "site-packages/inside.py": "print('inside runs')\nx = 1\n",
            "site-packages/outside.py": "print('outside runs')\nx = 2\n",
            "main.py": """
                import lazyimp
                with lazyimp.lazy(mode="deep"):
                    import inside
                import outside
                print("before")
                print(inside.x, outside.x)
            """,
        }
    )
    done = run_python(main, core=core)
    assert done.stdout == "outside runs\nbefore\ninside runs\n1 2\n"


def test_first_batch_is_noted_once(run_python: RunPython, write: Write, core: str) -> None:
    """first_batch() stops deferring and keeps the first time."""
    main = write(
        {
            **PARTS,
            "main.py": """
                import lazyimp
                import m
                from n import y
                lazyimp.first_batch()
                one = lazyimp.status()["first_batch"]
                lazyimp.first_batch()
                now = lazyimp.status()
                print(one == now["first_batch"], one["rule"], now["enabled"], m.x, y())
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "True first_batch() False 1 2\n"


def test_stop_from_inside_a_module_that_is_loading(run_python: RunPython, write: Write, core: str) -> None:
    """A stop in a module's body, in the middle of a first use, leaves everything right."""
    main = write(
        {
            **PARTS,
            "stops.py": "import lazyimp, m\nfrom n import y\nlazyimp.disable()\nx = m.x + y()\n",
            "main.py": "import stops, m\nfrom n import y\nprint(stops.x, m.x, y(), type(m).__name__)\n",
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "3 1 2 module\n"


def test_resolving_all_walks_no_heap(run_python: RunPython, write: Write, core: str) -> None:
    """Only a placeholder that somebody copied is looked for among all objects; resolving all copies none."""
    main = write(
        {
            "main.py": """
                import gc
                import lazyimp
                import colorsys, fractions
                from csv import DictReader, DictWriter
                walks = []
                gc.get_referrers = walks.append
                lazyimp.disable(resolve=True)
                print(len(walks), *(each.__name__ for each in (colorsys, fractions, DictReader, DictWriter)))
            """
        }
    )
    assert run_python(main, mode="safe", core=core).stdout == "0 colorsys fractions DictReader DictWriter\n"


def test_functions_that_the_collector_put_aside(
    run_python: RunPython, write: Write, core: str, mode: str
) -> None:
    """gc.freeze() hides what there is; a function among it reads modules all the same, not what stands for them."""
    main = write(
        {
            **PARTS,
            "user.py": "import m\ndef f():\n    return type(m).__name__, m.x\ndef make():\n    return lambda: 1\n",
            "main.py": """
                import gc
                import lazyimp
                import user
                user.f
                gc.freeze()
                kept = user.make()
                lazyimp.disable()
                print(*user.f(), *user.f())
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "module 1 module 1\n"
