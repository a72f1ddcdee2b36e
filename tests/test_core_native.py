"""Core `native`: what lazyimp adds to the interpreter's own lazy imports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython, cores

Write = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.skipif(
    "native" not in cores(), reason="core native needs CPython 3.15 and lazyimp_c"
)

# A probe of its own: a module that reads sys.modules or a namespace keeps its own imports eager.
PROBE = """
    import sys
    from _types import LazyImportType

    def raw(module, name):
        return type(sys.modules[module].__dict__[name]) is LazyImportType

    def loaded(*names):
        return [name for name in names if name in sys.modules]
"""


def run(
    run_python: RunPython, write: Write, files: Mapping[str, str], mode: str = "safe", **more: object
) -> str:
    main = write({"probe.py": PROBE, "m.py": "x = 1\n", **files})
    return run_python(main, mode=mode, core="native").stdout


def test_statement_is_the_interpreters_own(run_python: RunPython, write: Write, mode: str) -> None:
    """The name is bound to the interpreter's placeholder, and to the module after its first use."""
    main = (
        "import probe\nimport m\nprint(probe.raw('__main__', 'm'))\nm.x\nprint(probe.raw('__main__', 'm'))\n"
    )
    assert run(run_python, write, {"main.py": main}, mode) == "True\nFalse\n"


def test_disable_gives_the_interpreter_back(run_python: RunPython, write: Write) -> None:
    """The mode and the filter are the interpreter's defaults again, and what is pending stays pending."""
    main = """
        import sys
        import lazyimp, probe
        import m
        print(sys.get_lazy_imports())
        lazyimp.disable()
        print(sys.get_lazy_imports(), sys.get_lazy_imports_filter(), probe.raw("__main__", "m"))
        lazyimp.disable(resolve=True)
        print(probe.raw("__main__", "m"), m.x)
    """
    assert run(run_python, write, {"main.py": main}) == "all\nnormal None True\nFalse 1\n"


def test_explicit_lazy_import_is_left_alone(run_python: RunPython, write: Write) -> None:
    """What the program itself calls lazy stays lazy, whatever the policy says."""
    main = """
        import probe
        lazy import antigravity_like
        __lazy_modules__ = ["listed"]
        import listed
        print(probe.loaded("antigravity_like", "listed"))
    """
    files = {"main.py": main, "antigravity_like.py": "x = 1\n", "listed.py": "x = 1\n"}
    assert run(run_python, write, files) == "[]\n"


def test_earlier_filter_is_restored(run_python: RunPython, write: Write) -> None:
    """A filter set before enable() is there after disable()."""
    main = """
        import sys
        import lazyimp
        def mine(importer, target, names):
            return True
        lazyimp.disable()
        sys.set_lazy_imports_filter(mine)
        lazyimp.enable("safe")
        lazyimp.disable()
        print(sys.get_lazy_imports_filter() is mine)
    """
    assert run(run_python, write, {"main.py": main}) == "True\n"


def test_installed_module_inside_try_is_a_proxy(run_python: RunPython, write: Write, tmp_path: Path) -> None:
    """It is out of sys.modules until it executes, and every statement gets the same object."""
    library = tmp_path / "site-packages"
    main = """
        import sys
        sys.path.append(SITE)
        import probe, use
        print(use.same(), probe.loaded("thing"), use.thing.x, probe.loaded("thing"), use.same())
    """
    files = {
        "main.py": main.replace("SITE", repr(str(library))),
        "use.py": """
            try:
                import thing
            except ImportError:
                thing = None
            try:
                import thing as again
            except ImportError:
                again = None
            try:
                import missing_thing
            except ImportError:
                missing_thing = None
            def same():
                return thing is again and missing_thing is None
        """,
        "site-packages/thing/__init__.py": "x = 5\n",
        "site-packages/thing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        "site-packages/thing-1.0.dist-info/RECORD": "thing/__init__.py,,\n",
    }
    assert run(run_python, write, files) == "True [] 5 ['thing'] True\n"


def test_submodule_wins_over_a_name_of_its_package(run_python: RunPython, write: Write, mode: str) -> None:
    """`import pkg.name` binds the submodule although the package defines `name` (gh-151208)."""
    files = {
        "main.py": "import pkg.name\nprint(type(pkg.name).__name__)\n",
        "pkg/__init__.py": "name = 'a string'\n",
        "pkg/name.py": "",
    }
    assert run(run_python, write, files, mode) == "module\n"


