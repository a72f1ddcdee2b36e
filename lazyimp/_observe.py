"""The observer: one process of a verified run writes, at its end, what it came to, for `lazyimp.tuning`.

HOT in its imports, loaded only where LAZYIMP_OBSERVE names a file. It prints nothing, keeps nothing open,
loads none but our own modules, and a failure of its own leaves the run without an observation. Each process
writes `<LAZYIMP_OBSERVE>.<pid>`, JSON, under a temporary name first: at its first batch (`"complete": false`)
and again at its end. Fields:

format            the number of this description, 1
pid, mode         the process; the mode lazyimp was in at the end, "0" for the eager reference
core              c, native, py or None
complete          written at the end, by the last exit function
modules           [name, origin, kind] in the order they were completed, without ours; kind is source,
                  extension, builtin, frozen, namespace, other, or gone (there at the first batch only)
at_first_batch    how many of them were loaded at the first batch; None where there was none
first_batch       None, or {"rule", "arguments": lines that describe them, "random": digests}
cpu_first_batch_s, wall_first_batch_s   at the first batch, before it ran; None where there was none
cpu_s, wall_s     processor time of this process, and time since it began to start
exception         the type of the exception that ended it, None without
fingerprint       {area: {key: value}}, see `_fingerprint`
blame             [] or, where asked for, rows of `_blame`
"""

import os
import sys
import time

from lazyimp import _fingerprint
from lazyimp._json import json

FORMAT = 1
OURS = ("lazyimp", "lazyimp_c", "cython_runtime")  # the last comes with the second
MOST_LOOKS = 2000  # as many calls as the rule for PyTorch follows

state = {"path": None, "pid": 0, "start": 0.0, "looks": [], "batch": None, "blame": None}


def start(path, attribute=False):
    """Observe this process from here on, once; `attribute` asks for blame, too."""
    if state["path"] is not None:
        return
    began = time.monotonic() - time.process_time()  # the interpreter was busy ever since it started
    state.update(path=path, pid=os.getpid(), start=began)
    _register()
    from lazyimp import firstbatch
    from lazyimp._finder import finder

    firstbatch.on_call.append(_on_call)
    firstbatch.on_mark.append(_on_mark)
    firstbatch.arm(finder)
    finder.install()
    if attribute:
        from lazyimp import _blame

        state["blame"] = _blame.rows
        _blame.start()


def _register():
    """Have `_at_end` called; registered first, it runs last."""
    was_loaded = "atexit" in sys.modules
    import atexit

    atexit.register(_at_end)
    if not was_loaded:
        del sys.modules["atexit"]  # the program may ask what is loaded


# -- the first batch -----------------------------------------------------------------------------------------


def _on_call(args, kwargs):
    """A training call begins; which of them was the first batch is known later."""
    looks = state["looks"]
    if len(looks) < MOST_LOOKS:
        looks.append(_look(time.monotonic_ns(), args, kwargs))


def _look(now, args, kwargs):
    looks, names = state["looks"], list(sys.modules)
    if looks and len(looks[-1]["names"]) == len(names):
        names = looks[-1]["names"]  # thousands of calls may come before the first backward pass
    return {
        "at": now,
        "cpu": time.process_time(),
        "wall": time.monotonic() - state["start"],
        "names": names,
        "random": _fingerprint.random_states(),
        "arguments": _fingerprint.describe_call(args, kwargs),
    }


def _on_mark(rule, monotonic_ns, wall_ns):
    """The first batch is known: the call that was looked at next after `monotonic_ns`, else this moment."""
    if state["pid"] != os.getpid():
        return
    look = next((look for look in state["looks"] if look["at"] >= monotonic_ns), None)
    state["batch"] = dict(look or _look(monotonic_ns, (), {}), rule=rule)
    state["looks"] = []
    _write(_describe(False))


# -- the end -------------------------------------------------------------------------------------------------


def _at_end():
    try:
        if state["path"] is not None:
            _write(_describe(True))
    except Exception:
        _debug()


def _describe(complete):
    batch = state["batch"] if state["pid"] == os.getpid() else None
    cpu, wall = time.process_time(), time.monotonic() - state["start"]
    loaded = [] if batch is None else [name for name in batch["names"] if not _is_ours(name)]
    known = set(loaded)
    later = [name for name in list(sys.modules) if name not in known and not _is_ours(name)]
    startup = sys.modules["lazyimp._startup"]
    ended = getattr(sys, "last_type", None)
    return {
        "format": FORMAT,
        "pid": os.getpid(),
        "mode": startup.mode or "0",
        "core": None if startup.core is None else startup.core.name,
        "complete": complete,
        "modules": [[name, *_origin(name)] for name in loaded + later],
        "at_first_batch": None if batch is None else len(loaded),
        "first_batch": batch and {key: batch[key] for key in ("rule", "arguments", "random")},
        "cpu_first_batch_s": batch and batch["cpu"],
        "wall_first_batch_s": batch and batch["wall"],
        "cpu_s": cpu,
        "wall_s": wall,
        "exception": getattr(ended, "__name__", None),
        "fingerprint": _fingerprint.take() if complete else {},
        "blame": (state["blame"] or []) if complete else [],
    }


def _is_ours(name):
    return name.partition(".")[0] in OURS


def _origin(name):
    """Where a module came from, and its kind; asks no code of the module's."""
    module = sys.modules.get(name)
    if module is None:
        return None, "gone"
    space = _fingerprint.space_of(module)
    spec = space.get("__spec__")
    origin = getattr(spec, "origin", None)
    if origin is None:
        origin = space.get("__file__")
    if not isinstance(origin, str):
        return None, "namespace" if "__path__" in space else "other"
    if origin in ("built-in", "frozen"):
        return None, "builtin" if origin == "built-in" else "frozen"
    if origin.endswith((".py", ".pyc", ".pyw")):
        return origin, "source"
    return origin, "extension" if origin.endswith((".so", ".pyd")) else "other"


# -- the file ------------------------------------------------------------------------------------------------


def _write(facts):
    path = f"{state['path']}.{os.getpid()}"
    text = json(facts).encode("ascii")
    temporary = path + ".part"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        while text:
            text = text[os.write(file, text) :]
    finally:
        os.close(file)
    os.replace(temporary, path)


def _debug():
    if sys.modules["lazyimp._startup"].switch("LAZYIMP_DEBUG"):
        sys.excepthook(*sys.exc_info())
