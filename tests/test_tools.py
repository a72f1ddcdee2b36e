"""Debuggers, coverage, tracing, pytest, picklers and notebooks show what they show without lazyimp."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython

Write = Callable[[Mapping[str, str]], Path]
Compare = Callable[..., None]

PARTS = {"m.py": "x = 1\ndef double(v):\n    return v * 2\n\nclass A:\n    pass\n"}
USER = {
    **PARTS,
    "user.py": """
        import json
        import m
        from m import double, x
        def f(v):
            return json.dumps(double(v) + m.x + x)
    """,
}


def both(
    run_python: RunPython, compare: Compare, core: str, mode: str, *command: str | Path, **more: object
) -> str:
    """Run eagerly and lazily, compare, and give the output."""
    eager = run_python(*command, check=False, **more)
    lazy = run_python(*command, mode=mode, core=core, check=False, **more)
    compare(eager, lazy)
    return eager.stdout


def test_pytest_with_assertion_rewriting(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """`python -X lazyimp -m pytest` collects, rewrites assertions and fails with its details."""
    write(
        {
            **USER,
            "conftest.py": """
                import pytest
                import m
                pytest_plugins = ["helper_plugin"]
                @pytest.fixture
                def number():
                    return m.x
            """,
            "helper_plugin.py": """
                import pytest
                from m import double
                @pytest.fixture(autouse=True)
                def check():
                    assert double(1) == 2
                    yield
            """,
            "base_cases.py": "class TestShared:\n    def test_shared(self, number): assert number == 1\n",
            "test_suite.py": """
                import pytest
                import user
                from base_cases import TestShared
                from m import x
                @pytest.mark.parametrize("v", [1, x + 1])
                def test_f(v, number):
                    assert user.f(v) == str(2 * v + 2)
                def test_fails(monkeypatch, tmp_path):
                    monkeypatch.setattr(user, "x", 5)
                    value = user.f(1)
                    assert value == "not this"
                def test_skips():
                    pytest.importorskip("nowhere_to_be_found")
                def test_warns():
                    with pytest.warns(UserWarning):
                        import warnings
                        warnings.warn("w")
                @pytest.mark.xfail(strict=True, raises=ZeroDivisionError)
                def test_expected():
                    1 / 0
            """,
        }
    )
    command = ("-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short", "-rA")
    eager = run_python(*command, check=False)
    lazy = run_python(*command, mode=mode, core=core, check=False)
    assert eager.returncode == lazy.returncode == 1, lazy.stdout + lazy.stderr

    def lines(text: str) -> list[str]:
        return re.sub(r" in \d+\.\d+s\b", " in <time>", text).splitlines()

    assert lines(lazy.stdout) == lines(eager.stdout)
    assert "assert '8' == 'not this'" in lazy.stdout


def test_coverage_counts_the_same_lines(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """coverage reports the lines of modules that ran late as it reports them eagerly."""
    pytest.importorskip("coverage")
    write({**USER, "main.py": "import user\nif user.f(1) == 'no':\n    print('never')\nprint(user.f(2))\n"})
    reports = []
    for switches in ({}, {"mode": mode, "core": core}):
        name = "lazy" if switches else "eager"
        run_python(
            "-m", "coverage", "run", "--branch", f"--data-file={name}", "--source=.", "main.py", **switches
        )
        run_python("-m", "coverage", "json", f"--data-file={name}", "-o", f"{name}.json")
        data = json.loads((Path(write({})).parent / f"{name}.json").read_text())
        reports.append({file: entry["missing_lines"] for file, entry in data["files"].items()})
    assert reports[0] == reports[1]
    assert reports[0]["main.py"] == [3]


TRACE = """
    import sys
    import user
    events = []
    def trace(frame, event, arg):
        name = frame.f_code.co_filename.replace("\\\\", "/").rpartition("/")[2]
        if name in ("main.py", "user.py", "m.py") and frame.f_code.co_name in ("work", "f", "double"):
            events.append((name, event, frame.f_lineno))
            return trace
    def work():
        return user.f(1)
    sys.{setter}(trace)
    work()
    sys.{setter}(None)
    print(events)
