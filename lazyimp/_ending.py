"""What a record says at its end: what is there, which deferrals nobody used, how the process ended.

HOT, loaded only where a process is recorded. `backend` is the extension or `_recorder_py`, `state` the recorder's.
"""

import os
import sys

from lazyimp import _header
from lazyimp._json import json


def write(backend, state):
    """The last lines; whatever the program did to sys and os, the very last one comes."""
    counters = backend.record_counters()
    backend.record_mark("exit", counters[0])
    for part in (_write_what_is_mapped, _write_present, _write_facts):
        try:
            part(backend, state)
        except Exception:
            continue
    backend.record_flush()
    if backend.record_dropped():
        _fact(backend, "dropped", backend.record_dropped())
    ended = getattr(getattr(sys, "last_type", None), "__name__", "")
    at, user, system, _, *rest = counters
    backend.record_row("e", at - backend.record_base(), user, system, *rest, ended)
    backend.record_flush()


def write_libraries(backend, told):
    """Native libraries that were not told before."""
    new = [path for path in _header.libraries() if path not in told]
    if new:
        told.update(new)
        backend.record_row("l", *new)


def write_sys_path(backend):
    """Where modules are looked for."""
    _fact(backend, "sys_path", [entry for entry in sys.path if isinstance(entry, str)])


def _fact(backend, key, value):
    backend.record_line(json(["v", key, value]).encode("ascii"))


def _write_what_is_mapped(backend, state):
    write_libraries(backend, state["libraries"])


def _write_present(backend, state):
    """Modules that are there and that no import loaded; a forked child's parent tells of what it had."""
    told = backend.record_loaded() | state["inherited"]
    proxies = sys.modules["lazyimp._proxy"].PROXIES
    for name, module in list(sys.modules.items()):
        if name in told or not isinstance(name, str) or _header.is_ours(name) or type(module) in proxies:
            continue
        backend.record_row("x", name, _header.origin(module) or "")


def _write_facts(backend, state):
    startup = sys.modules.get("lazyimp._startup")
    core = getattr(startup, "core", None)
    write_sys_path(backend)
    _fact(backend, "main", _header.main(state["pid"] != os.getpid()))
    _fact(backend, "core", getattr(core, "name", None))
    _fact(backend, "mode", getattr(startup, "mode", None) or "0")
    tuned = getattr(startup, "profile", None)
    if tuned is not None:
        _fact(backend, "profile", tuned.path)
    _fact(backend, "counts", {} if core is None else core.counts())
    _fact(backend, "never", _never(backend, state["places"]))


def _never(backend, places):
    """The deferrals that are pending; core native's are those whose placeholder is still in its place."""
    unused = backend.record_unused()
    if not places:
        return unused
    native = sys.modules["lazyimp._native"]
    pending = {(owner, bound) for owner, _, bound, _ in native.placeholders()}
    return [each for each in unused if each not in places or places[each] in pending]
