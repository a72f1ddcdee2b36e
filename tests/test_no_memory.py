"""Without memory: what fails then fails as a MemoryError, and nothing is wrong afterwards."""

from __future__ import annotations

import sys

import pytest
from conftest import RunPython
from holder import ALL, Write, only_c, run

# The interpreter's own compiler and os.stat() do not survive this in every version: what is loaded stays at
# hand, and code is compiled before.
NO_MEMORY = """
    import gc, sys, types
    import _testcapi, lazyimp, lazyimp_c
    from importlib._bootstrap import _call_with_frames_removed as call
    import leaf as _warm, leaf2 as _warm2, pkg.sub as _warm3
    import loaded, holder
    holder.read(), _warm.x, _warm2.y, _warm3.z
    MINE = {name: sys.modules[name] for name in ("leaf", "leaf2", "pkg", "pkg.sub")}
    CODE, SPEC = holder.__spec__.loader.get_code("holder"), holder.__spec__

    def fresh():
        loaded.forget("holder", *MINE)
        holder = sys.modules["holder"] = types.ModuleType("holder")
        holder.__spec__, holder.__file__, holder.__package__ = SPEC, SPEC.origin, ""
        SPEC._initializing = True
        return holder

    def defer():
        call(exec, CODE, object.__getattribute__(holder, "__dict__"))

    def reify():
        holder.read()

    def rebuild():
        for name in ("leaf", "leaf2", "x", "call", "pkg", "deep", "sub"):
            getattr(holder, name)

    def disable():
        lazyimp.disable()

    def resolve():
        lazyimp.disable(resolve=True)

    gc.disable()
    for step in STEPS:
        for start in range(0, LIMIT, STRIDE):
            lazyimp.enable(mode="all")
            holder = fresh()
            defer()  # the policy is Python: it answers once before memory ends
            if step is defer:
                holder = fresh()
            else:
                SPEC._initializing = False
                sys.modules.update(MINE)
            kind = None
            _testcapi.set_nomemory(start, start + WIDTH)
            try:
                try:
                    step()
                finally:
                    _testcapi.remove_mem_hooks()
            except Exception as error:
                kind = type(error)
            sys.modules.update(MINE)
            try:
                if step is defer and kind is not None:
                    defer()
                got = holder.read()
            except Exception as error:
                got = repr(error)
            if got != EXPECTED:
                print(step.__name__, start, kind, got)
            if start % 64 < STRIDE:
                gc.collect()
    print("survived")
"""


@only_c
@pytest.mark.parametrize("width", [1, 20])
def test_no_memory(run_python: RunPython, write: Write, width: int) -> None:
    """Allocations of deferral, first use, rebuilding and disable() fail: no crash, no wrong state after."""
    if not hasattr(pytest.importorskip("_testcapi"), "set_nomemory") or hasattr(sys, "gettotalrefcount"):
        pytest.skip("a debug interpreter's own assertions do not hold without memory")
    if sys.version_info[:2] == (3, 12):
        pytest.skip(
            "3.12 crashes now and then in IMPORT_FROM; whether it is the interpreter's fault is not known yet"
        )
    # 3.13 crashes in PyFunction_NewWithQualName, in eager programs too
    steps = (
        "(reify, rebuild, disable, resolve)"
        if sys.version_info[:2] == (3, 13)
        else "(defer, reify, rebuild, disable, resolve)"
    )
    text = (
        NO_MEMORY.replace("EXPECTED", ALL)
        .replace("LIMIT", "300")
        .replace("STRIDE", "1")
        .replace("WIDTH", str(width))
        .replace("STEPS", steps)
    )
    assert run(run_python, write, text) == "survived\n"
