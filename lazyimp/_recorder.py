"""The recorder: writes down what this process imports, defers, opens and reaches; the format is in lazyimp/record.

HOT, loaded only where LAZYIMP_RECORD names a file. The lines about imports, deferrals and opened files are made by
the extension, or by `_recorder_py` where there is none; this file starts and ends a record, keeps a file for each
process, and tells of marks, phases and the first batch. It prints nothing and keeps no descriptor; what cannot be
written is dropped and counted. Everything here does nothing in a process that is not recorded.
"""

import os
import sys
import time

from lazyimp import _ending, _header
from lazyimp._json import json

MOST_LOOKS = 2000  # calls whose counters are kept until it is known which was the first batch

backend = None  # the extension, or _recorder_py, while this process is recorded
state = {}


def start(path, files=False, t0=None, core=None, mode="0", hooks=None):
    """Record this process in the file `path`, or beside it where there is one; raises OSError without a file.

    `files`: the files that Python code opens, too; `t0`: when the run began, as text; `core` and `mode`: lazyimp's;
    `hooks`: what has `after_exec`, the finder where it is None.
    """
    global backend
    if state:
        return  # `site` runs the start-up files of a virtual environment twice
    now = time.monotonic_ns()
    base = os.path.abspath(path)
    state.update(base=base, t0=t0, core=core, mode=mode, pid=os.getpid())
    state.update(libraries=set(), looks=[], events=set(), proxies={}, places={}, batch=None)
    own = _create(base, now, False)
    if path != base:
        os.environ["LAZYIMP_RECORD"] = base  # children may start elsewhere
    from lazyimp import _proxy

    made = _backend()
    try:
        made.record_start(_reopen, os.path.dirname(__file__) + os.sep, _proxy.PROXIES)
        made.record_open(os.fsencode(own), now, False)
    except BaseException:
        made.record_stop()
        raise
    backend = made
    state["path"] = own
    _register()
    made.record_mark("hook", now)
    _subscribe(_proxy, hooks)
    if files:
        made.record_files(True)


def _backend():
    """The extension where it can write records, else the same in Python."""
    try:
        import lazyimp_c

        if os.name == "posix" and hasattr(lazyimp_c, "record_start"):
            return lazyimp_c
    except ImportError:
        pass
    from lazyimp import _recorder_py

    return _recorder_py


def _create(base, now, forked):
    """Make the file of this process, with its header; the path."""
    from lazyimp import __version__

    header = _header.make(__version__, state["core"], state["mode"], forked, state["t0"], now)
    state["inherited"] = set(header["before"]) if forked else set()
    path, number = base, 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    while True:
        try:
            if path == base and forked:
                raise FileExistsError(path)
            file = os.open(path, flags, 0o666)
            break
        except FileExistsError:
            path = f"{base}.{os.getpid()}" + (f".{number}" if number else "")
            number += 1
    try:
        text = json(header).encode("ascii") + b"\n"
        while text:
            text = text[os.write(file, text) :]
    finally:
        os.close(file)
    return path


def _register():
    """Have `stop` called at the end, the last of all, and be told of forks; neither can be taken back."""
    was_loaded = "atexit" in sys.modules
    import atexit

    atexit.register(_at_end)
    if not was_loaded:
        del sys.modules["atexit"]  # the program may ask what is loaded
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=flush, after_in_child=_forked)


# -- processes below this one --------------------------------------------------------------------------------


def _forked():
    """In a forked child: it gets a file of its own at its first event."""
    if backend is not None:
        backend.record_forked()


def _reopen():
    """Make the file of a forked child; the backend calls this."""
    now = time.monotonic_ns()
    state.update(libraries=set(), looks=[], events=set(), batch=None)
    state["path"] = _create(state["base"], now, True)
    backend.record_open(os.fsencode(state["path"]), now, True)


def _end_forked_workers(util):
    """A worker of multiprocessing that was forked leaves by os._exit(), after its finalizers; `util` is its module."""

    def after_fork(_):
        if state.get("pid") not in (None, os.getpid()):
            util.Finalize(None, _at_end, exitpriority=-1000)

    util.register_after_fork(stop, after_fork)


# -- events that others tell ---------------------------------------------------------------------------------


def _subscribe(_proxy, hooks):
    """Hear of deferrals, of the first batch and of what comes before it."""
    from lazyimp import firstbatch

    if hooks is None:
        from lazyimp._finder import finder as hooks
    state["hooks"] = hooks
    _proxy.recorder[0] = sys.modules[__name__]
    for name, function in _LISTENERS:
        listeners = getattr(firstbatch, name, None)
        if listeners is not None:
            listeners.append(function)
    firstbatch.arm(hooks)
    if hasattr(hooks, "install"):
        hooks.install()
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        _end_forked_workers(util)
    else:
        hooks.after_exec.setdefault("multiprocessing.util", []).append(_end_forked_workers)