def test_submodule_is_a_global_of_its_package(run_python: RunPython, write: Write, mode: str) -> None:
    """`from .core import Z` makes `core` a name of the package, for its own functions, too."""
    files = {
        "main.py": "import pkg\nprint(pkg.z(), pkg.core.Z)\n",
        "pkg/__init__.py": "from .core import Z\ndef z():\n    return core.Z\ndef y():\n    return Z\n",
        "pkg/core.py": "Z = 3\n",
    }
    assert run(run_python, write, files, mode) == "3 3\n"


def test_note_and_cause_of_a_late_failure(run_python: RunPython, write: Write, mode: str) -> None:
    """The interpreter chains the place as the cause; lazyimp notes name, file and line."""
    main = """
        import traceback
        import broken
        def use():
            try:
                broken.x
            except ZeroDivisionError as error:
                print(error.__notes__, type(error.__cause__).__name__)
        use()
        use()
    """
    lines = run(run_python, write, {"main.py": main, "broken.py": "1 / 0\n"}, mode).splitlines()
    for line in lines:
        assert "lazy import of 'broken' as 'broken' declared at" in line
        assert "main.py:2" in line
        assert line.endswith("ImportError")
    assert len(lines) == 2


def test_function_pickled_by_value(run_python: RunPython, write: Write) -> None:
    """cloudpickle resolves the globals that a function mentions, before it copies them."""
    pytest.importorskip("cloudpickle")
    main = """
        import cloudpickle
        import m
        from m import x
        def f():
            return m.x + x
        print(cloudpickle.loads(cloudpickle.dumps(f))())
    """
    assert run(run_python, write, {"main.py": main}, "deep") == "2\n"


def test_fork_resolves_what_functions_read(run_python: RunPython, write: Write) -> None:
    """Before a fork the names that own functions read are loaded, once for all children; others stay away."""
    main = """
        import os
        import probe
        import m, unread
        def work():
            return m.x
        child = os.fork()
        if child == 0:
            os._exit(0 if probe.loaded("m", "unread") == ["m"] else 1)
        print(os.waitpid(child, 0)[1], probe.loaded("m"))
    """
    files = {"main.py": main, "unread.py": ""}
    # own code that is never named is imported at once in mode safe
    assert run(run_python, write, files, "all") == "0 ['m']\n"


def test_event_loop_finds_its_names_loaded(run_python: RunPython, write: Write) -> None:
    """Names that coroutines read are loaded when the loop starts, and the hook has gone."""
    main = """
        import asyncio
        import probe
        import m
        async def work():
            return probe.loaded("m"), m.x
        print(probe.loaded("m"))
        print(asyncio.run(work()))
        print(asyncio.base_events.BaseEventLoop._run_forever_setup.__module__)
    """
    assert run(run_python, write, {"main.py": main}) == "[]\n(['m'], 1)\nasyncio.base_events\n"


def test_pending_and_counts_load_nothing(run_python: RunPython, write: Write) -> None:
    """status() names module, binding, target and line of everything that waits."""
    main = """
        import lazyimp, probe
        import m
        from n import y as z
        def use(): return m, z
        print(probe.loaded("m", "n"))
        print(lazyimp.status()["pending"])
        use()
        counts = lazyimp.status()["counts"]
        print(counts["deferred"] - counts["reified"] - counts["pending"], lazyimp.status()["pending"])
    """
    lines = run(run_python, write, {"main.py": main, "n.py": "y = 2\n"}).splitlines()
    assert lines == ["[]", "[('__main__', 'm', 'm', 2), ('__main__', 'z', 'n:y', 3)]", "0 []"]


def test_scope_defers_its_own_block_only(run_python: RunPython, write: Write) -> None:
    """`with lazyimp.lazy()` in a program that is otherwise eager."""
    main = """
        import sys
        import lazyimp, probe
        with lazyimp.lazy("all"):
            import m
        import n
        print(probe.loaded("m", "n"), sys.get_lazy_imports())
        print(m.x)
    """
    path = write({"probe.py": PROBE, "m.py": "x = 1\n", "n.py": "", "main.py": main})
    assert run_python(path, core="native").stdout == "['n'] normal\n1\n"


def test_global_read_is_specialised_again(run_python: RunPython, write: Write) -> None:
    """After its first use a deferred name is read by the interpreter's fastest instruction."""
    main = """
        import dis
        import m
        def f():
            return m
        for _ in range(100):
            f()
        print(any(i.opname.startswith("LOAD_GLOBAL_MODULE") for i in dis.get_instructions(f, adaptive=True)))
    """
    assert run(run_python, write, {"main.py": main}) == "True\n"