"""


@pytest.mark.parametrize("setter", ["settrace", "setprofile"])
def test_trace_functions_see_the_same_events(
    run_python: RunPython, write: Write, compare: Compare, core: str, mode: str, setter: str
) -> None:
    """Calls, lines and returns of the program's functions are those of an eager run."""
    main = write({**USER, "main.py": TRACE.replace("{setter}", setter)})
    assert "user.py" in both(run_python, compare, core, mode, main)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_monitoring_sees_the_same_events(
    run_python: RunPython, write: Write, compare: Compare, core: str, mode: str
) -> None:
    """sys.monitoring callbacks get the same lines and starts, and may use deferred names themselves."""
    main = write(
        {
            **USER,
            "notes.py": "seen = []\ndef note(*what):\n    seen.append(what)\n",
            "main.py": """
                import sys
                import user
                from notes import note, seen
                tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events
                sys.monitoring.use_tool_id(tool, "test")
                def work():
                    return user.f(1)
                def line(code, number):
                    if code.co_name in ("f", "double", "work"):
                        note("line", code.co_name, number)
                def start(code, offset):
                    if code.co_name in ("f", "double", "work"):
                        note("start", code.co_name)
                sys.monitoring.register_callback(tool, events.LINE, line)
                sys.monitoring.register_callback(tool, events.PY_START, start)
                sys.monitoring.set_events(tool, events.LINE | events.PY_START)
                work()
                sys.monitoring.set_events(tool, 0)
                print(seen)
            """,
        }
    )
    assert "('start', 'double')" in both(run_python, compare, core, mode, main)


def test_pdb_session(run_python: RunPython, write: Write, compare: Compare, core: str, mode: str) -> None:
    """A scripted pdb session steps, prints names that were not loaded, and lists the same lines."""
    write(
        {**USER, "main.py": "import user\nimport m\ndef g():\n    v = user.f(1)\n    return v\nprint(g())\n"}
    )
    commands = "b g;c;p m.x;p type(m).__name__;n;p v;whatis user;w;l;p 'm' in globals();c;q;".replace(
        ";", "\n"
    )
    out = both(run_python, compare, core, mode, "-m", "pdb", "main.py", stdin=commands)
    assert "-> v = user.f(1)" in out


def test_pickle_and_cloudpickle(
    run_python: RunPython, write: Write, compare: Compare, core: str, mode: str
) -> None:
    """Functions and classes that use deferred names travel to another process."""
    pytest.importorskip("cloudpickle")
    main = write(
        {
            **USER,
            "load.py": """
                import pickle, sys
                functions = pickle.load(sys.stdin.buffer)
                print([f(2) for f in functions])
            """,
            "main.py": """
                import pickle, subprocess, sys
                import cloudpickle
                import json
                import m
                from m import double, x, A
                from user import f
                def own(v):
                    return json.dumps([double(v), m.x, x])
                def outer(k):
                    return lambda v: double(v) + k + m.x
                class Own:
                    base = A
                    def __call__(self, v):
                        return isinstance(self.base(), A), double(v)
                data = cloudpickle.dumps([own, outer(3), Own(), f])
                print(subprocess.run([sys.executable, "load.py"], input=data, capture_output=True))
                print(pickle.loads(pickle.dumps([f, double, A])) == [f, double, A])
            """,
        }
    )
    out = both(run_python, compare, core, mode, main)
    assert "['[4, 1, 1]', 8, (True, 4), '6']" in out


INSPECT = """
    import inspect, user, m
    print(inspect.getclosurevars(user.f).globals.keys() == {"json", "double", "m", "x"})
    print(inspect.getsource(user.f), inspect.getsourcelines(m.double)[1], inspect.signature(user.double))
    print([name for name, value in inspect.getmembers(user) if inspect.ismodule(value)])
    print(inspect.getmodule(user.f) is user, inspect.getfile(user.m) == m.__file__)
    frame = inspect.currentframe()
    print(inspect.getframeinfo(frame).lineno, type(frame.f_globals["m"]).__name__)
    print(inspect.isfunction(inspect.unwrap(user.double)), inspect.getmro(m.A)[0].__name__)
"""