def _unsubscribe():
    from lazyimp import _proxy, firstbatch

    after_exec = state["hooks"].after_exec
    _proxy.recorder[0] = None
    for name, function in _LISTENERS:
        listeners = getattr(firstbatch, name, ())
        if function in listeners:
            listeners.remove(function)
    waiting = after_exec.get("multiprocessing.util", [])
    if _end_forked_workers in waiting:
        waiting.remove(_end_forked_workers)
        if not waiting:
            del after_exec["multiprocessing.util"]


def _on_call(args, kwargs):
    """A training call begins; whether it is the first batch is known later."""
    if len(state["looks"]) < MOST_LOOKS:
        state["looks"].append(backend.record_counters())


def _on_event(name, monotonic_ns):
    """Something happened; a name is written once."""
    if recording() and name not in state["events"]:
        state["events"].add(name)
        mark(name, monotonic_ns)


def _on_mark(rule, monotonic_ns, wall_ns):
    details = getattr(sys.modules["lazyimp.firstbatch"], "details", None) or {}
    batch(rule, details.get("confidence", ""), monotonic_ns, wall_ns, details.get("framework", ""))


def deferred(module, bound, target, attribute, file, line, kind, owner=None):
    """A statement of `module` left the name `bound` for later; `_proxy` and core native call this.

    `owner`: the module in whose namespace core native's placeholder is; only an import tells of its first use.
    """
    made = backend
    if made is None:
        return
    number = made.record_deferral(module, bound, target, attribute, file, line, kind, owner is not None)
    if number and owner is not None:
        state["places"][number] = owner, bound
    elif number:
        state["proxies"].setdefault(target, []).append(number)


def first_use(name):
    """The proxy `name` is about to execute; call what this returns with the error, or None, at the end."""
    made, waiting = backend, state.get("proxies", {})
    uses = [made.record_use(number) for number in waiting.get(name, ())] if made is not None else []

    def end(error):
        for use in reversed(uses):
            use(error)
        if error is None:
            waiting.pop(name, None)

    return end


# -- what is told here ---------------------------------------------------------------------------------------


def recording():
    """Whether this process is recorded."""
    return backend is not None and backend.record_wakes()


def path():
    """The file that this process writes, or None."""
    return state["path"] if recording() else None


def _at(monotonic_ns):
    return monotonic_ns - backend.record_base()


def mark(name, at_ns=None):
    """A named instant: now, or at `at_ns` of the monotonic clock."""
    if recording():
        backend.record_mark(name, at_ns)
        _pay()


def span(name, detail=""):
    """A phase begins; call what this returns at its end."""
    if not recording():
        return _nothing
    start = backend.record_usage()

    def end():
        if recording():
            now = backend.record_usage()
            used = [after - before for before, after in zip(start, now, strict=True)]
            backend.record_row("p", str(name), _at(start[0]), *used[:4], str(detail))

    return end


def _nothing():
    """The end of a phase that nobody records."""


def batch(rule, confidence, at_ns, wall_ns, framework):
    """The first batch: it began at `at_ns`, and is known now."""
    if not recording() or state["batch"] is not None:
        return
    state["batch"] = at_ns
    now = backend.record_counters()
    look = next((look for look in state["looks"] if look[0] >= at_ns), now)
    state["looks"] = []
    backend.record_row("b", rule, confidence, _at(at_ns), *look[3:], framework)
    state["owed"] = True
    flush()


def _pay():
    """Say behind the first batch, not at it, what takes milliseconds to find out."""
    if state.pop("owed", False):
        _ending.write_libraries(backend, state["libraries"])
        _ending.write_sys_path(backend)
        flush()


def reject(rule, at_ns, why):
    """A moment that might have been the first batch, and why it was not."""
    if recording():
        backend.record_row("r", rule, _at(at_ns), why)


def flush():
    """Write what is in memory."""
    if backend is not None:
        backend.record_flush()


def totals():
    """What the process came to so far; times of outermost imports in the main thread. {} where it is not recorded."""
    if not recording():
        return {}
    found = dict(backend.record_totals())
    found.update(
        modules=len(sys.modules),
        pending=found["deferred"] - found["used"],
        dropped=backend.record_dropped(),
    )
    return found


# -- the end -------------------------------------------------------------------------------------------------


def _at_end():
    try:
        stop()
    except Exception:
        _debug()


def stop():
    """End the record: what is there, what was never used, how it ended. Nothing is recorded from here on."""
    global backend
    if backend is None:
        return
    made, backend = backend, None
    try:
        _unsubscribe()
        if made.record_active():
            _ending.write(made, state)
    finally:
        made.record_stop()
        state.clear()


def _debug():
    if sys.modules["lazyimp._startup"].switch("LAZYIMP_DEBUG"):
        sys.excepthook(*sys.exc_info())


_LISTENERS = (
    ("on_call", _on_call),
    ("on_mark", _on_mark),
    ("on_span", span),
    ("on_event", _on_event),
    ("on_reject", reject),
)
