"""Core `py`: the finder makes proxies of what module-level statements import, where the policy says so."""

# ruff: noqa: E501  the small programs keep their lines

from __future__ import annotations

import pytest

HEAD = """
import sys
from lazyimp._pycore import PyCore
class Policy:
    bits, asked = 7, []
    def __init__(self, mode): self.mode = mode
    def open(self, importer, file): return {}, 0
    def fill(self, importer, file, top): return self.bits
    def decide(self, *a): self.asked.append(a); return ("lazy" if "yes" in a[2] else "eager"), "why"
core = PyCore()
core.enable("all", lambda scope_mode=None: Policy(scope_mode or "all"))
def waiting(): return [row[2] for row in core.pending()]
"""
LOUD = "print('executes', __name__)\nvalue = 1\n"


@pytest.fixture
def run(run_beside):
    """Run a program beside small modules with the core enabled by hand."""
    return lambda program, **modules: run_beside(HEAD + program, **modules)


def test_module_level_imports_are_deferred_and_reported(run):
    first = HEAD.count("\n") + 1
    assert run(
        "import loud as l\nimport pkg.sub\nprint(core.pending(), 'loud' in sys.modules)\n"
        "print(l.value, pkg.sub.value, core.is_enabled(), core.counts()['pending'])",
        loud=LOUD,
        pkg__INIT=LOUD,
        pkg__sub=LOUD,
    ) == [
        f"[('__main__', 'l', 'loud', {first}), ('__main__', 'pkg', 'pkg', {first + 1}),"
        f" ('__main__', 'pkg', 'pkg.sub', {first + 1})] True",
        "executes loud",
        "executes pkg",
        "executes pkg.sub",
        "1 1 True 0",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "from loud import value",
        "from loud import *",
        "def f():\n    import loud\nf()",
        "class C:\n    import loud",
        "exec('import loud')",
        "exec('import loud', {})",
        "import importlib; importlib.import_module('loud')",
        "f = lambda: __import__('loud')\nf()",
    ],
)
def test_other_imports_are_eager(run, statement):
    assert run(f"{statement}\nprint('next')", loud=LOUD) == ["executes loud", "next"]


def test_a_submodule_by_from_is_deferred(run):
    assert run(
        "from pkg import sub, other as o\nbefore = waiting()\nprint(before, sub.value)",
        pkg__INIT="",
        pkg__sub=LOUD,
        pkg__other=LOUD,
    ) == ["executes pkg.sub", "['pkg.sub', 'pkg.other'] 1"]


def test_missing_modules_raise_at_once(run):
    assert run(
        "try:\n    import nowhere\nexcept ImportError as e: print(e)\n"
        "import pkg\ntry:\n    import pkg.nowhere\nexcept ImportError as e: print(e)",
        pkg__INIT=LOUD,
    ) == ["No module named 'nowhere'", "executes pkg", "No module named 'pkg.nowhere'"]


def test_a_package_that_provides_its_submodule_itself(run):
    assert run(
        "import pkg.made as m\nprint(m.value)",
        pkg__INIT="import sys\nsys.modules['pkg.made'] = made = type(sys)('pkg.made')\nmade.value = 6\n",
    ) == ["6"]


def test_an_eager_submodule_executes_its_pending_parent_first(run):
    assert run(
        "import pkg\nprint('pkg' in waiting())\ndef f():\n    import pkg.sub\n    return pkg.sub\nprint(f().value)",
        pkg__INIT=LOUD + "from .sub import value as v\nprint('got', v)\n",
        pkg__sub=LOUD,
    ) == ["True", "executes pkg", "executes pkg.sub", "got 1", "1"]


def test_a_function_and_a_submodule_of_one_name(run):
    assert run(
        "import pkg.foo\nimport pkh.bar\nprint(callable(pkg.foo), type(pkh.bar).__name__, pkh.bar.value)",
        pkg__INIT="from .foo import foo\n",
        pkg__foo="def foo(): pass\n",
        pkh__INIT="bar = 3\n",
        pkh__bar="value = 4\n",
    ) == ["True module 4"]


def test_a_failure_comes_late_with_its_place_and_can_be_tried_again(run):
    line = HEAD.count("\n") + 1
    out = run(
        "import bad as b\nfor _ in range(2):\n    try: b.value\n"
        "    except ZeroDivisionError as e: print(e, str(e.__cause__).rpartition('main.py')[2], 'bad' in sys.modules)\n"
        "sys.ok = 1\nprint(b.value, sys.modules['bad'] is b)",
        bad="import sys\nif not hasattr(sys, 'ok'): 1/0\nvalue = 1\n",
    )
    assert out == [f"division by zero :{line} False"] * 2 + ["1 True"]


