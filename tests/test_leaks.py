"""No leaks: rounds of enable() and disable(), names resolved, dropped or overwritten, modules that go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import RunPython, cores

Write = Callable[[Mapping[str, str]], Path]
only_c = pytest.mark.skipif("c" not in cores(), reason="placeholders are core c's")

MEASURE = """
    import gc, os, sys

    def counts():
        gc.collect()
        gc.collect()
        found = {"blocks": sys.getallocatedblocks(), "objects": len(gc.get_objects())}
        if hasattr(sys, "gettotalrefcount"):
            found["references"] = sys.gettotalrefcount()
        if os.environ.get("PYTHONMALLOC") == "malloc":
            return found  # a sanitizer's allocator keeps freed pages for a while
        try:
            with open("/proc/self/statm") as file:
                found["pages"] = int(file.read().split()[1])
        except OSError:
            pass
        return found

    # what may remain of any number of rounds: caches that fill, arenas that the allocator keeps
    ALLOWED = {"blocks": 2000, "objects": 100, "references": 600, "pages": 400}

    def grows(action, rounds, warm):
        for _ in range(warm):
            action()
        before = counts()
        for _ in range(rounds):
            action()
        after = counts()
        grown = {name: after[name] - before[name] for name in before}
        return {name: count for name, count in grown.items() if count > ALLOWED[name]}
"""

LEAVES = "".join(f"import leaf{i}\n" for i in range(80)) + "".join(
    f"from leaf{i} import x as x{i}\n" for i in range(20)
)

ROUND = """
    import gc, sys, types
    from importlib.machinery import ModuleSpec
    from importlib._bootstrap import _call_with_frames_removed as call
    from measure import grows
    import lazyimp, lazyimp_c, holder

    SPEC, CODE = holder.__spec__, holder.__spec__.loader.get_code("holder")
    LEAVES = {f"leaf{i}": types.ModuleType(f"leaf{i}") for i in range(80)}
    for leaf in LEAVES.values():
        leaf.x = 1

    def run_holder():
        module = types.ModuleType("holder")
        module.__spec__ = spec = ModuleSpec("holder", SPEC.loader, origin=SPEC.origin)
        module.__file__, module.__package__ = SPEC.origin, ""
        sys.modules["holder"] = module
        spec._initializing = True
        call(exec, CODE, object.__getattribute__(module, "__dict__"))
        spec._initializing = False
        return module

    def dropped():
        run_holder()

    def resolved():
        module = run_holder()
        sys.modules.update(LEAVES)
        for i in range(80):
            getattr(module, f"leaf{i}")
        assert all(getattr(module, f"x{i}") == 1 for i in range(20)) and type(module) is types.ModuleType
        for name in LEAVES:
            del sys.modules[name]

    def overwritten():
        module = run_holder()
        text = "\\n".join(f"leaf{i} = x{i % 20} = None" for i in range(80))
        exec(text, object.__getattribute__(module, "__dict__"))

    def frozen():
        module = run_holder()
        lazyimp.disable()
        sys.modules.update(LEAVES)
        module.read()
        for name in LEAVES:
            del sys.modules[name]
        lazyimp.enable(mode="all")

    before = lazyimp_c.counts()["deferred"]
    print(grows(ACTION, ROUNDS, WARM), lazyimp_c.counts()["deferred"] - before >= PLACEHOLDERS)
    gc.collect()
"""


def test_rounds_of_enable_and_disable(run_python: RunPython, write: Write, core: str) -> None:
    """Ten thousand rounds leave no object, nothing pending, and the interpreter's own import function."""
    main = """
        import builtins, gc, sys
        from measure import grows
        import lazyimp
        lazyimp.disable()
        plain = builtins.__import__, list(sys.meta_path)
        def around():
            lazyimp.enable(mode="all")
            lazyimp.disable()
        print(grows(around, 10_000, 200), plain == (builtins.__import__, list(sys.meta_path)))
    """
    path = write({"measure.py": MEASURE, "main.py": main})
    done = run_python(path, mode="all", core=core)
    assert done.stdout == "{} True\n"


@only_c
@pytest.mark.parametrize(
    ("action", "rounds"), [("dropped", 300), ("resolved", 300), ("overwritten", 300), ("frozen", 100)]
)
def test_a_hundred_thousand_placeholders(
    run_python: RunPython, write: Write, action: str, rounds: int
) -> None:
    """A hundred a round, ending in four ways: collected with their module, resolved, bound anew, frozen."""
    main = ROUND.replace("ACTION", action).replace("ROUNDS", str(rounds)).replace("WARM", "60")
    files = {f"leaf{i}.py": "x = 1\n" for i in range(80)}
    files["holder.py"] = (
        LEAVES + "def read():\n    return " + ", ".join(f"leaf{i}.x" for i in range(40)) + "\n"
    )
    path = write({**files, "measure.py": MEASURE, "main.py": main.replace("PLACEHOLDERS", str(rounds * 100))})
    assert run_python(path, mode="all", core="c").stdout == "{} True\n"
