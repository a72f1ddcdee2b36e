"""Hard moments: names bound again, tables in use while they change, forks, threads."""

from __future__ import annotations

import sys

import pytest
from conftest import RunPython
from holder import ALL, HOLDER, Write, only_c, run

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def test_import_again_after_delete_and_rebind(run_python: RunPython, write: Write, core: str) -> None:
    """A name deleted while pending and bound anew takes the next import statement's module, no stand-in."""
    main = """
        import loaded
        for i in range(3):
            import leaf
            del leaf
            leaf = i
        import leaf
        print(type(leaf).__name__, leaf.x)
        for i in range(3):
            import leaf2
            del leaf2
        import leaf2
        print(leaf2.y)
    """
    assert run(run_python, write, main, core) == "module 1\n2\n"


@only_c
def test_copied_key_after_delete_and_rebind(run_python: RunPython, write: Write) -> None:
    """A look-up in a copy of a namespace whose name was deleted and bound anew does not go astray."""
    main = """
        import loaded, holder
        copy = loaded.names(holder).copy()
        exec("del leaf\\nleaf = 5\\ndel leaf2", loaded.names(holder))
        print(copy["leaf"].x, holder.leaf)
        try:
            del holder.leaf2
        except AttributeError:
            print("gone")
        print(copy["leaf2"].y, hasattr(holder, "leaf2"))
    """
    assert run(run_python, write, main) == "1 5\ngone\n2 False\n"


@only_c
def test_iterate_a_namespace_while_it_resolves(run_python: RunPython, write: Write) -> None:
    """An iterator keeps its place when the table under it is rebuilt with plain keys."""
    main = """
        import gc
        import loaded, holder
        space = loaded.names(holder)
        seen = []
        for key in space:
            seen.append(str(key))
            if key == "leaf2":
                holder.read()
                gc.collect()
        kinds = {type(key).__name__ for key in space}
        print(seen == [str(key) for key in space], kinds, type(holder).__name__)
    """
    assert run(run_python, write, main) == "True {'str'} module\n"


@only_c
def test_update_from_two_pending_namespaces(run_python: RunPython, write: Write) -> None:
    """Merging namespaces compares keys in the middle of the copy, and each comparison may import."""
    main = """
        import sys
        import loaded
        sys.path.insert(0, ".")
        import holder
        code = open("holder.py").read()
        open("second.py", "w").write(code)
        import second
        into = dict.fromkeys(["leaf2", "sub", "x"])
        into.update(loaded.names(second))
        print(into["leaf2"].y, into["sub"].z, into["x"] + 0)
        loaded.names(holder).update(loaded.names(second))
        print(holder.read(), second.read())
    """
    path = write({**HOLDER, "main.py": main})
    assert run_python(path, mode="all", core="c", cwd=path.parent).stdout == f"2 3 1\n{ALL} {ALL}\n"


def test_reload_and_class_changes_while_pending(run_python: RunPython, write: Write, core: str) -> None:
    """A module whose class is replaced, put back, reloaded and dropped keeps answering."""
    main = """
        import gc, importlib, types
        import loaded, holder
        class Sub(types.ModuleType):
            def __getattr__(self, name):
                return "dynamic " + name
        steps = holder.steps()
        holder.__class__ = Sub
        print(holder.nothing, holder.leaf.x)
        importlib.reload(holder)
        holder.__class__ = types.ModuleType
        importlib.reload(holder)
        old = holder
        loaded.forget("holder")
        gc.collect()
        print(list(steps), old.read())
        import holder
        print(holder is old)
        del holder, old, steps
        loaded.forget("holder")
        gc.collect()
    """
    assert run(run_python, write, main, core) == f"dynamic nothing 1\n[2, 3] {ALL}\nFalse\n"


def test_failing_import_then_succeeding(run_python: RunPython, write: Write, core: str) -> None:
    """A failed first use leaves the name pending; once the cause is gone it resolves."""
    main = """
        import loaded
        import flaky
        from flaky import value
        for name in ("flaky", "value", "flaky"):
            try:
                flaky.value if name == "flaky" else value
            except RuntimeError as error:
                print(error)
        import switch
        switch.on = True
        print(flaky.value, value)
    """
    files = {
        "switch.py": "on = False\n",
        "flaky.py": "import switch\nif not switch.on: raise RuntimeError('off')\nvalue = 7\n",
    }
    path = write({**HOLDER, **files, "main.py": main})
    done = run_python(path, mode="all", core=core, check=False)
    if core != "py":
        assert done.stdout == "off\noff\noff\n7 7\n"
    else:  # `from` is not deferred there
        assert "RuntimeError: off" in done.stderr


def test_module_that_replaces_itself(run_python: RunPython, write: Write, core: str) -> None:
    """What a module puts in its own place in sys.modules is what every importer gets."""
    main = """
        import loaded
        import other
        import other as again
        from other import attribute
        print(other is again, type(other).__name__, attribute, other.attribute)
    """
    other = "import sys\nclass Other:\n    attribute = 4\nsys.modules[__name__] = Other()\n"
    path = write({**HOLDER, "other.py": other, "main.py": main})
    assert run_python(path, mode="all", core=core).stdout == "True Other 4 4\n"


