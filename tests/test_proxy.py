"""A proxy executes at its first use, is the module ever after, and shows nothing of itself in between."""

from __future__ import annotations

import pytest

HEAD = """
import sys
from lazyimp._finder import finder, make_proxy, proxy_pending
finder.install()
def proxy(name):
    p = make_proxy(name)
    assert p is not None, name
    return p
"""
LOUD = "print('executes', __name__)\nvalue = 1\ndef read():\n    return value\n"


@pytest.fixture
def run(run_beside):
    """Run a program beside small modules, with the finder installed by hand."""
    return lambda program, **modules: run_beside(HEAD + program, **modules)


def test_first_attribute_executes_and_keeps_the_object(run):
    assert run(
        "m = proxy('loud'); print('loud' in sys.modules, proxy_pending(m))\n"
        "print(m.value, type(m) is type(sys), sys.modules['loud'] is m, proxy_pending(m))\n"
        "import loud; print(loud is m, m.read(), m.__spec__.loader is m.__loader__)\n"
        "print(type(m.__loader__).__name__, m.__spec__._initializing)",
        loud=LOUD,
    ) == ["False True", "executes loud", "1 True True False", "True 1 True", "SourceFileLoader False"]


def test_what_the_import_system_sets_is_answered_without_executing(run):
    assert run(
        "import inspect\n"
        "m = proxy('loud')\n"
        "print(m.__name__, m.__spec__.name, m.__file__[-7:], m.__package__ == '', m.__loader__ is m.__spec__.loader)\n"
        "print(repr(m).startswith(\"<module 'loud' from \"), inspect.ismodule(m), isinstance(m, type(sys)))\n"
        "print(hash(m) == hash(m), m == m, {m: 1}[m], bool(m), proxy_pending(m))",
        loud=LOUD,
    ) == ["loud loud loud.py True True", "True True True", "True True 1 True True"]


@pytest.mark.parametrize(
    "use",
    [
        "dir(m)",
        "vars(m)",
        "m.__dict__",
        "m.__doc__",
        "m.new = 1",
        "del m.value",
        "hasattr(m, 'missing')",
        "m.__all__",
    ],
)
def test_everything_else_executes_once(run, use):
    out = run(f"m = proxy('loud')\ntry:\n    {use}\nexcept AttributeError: pass\nm.read", loud=LOUD)
    assert out == ["executes loud"]


def test_an_assignment_lands_after_the_body(run):
    assert run("m = proxy('loud'); m.value = 5; print(m.read())", loud=LOUD) == ["executes loud", "5"]


def test_an_ordinary_import_executes_the_same_object(run):
    assert run(
        "m = proxy('loud')\ndef f():\n    import loud\n    return loud\nprint(f() is m, type(m) is type(sys))",
        loud=LOUD,
    ) == ["executes loud", "True True"]


def test_parents_execute_first(run):
    assert run(
        "m = proxy('pkg.sub'); print(m.value); import pkg; print(pkg.sub is m)", pkg__INIT=LOUD, pkg__sub=LOUD
    ) == ["executes pkg", "executes pkg.sub", "1", "True"]


def test_a_missing_attribute_reads_as_in_eager_programs(run):
    assert run("m = proxy('loud')\ntry:\n    m.missing\nexcept AttributeError as e: print(e)", loud=LOUD) == [
        "executes loud",
        "module 'loud' has no attribute 'missing'",
    ]


def test_a_failure_is_the_original_one_and_is_tried_again(run):
    assert run(
        "from lazyimp import _proxy\n"
        "m = make_proxy('bad', ('__main__', 'b', 'prog.py', 7))\n"
        "for x in range(2):\n"
        "    try:\n        m.value\n"
        "    except ZeroDivisionError as e:\n"
        "        print(e, 'bad' in sys.modules, proxy_pending(m), getattr(e, '__notes__', [])[:1] or e.__cause__)\n"
        "        tb = e.__cause__.__traceback__\n"
        "        print(tb.tb_frame.f_code.co_filename, tb.tb_lineno, tb.tb_next)\n"
        "sys.ready = True\nprint(m.value, m.count, type(m) is type(sys))",
        bad="import sys\ncount = globals().get('count', 0) + 1\nif not hasattr(sys, 'ready'): 1/0\nvalue = 3\n",
    ) in (
        [
            f"division by zero False True {note}" if line == 0 else "prog.py 7 None"
            for _ in range(2)
            for line in range(2)
        ]
        + ["3 1 True"]
        for note in (
            "['lazy import of \\'bad\\' as \\'b\\' declared at prog.py:7']",
            "[\"lazy import of 'bad' as 'b' declared at prog.py:7\"]",
            "lazy import of 'bad' as 'b' declared at prog.py:7",
        )
    )


def test_threads_execute_once_and_wait(run):
    assert run(
        "import threading\nm = proxy('slow'); seen = []\n"
        "ts = [threading.Thread(target=lambda: seen.append(m.value)) for _ in range(16)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]\nprint(seen == [1] * 16, type(m) is type(sys))",
        slow="import time\nprint('executes')\ntime.sleep(0.2)\nvalue = 1\n",
    ) == ["executes", "True True"]


def test_threads_in_a_cycle_do_not_deadlock(run):
    assert run(
        "import threading\na = proxy('a'); b = proxy('b')\n"
        "ts = [threading.Thread(target=lambda m=m: m.value) for m in (a, b)]\n"
        "[t.start() for t in ts]; [t.join(20) for t in ts]\nprint([t.is_alive() for t in ts], a.value, b.value)",
        a="import time\ntime.sleep(0.1)\nimport b\nvalue = 1\n",
        b="import time\ntime.sleep(0.1)\nimport a\nvalue = 2\n",
    ) == ["[False, False] 1 2"]


