"""An import that fails at its first use raises what it would have raised early, and may be tried again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython

Write = Callable[[Mapping[str, str]], Path]

# Reports the error that `use` raises; in a file of its own, so that the script stays as users write it.
REPORT = """
    import json, traceback

    def report(use):
        try:
            use()
        except BaseException as error:
            cause = error.__cause__
            shown = traceback.format_exception(type(cause), cause, cause and cause.__traceback__)
            print(json.dumps({
                "type": type(error).__name__,
                "text": str(error),
                "cause": "".join(shown),
                "notes": getattr(error, "__notes__", []),
            }))
        else:
            print(json.dumps(None))
"""

BROKEN = {
    "site-packages/division.py": "x = 1 / 0\n",
    "site-packages/missing.py": "import nowhere_to_be_found\nnowhere_to_be_found.x\n",
    "site-packages/own.py": "class OwnError(Exception): pass\nraise OwnError('mine', 2)\n",
    "site-packages/leaves.py": "raise SystemExit(3)\n",
}
RAISED = {
    "division": ("ZeroDivisionError", "division by zero"),
    "missing": ("ModuleNotFoundError", "No module named 'nowhere_to_be_found'"),
    "own": ("OwnError", "('mine', 2)"),
    "leaves": ("SystemExit", "3"),
}


def run_report(run_python: RunPython, path: Path, mode: str, core: str) -> list[dict[str, object]]:
    done = run_python(path, mode=mode, core=core)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_original_exception_with_the_place_of_the_import(
    run_python: RunPython, write: Write, core: str, mode: str, name: str
) -> None:
    """Type and text are the module's own; the cause and a note name file, line and name of the statement."""
    module = Path(name).stem
    main = write(
        {
            **BROKEN,
            "reporting.py": REPORT,
            "main.py": f"""
                from reporting import report


                import {module}
                report(lambda: {module}.x)
            """,
        }
    )
    (seen,) = run_report(run_python, main, mode, core)
    assert (seen["type"], seen["text"]) == RAISED[module]
    if module == "leaves":
        return  # what ends the interpreter passes through as it is
    assert "main.py" in seen["cause"]
    assert module in seen["cause"]
    if sys.version_info >= (3, 11):
        assert any("main.py" in note and "4" in note and module in note for note in seen["notes"]), seen


def test_missing_name_is_an_import_error(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """`from m import missing` raises ImportError at its use, with the words of the interpreter."""
    if core == "py":
        pytest.skip("core py loads m at the statement, so the error is early")
    main = write(
        {
            "m.py": "",
            "reporting.py": REPORT,
            "main.py": """
                from reporting import report
                from m import missing
                report(lambda: missing)
            """,
        }
    )
    (seen,) = run_report(run_python, main, mode, core)
    assert seen["type"] == "ImportError"
    assert str(seen["text"]).startswith("cannot import name 'missing' from 'm'")
    assert "main.py" in seen["cause"]


def test_second_use_tries_again(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """Each use tries again; once the module is repaired the import works and binds the real module."""
    main = write(
        {
            "state.py": "ready = False\ntries = 0\n",
            "site-packages/fragile.py": """
                import state
                state.tries += 1
                if not state.ready:
                    raise ValueError(f"try {state.tries}")
                x = "repaired"
            """,
            "reporting.py": REPORT,
            "main.py": """
                import state
                from reporting import report
                import fragile
                def use():
                    return fragile.x
                report(use)
                report(use)
                state.ready = True
                report(use)
                print('"%s"' % use(), state.tries, type(fragile).__name__)
            """,
        }
    )
    *reports, last = run_python(main, mode=mode, core=core).stdout.splitlines()
    texts = [report and report["text"] for report in map(json.loads, reports)]
    assert texts == ["try 1", "try 2", None]
    assert last == '"repaired" 3 module'


def test_file_repaired_on_disk(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """A syntax error mended in the file is gone at the next use."""
    main = write(
        {
            "site-packages/wrong.py": "def f(:\n",
            "reporting.py": REPORT,
            "main.py": """
                import importlib, os
                from reporting import report
                import wrong
                report(lambda: wrong.f)
                path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site-packages", "wrong.py")
                with open(path, "w") as file:
                    file.write("def f(): return 1  # mended\\n")
                importlib.invalidate_caches()
                print(wrong.f())
            """,
        }
    )
    first, second = run_python(main, mode=mode, core=core).stdout.splitlines()
    assert json.loads(first)["type"] == "SyntaxError"
    assert second == "1"


def test_failure_through_two_deferred_imports(
    run_python: RunPython, write: Write, core: str, mode: str
) -> None:
    """A failure that travels through two deferred imports names both statements."""
    main = write(
        {
            "site-packages/deep.py": "1 / 0\n",
            "site-packages/middle.py": "import deep\nvalue = deep.x\n",
            "reporting.py": REPORT,
            "main.py": """
                from reporting import report
                import middle
                report(lambda: middle.value)
            """,
        }
    )
    (seen,) = run_report(run_python, main, mode, core)
    told = str(seen["cause"]) + "\n".join(map(str, seen["notes"]))
    assert seen["type"] == "ZeroDivisionError"
    assert "middle.py" in told
    assert "main.py" in told or sys.version_info < (3, 11)


def test_failed_name_leaves_others_usable(run_python: RunPython, write: Write, core: str, mode: str) -> None:
    """One failing import does not harm the names beside it."""
    main = write(
        {
            **BROKEN,
            "site-packages/fine.py": "x = 1\n",
            "reporting.py": REPORT,
            "listing.py": "import __main__\ndef listed(name):\n    return name in dir(__main__)\n",
            "main.py": """
                from reporting import report
                from listing import listed
                import division, fine
                from fine import x
                report(lambda: division.x)
                print(fine.x, x, listed("division"))
            """,
        }
    )
    assert run_python(main, mode=mode, core=core).stdout.splitlines()[1] == "1 1 True"