@needs_fork
def test_fork_while_a_thread_resolves(run_python: RunPython, write: Write, core: str) -> None:
    """A child made in the middle of another thread's first use can use its names, and so can the parent."""
    main = """
        import os, threading, time
        import slow, leaf, leaf2
        def child():
            return leaf.x + leaf2.y
        thread = threading.Thread(target=lambda: slow.x)
        thread.start()
        time.sleep(0.1)
        pid = os.fork()
        if pid == 0:
            os._exit(child())
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        thread.join()
        print(slow.x, child())
    """
    path = write({**HOLDER, "slow.py": "import time\ntime.sleep(0.4)\nx = 1\n", "main.py": main})
    assert run_python(path, mode="all", core=core).stdout == "3\n1 3\n"


def test_threads_resolve_while_another_disables(run_python: RunPython, write: Write, core: str) -> None:
    """disable() and enable() in one thread, first uses and reloads in fifteen others: all is right."""
    main = """
        import importlib, sys, threading
        sys.setswitchinterval(1e-5)
        import lazyimp, holder
        wrong, stop = [], threading.Event()
        def work(name):
            while not stop.is_set():
                try:
                    if holder.read() != EXPECTED:
                        wrong.append(holder.read())
                except BaseException as error:
                    wrong.append(repr(error))
                    return
        threads = [threading.Thread(target=work, args=(i,)) for i in range(15)]
        for thread in threads:
            thread.start()
        for i in range(30):
            lazyimp.enable(mode="all")
            importlib.reload(holder)
            lazyimp.disable(resolve=bool(i % 2))
        stop.set()
        for thread in threads:
            thread.join()
        print(wrong[:3], type(holder).__name__)
    """.replace("EXPECTED", ALL)
    out = run(run_python, write, main, core)
    assert out.startswith("[] "), out


@only_c
def test_trapped_functions_are_functions(run_python: RunPython, write: Write) -> None:
    """After disable() a function that waits for its names is copied, pickled and collected like any other."""
    main = """
        import copy, gc, pickle, types, inspect
        import lazyimp, holder
        keep = [holder.read for _ in range(2)]
        lazyimp.disable()
        read = keep[0]
        print(copy.copy(read) is read, copy.deepcopy(read) is read, pickle.loads(pickle.dumps(read)) is read)
        print(isinstance(read, types.FunctionType), inspect.isfunction(read), type(read).__name__)
        print(read(), type(read) is types.FunctionType)
        lazyimp.enable(mode="all")
        import importlib
        for i in range(20):
            importlib.reload(holder)
            lazyimp.disable()
            lazyimp.enable(mode="all")
            del holder.read, holder.steps
            gc.collect()
    """
    assert run(run_python, write, main) == f"True True True\nTrue True function\n{ALL} True\n"


@only_c
@pytest.mark.parametrize("depth", [60, 2000])
def test_deep_chain(run_python: RunPython, write: Write, depth: int) -> None:
    """A chain of modules that each need the next ends, or in a RecursionError; the process survives."""
    main = f"""
        import os, sys
        os.mkdir("chain")
        for i in range({depth}):
            open(f"chain/link{{i}}.py", "w").write(f"import link{{i + 1}}\\nx = link{{i + 1}}.x\\n")
        open("chain/link{depth}.py", "w").write("x = 9\\n")
        sys.path.insert(0, "chain")
        def use():
            import start
            return start.x
        open("chain/start.py", "w").write("from link0 import x\\n")
        try:
            print(use())
        except RecursionError:
            print("too deep")
        print("alive")
    """
    path = write({"main.py": main})
    out = run_python(path, mode="all", core="c", cwd=path.parent).stdout
    assert out in ("9\nalive\n", "too deep\nalive\n") and (depth > 100 or out[0] == "9")


@only_c
def test_interrupt_during_first_use(run_python: RunPython, write: Write) -> None:
    """Ctrl-C in the middle of a deferred import reaches the program, and the name can be used afterwards."""
    main = """
        import signal, _thread, threading
        import slow
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
        timer = threading.Timer(0.2, _thread.interrupt_main)
        timer.start()
        try:
            slow.x
        except KeyboardInterrupt:
            print("interrupted")
        timer.join()
        print(slow.x)
    """
    slow = "import time\nend = time.monotonic() + 0.6\nwhile time.monotonic() < end: pass\nx = 1\n"
    path = write({"slow.py": slow, "main.py": main})
    assert run_python(path, mode="all", core="c").stdout == "interrupted\n1\n"


def test_first_use_at_shutdown(run_python: RunPython, write: Write, core: str) -> None:
    """Finalisers that read pending names while the interpreter ends neither crash nor hang."""
    main = """
        import sys
        import leaf, leaf2, holder
        class Late:
            def __init__(self): self.me = self
            def __del__(self):
                try:
                    leaf.x, leaf2.y, holder.read()
                except BaseException:
                    pass
        late = Late()
        holder.late = Late()
        sys.late = Late()
        print("end")
    """
    assert run(run_python, write, main, core) == "end\n"