def test_a_module_that_replaces_itself(run):
    assert run(
        "m = proxy('swap'); held = [m]\nprint(m.value, m is sys.modules['swap'])\n"
        "held[0].value = 9; print(sys.modules['swap'].value, dir(held[0])[-1], repr(held[0]))",
        swap="import sys\nclass S:\n    value = 4\n    def __repr__(self): return 'S!'\nsys.modules[__name__] = S()\n",
    ) == ["4 True", "9 value S!"]


def test_a_module_that_wraps_itself(run):
    """As torch.backends does: the wrapper asks the module it replaced."""
    assert run(
        "m = proxy('wrap'); held = [m]\nprint(m.value, m.extra, held[0].value, held[0].extra, hasattr(held[0], 'no'))\n"
        "import wrap.sub; print(wrap.sub.value, wrap is sys.modules['wrap'], m is wrap)",
        wrap__sub=LOUD,
        wrap__INIT="import sys\nvalue = 4\nclass W(type(sys)):\n"
        "    def __init__(self, m, name): super().__init__(name); self.m = m\n"
        "    def __getattr__(self, name): return self.m.__getattribute__(name)\n"
        "    extra = 5\nsys.modules[__name__] = W(sys.modules[__name__], __name__)\n",
    ) == ["4 5 4 5 False", "executes wrap.sub", "1 True True"]


def test_a_module_that_changes_its_class_keeps_it(run):
    assert run(
        "m = proxy('kind'); print(m.value, type(m).__name__)",
        kind="import sys\nclass K(type(sys)):\n    value = 4\nsys.modules[__name__].__class__ = K\n",
    ) == ["4 K"]


def test_what_was_put_into_sys_modules_later_stays_there(run):
    assert run(
        "m = proxy('loud'); sys.modules['loud'] = fake = object()\nprint(m.value, sys.modules['loud'] is fake)",
        loud=LOUD,
    ) == ["executes loud", "1 True"]


def test_reload_and_module_getattr(run):
    assert run(
        "import importlib\nm = proxy('loud'); m.value = 7\nprint(importlib.reload(m) is m, m.value)\n"
        "print(proxy('dyn').anything)",
        loud=LOUD,
        dyn="def __getattr__(name): return name.upper()\n",
    ) == ["executes loud", "executes loud", "True 1", "ANYTHING"]


def test_pickle_and_copy_fail_as_for_a_module(run):
    assert run(
        "import copy, pickle\n"
        "for f in (pickle.dumps, copy.copy, copy.deepcopy):\n"
        "    m = proxy('loud' if f is pickle.dumps else 'loud_' + f.__name__)\n"
        "    try: f(m)\n    except TypeError as e: print(e)",
        loud="",
        loud_copy="",
        loud_deepcopy="",
    ) in (
        ["cannot pickle 'module' object"] * 3,
        ["cannot pickle 'module' object", "cannot pickle 'module' object"],
    )


def test_cloudpickle_takes_a_proxy_by_name(run):
    pytest.importorskip("cloudpickle")
    assert run(
        "import cloudpickle, pickle\nm = proxy('loud')\ndef f(): return m.value\n"
        "print(pickle.loads(cloudpickle.dumps(f))())",
        loud=LOUD,
    ) == ["executes loud", "1"]


@pytest.mark.parametrize("name", ["_json", "sys", "zipimport", "spaced", "nowhere", "nowhere.sub"])
def test_no_proxy_for_what_does_not_execute_python(run, name):
    assert run(f"print(make_proxy({name!r}))", spaced__inner="") == ["None"]


def test_zip_and_bytecode_loaders(run):
    assert run(
        "import zipfile, py_compile, os\n"
        "with zipfile.ZipFile('z.zip', 'w') as z: z.writestr('zipped.py', 'value = 8')\n"
        "sys.path.append('z.zip'); py_compile.compile('src.py', 'compiled.pyc')\n"
        "import importlib; importlib.invalidate_caches()\n"
        "print(proxy('zipped').value, proxy('compiled').value)",
        src="value = 9\n",
    ) == ["8 9"]


def test_warnings_name_the_line_that_made_it_execute(run):
    out = run(
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n"
        "    m = proxy('warns')\n    m.value\nprint(w[0].filename.endswith('main.py'), w[0].lineno)",
        warns="import warnings\nwarnings.warn('x', stacklevel=2)\nvalue = 1\n",
    )
    assert out == [f"True {HEAD.count(chr(10)) + 5}"]


def test_sixteen_threads_execute_much_of_the_standard_library(run):
    assert run(
        "import random, threading, warnings\nwarnings.simplefilter('ignore')\n"
        "skip = ('_', 'idle', 'antigravity', 'this', 'test', 'turtle', 'tkinter', 'lib2to3', 'pydoc_data')\n"
        "names = [n for n in sorted(sys.stdlib_module_names) if n not in sys.modules and not n.startswith(skip)]\n"
        "ps = [p for p in map(make_proxy, names) if p is not None]\n"
        "def use(seed):\n"
        "    order = ps[:]; random.Random(seed).shuffle(order)\n"
        "    for p in order:\n"
        "        try: dir(p)\n"
        "        except ImportError: pass\n"
        "ts = [threading.Thread(target=use, args=(i,)) for i in range(16)]\n"
        "[t.start() for t in ts]; [t.join(60) for t in ts]\n"
        "loaded = [p for p in ps if type(p) is type(sys)]\n"
        "print(len(loaded) > 60, any(t.is_alive() for t in ts), all(sys.modules[p.__name__] is p for p in loaded))"
    )[-1:] == ["True False True"]