def test_many_rounds_leak_no_filter(run_python: RunPython, write: Write) -> None:
    """Enabling and disabling again and again ends where it began."""
    main = """
        import sys
        import lazyimp
        before = len(sys.meta_path)
        for _ in range(300):
            lazyimp.enable("deep")
            lazyimp.disable(resolve=True)
        print(sys.get_lazy_imports(), sys.get_lazy_imports_filter(), len(sys.meta_path) <= before)
    """
    assert run(run_python, write, {"main.py": main}) == "normal None True\n"


def test_only_on_versions_that_have_it() -> None:
    """The core is offered where the interpreter has lazy imports."""
    assert hasattr(sys, "set_lazy_imports")


def test_submodule_of_its_own_package_for_its_effect(run_python: RunPython, write: Write) -> None:
    """`import pkg.register` inside `pkg` runs at once, although `pkg` itself is read there."""
    files = {
        "main.py": "import pkg\nprint(pkg.known)\n",
        "pkg/__init__.py": "known = []\nimport pkg.register\ndef f():\n    return pkg\n",
        "pkg/register.py": "import pkg\npkg.known.append(1)\n",
    }
    assert run(run_python, write, files, "deep") == "[1]\n"


def test_module_of_another_type_keeps_its_imports(run_python: RunPython, write: Write) -> None:
    """A module type whose attribute reads go past the interpreter's hands out what lies in the namespace."""
    loader = """
        import importlib.util
        import sys
        import types
        class Waiting(types.ModuleType):
            def __getattribute__(self, name):
                load = object.__getattribute__(self, "__dict__").pop("_load", None)
                if load is not None:
                    load(self)
                return object.__getattribute__(self, name)
        def later(name):
            spec = importlib.util.find_spec(name)
            module = importlib.util.module_from_spec(spec)
            module.__class__ = Waiting
            module.__dict__["_load"] = spec.loader.exec_module
            sys.modules[name] = module
            return module
    """
    files = {
        "main.py": "import loader\npkg = loader.later('site_pkg')\nprint(pkg.total)\n",
        "loader.py": loader,
        "site_pkg/__init__.py": "from . import lib\nfrom .lib import value\ntotal = value + lib.value\n",
        "site_pkg/lib.py": "value = 2\n",
    }
    assert run(run_python, write, files, "deep") == "4\n"


NAMESPACE_USES = {  # in a function of the module -> whether a placeholder of `m` may be met
    "globals()[key]": True,
    "globals()['m']": True,
    "globals().get('m')": True,
    "globals().items()": True,
    "globals().copy()": True,
    "use(globals())": True,
    "globals()['other']": False,
    "globals().get('__name__')": False,
    "set(globals())": False,
    "sorted(globals())": False,
    "[*globals()]": False,
    "'m' in globals()": False,
    "globals().update(key)": False,
    "globals().keys()": False,
    "eval(key, globals(), locals())": False,
}


@pytest.mark.parametrize(("use", "meets"), NAMESPACE_USES.items(), ids=list(NAMESPACE_USES))
def test_who_reads_a_namespace_by_other_names_defers(use: str, meets: bool) -> None:
    """What only lists or writes names, or looks up others, leaves the module's imports alone."""
    import lazyimp_c

    source = f"import m\ndef f(key, use):\n    return {use}\n"
    assert bool(lazyimp_c.analyse(compile(source, "?", "exec")).flags & 8) is meets


@pytest.mark.parametrize(
    ("body", "meets"),
    [
        ("space = globals()\n    space[key] = 1", False),
        ("space = globals()\n    for each in key:\n        space[each] = each", False),
        ("space = globals()\n    return space[key]", True),
        ("space = globals()\n    return list(space.values())", True),
        ("globals()[key] = 1", False),
        ("del globals()[key]", False),
    ],
)
def test_a_namespace_in_a_variable(body: str, meets: bool) -> None:
    """The uses of the variable count."""
    import lazyimp_c

    source = f"import m\ndef f(key):\n    {body}\n"
    assert bool(lazyimp_c.analyse(compile(source, "?", "exec")).flags & 8) is meets


def test_a_modules_own_getattr_is_asked_for_what_is_missing() -> None:
    """`globals()[name]` there finds nothing, whatever the imports bind."""
    import lazyimp_c

    source = "import m\ndef __getattr__(name):\n    return globals()[name]\n"
    assert not lazyimp_c.analyse(compile(source, "?", "exec")).flags & 8
