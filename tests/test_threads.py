"""Threads that reify the same name, different names, or names whose modules need each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython

Write = Callable[[Mapping[str, str]], Path]

TOGETHER = """
    import threading

    def together(calls):
        start = threading.Barrier(len(calls))
        results, errors = [None] * len(calls), []
        def work(index, call):
            start.wait()
            try:
                results[index] = call()
            except BaseException as error:
                errors.append(repr(error))
        threads = [threading.Thread(target=work, args=item, daemon=True) for item in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads), "deadlock"
        assert not errors, errors
        return results
"""


def test_sixteen_threads_one_name(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """All threads get the one finished module, which ran once."""
    main = write(
        {
            "together.py": TOGETHER,
            "count.py": "runs = 0\n",
            "slow.py": "import time, count\ncount.runs += 1\ntime.sleep(0.05)\nx = object()\n",
            "main.py": """
                from together import together
                import count
                import slow
                from slow import x
                seen = together([lambda: (slow, slow.x)] * 8 + [lambda: (slow, x)] * 8)
                print(len(set(seen)), count.runs, type(slow).__name__)
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "1 1 module\n"


def test_sixteen_threads_different_names(run_python: RunPython, write: Write, core: str) -> None:
    """Sixteen modules load at once, side by side, and one namespace keeps all of them."""
    files = {f"part{i}.py": f"import time\ntime.sleep(0.1)\nx = {i}\n" for i in range(16)}
    imports = "\n".join(f"import part{i}" for i in range(16))
    calls = ", ".join(f"lambda: part{i}.x" for i in range(16))
    (path := write({**files, "together.py": TOGETHER})).write_text(
        f"from together import together\nimport time\n{imports}\n"
        f"start = time.perf_counter()\nprint(sum(together([{calls}])))\n"
        "print(time.perf_counter() - start < 1.2)\n"
        "print({type(v).__name__ for k, v in globals().items() if k.startswith('part')})\n"
    )
    assert run_python(path, mode="deep", core=core).stdout == "120\nTrue\n{'module'}\n"


def test_threads_read_names_of_one_module_while_others_bind(
    run_python: RunPython, write: Write, core: str
) -> None:
    """Reads, stores, deletes and listings of a namespace while its names are reified stay right."""
    names = "\n".join(f"from values import v{i}" for i in range(100))
    main = write(
        {
            "together.py": TOGETHER,
            "values.py": "globals().update({f'v{i}': i for i in range(100)})\n",
            "space.py": names + "\ndef total():\n    return sum(globals()[f'v{i}'] for i in range(100))\n",
            "main.py": """
                from together import together
                import space
                def read():
                    return sum(getattr(space, f"v{i}") for i in range(100))
                def store():
                    for i in range(200):
                        setattr(space, f"own{i}", i)
                        delattr(space, f"own{i}")
                    return 4950
                def listing():
                    for _ in range(50):
                        assert "v99" in dir(space)
                    return 4950
                print(set(together([read, store, listing, space.total] * 4)), type(vars(space)) is dict)
            """,
        }
    )
    assert run_python(main, mode="deep", core=core).stdout == "{4950} True\n"


@pytest.mark.parametrize("rounds", [range(10)], ids=["ten rounds"])
def test_lock_order(run_python: RunPython, write: Write, core: str, rounds: range) -> None:
    """A module's body touches a deferred name while another thread resolves what imports that module."""
    main = write(
        {
            "together.py": TOGETHER,
            "main.py": """
                import os, sys
                from together import together
                here = os.path.dirname(os.path.abspath(__file__))
                size = 8
                round_ = sys.argv[1]
                for i in range(size):
                    with open(os.path.join(here, f"ring{round_}_{i}.py"), "w") as file:
                        file.write(
                            "import time\\n"
                            f"import leaf{round_}_{i}\\n"
                            f"import ring{round_}_{(i + 1) % size} as after\\n"
                            f"first = leaf{round_}_{i}.x\\n"
                            "time.sleep(0.002)\\n"
                            "def later():\\n    return first + after.first\\n"
                        )
                    with open(os.path.join(here, f"leaf{round_}_{i}.py"), "w") as file:
                        file.write(
                            f"import ring{round_}_{(i + 3) % size} as ring\\n"
                            "x = 1\\n"
                            "def late():\\n    return ring.first\\n"
                        )
                with open(os.path.join(here, f"user{round_}.py"), "w") as file:
                    for i in range(size):
                        file.write(f"import ring{round_}_{i} as r{i}\\nimport leaf{round_}_{i} as l{i}\\n")
                import importlib
                importlib.invalidate_caches()
                user = importlib.import_module(f"user{round_}")
                calls = [lambda i=i: getattr(user, f"r{i}").later() for i in range(size)]
                calls += [lambda i=i: getattr(user, f"l{i}").late() for i in range(size)]
                print(sum(together(calls)))
            """,
        }
    )
    for number in rounds:
        assert run_python(main, number, mode="deep", core=core).stdout == "24\n"


def test_import_statement_beside_first_use(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """A function's import and a first use of the same module at once give one module."""
    main = write(
        {
            "together.py": TOGETHER,
            "slow.py": "import time\ntime.sleep(0.05)\nx = object()\n",
            "main.py": """
                import importlib
                from together import together
                import slow
                def by_statement():
                    import slow
                    return slow.x
                def by_name():
                    return importlib.import_module("slow").x
                print(len(set(together([by_statement, by_name, lambda: slow.x] * 5))))
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout == "1\n"