def test_circular_imports(run):
    assert run(
        "import a\nprint(a.go())",
        a="import b\ndef go(): return b.go()\nvalue = 1\n",
        b="import a\ndef go(): return a.value\n",
    ) == ["1"]


def test_verdict_bits(run):
    assert run(
        "Policy.bits = 0\nimport never\n"
        "core.enable('all', lambda scope_mode=None: Policy('all')); Policy.bits = 1 | 4\nimport plain\n"
        "core.enable('all', lambda scope_mode=None: Policy('all')); Policy.bits = 1\nimport unused, used\nused\n"
        "core.enable('all', lambda scope_mode=None: Policy('all')); Policy.bits = 8 | 16\nimport yes_this, no_that\n"
        "print(waiting(), Policy.asked[0][2:])",
        never=LOUD,
        plain=LOUD,
        unused=LOUD,
        used=LOUD,
        yes_this=LOUD,
        no_that=LOUD,
    ) == [
        "executes never",
        "executes unused",
        "executes no_that",
        "['plain', 'used', 'yes_this'] ('yes_this', None, 2)",
    ]


def test_protected_statements_need_the_proxy_bit(run):
    assert run(
        "Policy.bits = 1 | 4\ntry:\n    import one\nfinally:\n    pass\ntry: 1/0\nexcept Exception:\n    import one_b\n"
        "import four\n"
        "core.enable('all', lambda scope_mode=None: Policy('all')); Policy.bits = 2 | 4\n"
        "try:\n    import two\nexcept ImportError:\n    pass\nimport three\n"
        "with open(__file__):\n    import five\nprint(waiting())",
        **dict.fromkeys(("one", "one_b", "two", "three", "four", "five"), LOUD),
    ) == ["executes one", "executes one_b", "executes three", "['four', 'two', 'five']"]


def test_disable_stops_and_can_resolve(run):
    assert run(
        "import one, bad\ncore.disable(); import two\nprint(waiting(), core.is_enabled())\n"
        "n, failures = core.disable(resolve=True)\nprint(n, [(m, type(e).__name__) for m, e in failures], waiting())\n"
        "print(core.disable(), one.value)",
        one=LOUD,
        two=LOUD,
        bad="1/0",
    ) == [
        "executes two",
        "['one', 'bad'] False",
        "executes one",
        "1 [('bad', 'ZeroDivisionError')] ['bad']",
        "(0, []) 1",
    ]


def test_a_scope_defers_only_its_own_frame(run):
    assert run(
        "core.disable()\ntoken = core.push_scope(sys._getframe(), 'all')\nimport one\ncore.pop_scope(token)\n"
        "import two\nprint(waiting())",
        one="import three\n",
        two=LOUD,
        three=LOUD,
    ) == ["executes two", "['one']"]


def test_scans_over_sys_modules_execute_nothing(run):
    assert run(
        "import inspect, unittest, warnings\nimport loud\nbefore = len(waiting())\n"
        "for m in list(sys.modules.values()): getattr(m, '__warningregistry__', None), getattr(m, '__file__', 0)\n"
        "print('loud' in waiting())\nimport pickle\nprint(loud.__class__ is type(sys))",
        loud=LOUD,
    ) == ["True", "True"]


def test_many_modules_of_the_standard_library_work_deferred(run):
    assert run(
        "import argparse, asyncio, collections.abc, concurrent.futures, csv, dataclasses, decimal, difflib, email.message\n"
        "import fractions, http.client, inspect, json, logging.handlers, multiprocessing, pickle, random, socketserver\n"
        "import statistics\n"
        "import tarfile, tempfile, textwrap, typing, unittest.mock, urllib.request, xml.etree.ElementTree as ET, zipfile\n"
        "print(json.dumps({'a': 1}), statistics.mean([1, 2]), ET.fromstring('<a/>').tag, textwrap.dedent(' a'))\n"
        "print(isinstance([], collections.abc.Sequence), unittest.mock.Mock()() is not None, core.disable(resolve=True)[1])"
    ) == ['{"a": 1} 1.5 a a', "True True []"]


def test_pytest_rewrites_assertions(run):
    out = run(
        "import pytest\nopen('test_x.py', 'w').write('import colorsys\\ndef test(): assert colorsys.ONE_THIRD == 4')\n"
        "pytest.main(['-q', '-p', 'no:cacheprovider', 'test_x.py'])"
    )
    assert any("assert 0.333" in line for line in out), out