MOCK = """
    from unittest import mock
    import user
    with mock.patch("user.double", return_value=40), mock.patch("user.x", 8) as x, mock.patch("m.x", 7):
        print(user.f(1), x)
    with mock.patch("user.m") as fake:
        fake.x = 100
        print(user.f(1))
    @mock.patch.object(user, "json")
    def inner(fake):
        fake.dumps.side_effect = repr
        return user.f(2), fake.dumps.call_args
    print(inner(), user.f(1), type(user.m).__name__, type(user.json).__name__)
    print(mock.create_autospec(user).f.__class__.__name__)
"""


@pytest.mark.parametrize("code", [INSPECT, MOCK], ids=["inspect", "mock"])
def test_inspect_and_mock(
    run_python: RunPython, write: Write, compare: Compare, core: str, mode: str, code: str
) -> None:
    """inspect shows real objects; mock.patch replaces and restores names that were never loaded."""
    assert both(run_python, compare, core, mode, write({**USER, "main.py": code}))


def test_patch_of_a_value_that_a_pending_name_takes(
    run_python: RunPython,
    write: Write,
    compare: Compare,
    core: str,
    mode: str,
    request: pytest.FixtureRequest,
) -> None:
    """`from m import double, x` gives x the value of its moment, though m.x is replaced before x is read."""
    if core == "native" and mode == "all":  # the others know that a program with mocks is one
        reason = "case 12: each name of a statement takes its value at its own first use"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    patched = """
        from unittest import mock
        import user
        print(user.double(1))  # of the statement's names one is read, and the other is not
        with mock.patch("m.x", 7):
            print(user.f(1))
        print(user.f(1), user.x)
    """
    assert both(run_python, compare, core, mode, write({**USER, "main.py": patched}))


def test_doctest_and_unittest(
    run_python: RunPython, write: Write, compare: Compare, core: str, mode: str
) -> None:
    """doctest's globals and unittest's discovery hold what they hold eagerly."""
    write(
        {
            **USER,
            "documented.py": '''
                """
                >>> m.x, double(2), type(m).__name__
                (1, 4, 'module')
                >>> double("a")
                'wrong'
                """
                import m
                from m import double
                def g():
                    """
                    >>> g()
                    2
                    """
                    return double(m.x)
            ''',
            "test_one.py": """
                import doctest
                import unittest
                import documented
                from user import f
                class OneTest(unittest.TestCase):
                    def test_f(self):
                        self.assertEqual(f(1), "4")
                def load_tests(loader, tests, pattern):
                    tests.addTests(doctest.DocTestSuite(documented))
                    return tests
            """,
        }
    )
    assert "Expected:" in both(run_python, compare, core, mode, "-m", "doctest", "documented.py")
    eager = run_python("-m", "unittest", "-v", "test_one", check=False)
    lazy = run_python("-m", "unittest", "-v", "test_one", mode=mode, core=core, check=False)
    compare(eager, lazy)
    assert "FAILED (failures=1)" in eager.stderr


def test_ipython_session(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """Cells share a namespace; %run, %timeit-less magics, completion and `who` see real modules."""
    pytest.importorskip("IPython")
    main = write(
        {
            **USER,
            "script.py": "import m\nfrom m import double\nresult = double(m.x)\n",
            "main.py": """
                from IPython.testing.globalipapp import start_ipython
                from IPython.core.interactiveshell import InteractiveShell
                shell = InteractiveShell.instance()
                def run(cell):
                    result = shell.run_cell(cell)
                    result.raise_error()
                    return result.result
                run("import m\\nfrom m import double, x")
                print(run("m.x + double(x)"), run("type(m).__name__"), sorted(run("%who_ls")))
                print({"m", "x", "double"} <= set(shell.user_ns), type(shell.user_ns["m"]).__name__)
                run("%run script.py")
                print(run("result"), "m.double" in shell.complete("m.")[1], "m.x" in shell.complete("m.")[1])
                print(run("import user\\nuser.f(1)"))
            """,
        }
    )
    env = {"IPYTHONDIR": str(main.parent / "ipython"), "HOME": str(main.parent)}
    eager = run_python(main, env=env)
    lazy = run_python(main, env=env, mode=mode, core=core)
    assert lazy.stdout == eager.stdout
    assert "3 module" in eager.stdout
