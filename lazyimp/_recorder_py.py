"""The recorder's lines about imports, in Python: `lazyimp_c/recorder.c` for interpreters without the extension.

HOT. `lazyimp_c/recorder.pxi` says what each function is for. The function that stands in the place of the import
system's carries its name and its file's, so that tracebacks look as they do without us; who prints the stack in the
midst of an import sees it.
"""

import _frozen_importlib as _bootstrap
import sys
import time
from _thread import get_ident

from lazyimp import _journal, _noted, _recording
from lazyimp._asker import Asker
from lazyimp._recording import TOTALS, thread, totals

LOADED, FAILED, THERE = 0, 1, 2
STATEMENT, FIRST_USE, CALL = 0, 1, 2
SITE = ("sitecustomize", "usercustomize")

_IMPORTLIB = _bootstrap._find_spec.__code__.co_filename
_module = type(sys)
_dict_of = _module.__dict__["__dict__"].__get__

recorder = {"original": None, "proxies": ()}
running = []  # Loads in progress
loaded = set()
record_row, record_line, record_flush = _journal.row, _journal.raw, _journal.flush
record_counters, record_usage = _journal.counters, _journal.thread_usage
record_wakes, record_mark = _recording.wakes, _recording.mark
record_deferral, record_use = _noted.record_deferral, _noted.record_use
record_unused, record_files = _noted.record_unused, _noted.record_files


class Load:
    """An import in progress."""

    __slots__ = (
        "asker",
        "epoch",
        "hidden",
        "id",
        "me",
        "name",
        "outer",
        "resident",
        "start",
        "there",
        "top",
        "use",
    )


def _find_and_load(*args, **named):
    load = _begin(args[0])
    try:
        module = recorder["original"](*args, **named)
    except BaseException as error:
        if load is not None:
            _end(load, None, type(error))
        _fold(error)
        raise
    if load is not None:
        _end(load, module, None)
    return module


_find_and_load.__code__ = _find_and_load.__code__.replace(co_filename=_IMPORTLIB)


def _fold(error):
    """One entry in the traceback for our function and the one it stands for (before 3.11 `raise` sees the old one)."""
    ours = error.__traceback__
    theirs = ours.tb_next
    if theirs is not None and theirs.tb_frame.f_code is getattr(recorder["original"], "__code__", None):
        error.__traceback__ = type(ours)(theirs.tb_next, ours.tb_frame, ours.tb_lasti, theirs.tb_lineno)


# -- an import begins ----------------------------------------------------------------------------------------


def _begin(name):
    try:
        if isinstance(name, str) and not _is_complete(name) and record_wakes():
            return _begun(name, sys._getframe(1).f_back)
    except Exception:
        pass  # the program's import goes on without its line
    return None


def _is_complete(name):
    """It is loaded: import_module() asks for such modules, too, and may do so in a hot loop."""
    module = sys.modules.get(name)
    if not issubclass(type(module), _module):
        return module is not None
    return not getattr(_dict_of(module).get("__spec__"), "_initializing", False)


def _begun(name, frame):
    load, me, state = Load(), thread(), _recording.state
    load.name, load.epoch, load.me = str.__str__(name), state["epoch"], me
    asker = load.asker = Asker(frame)
    load.hidden = asker.ours or name.partition(".")[0] in ("lazyimp", "lazyimp_c")
    if load.hidden:
        me.hidden += 1
        return load
    load.use = _use_of(me, asker)
    load.top = False
    if asker.is_main():
        _recording.saw_main()
        load.top = asker.function == "<module>"
    state["imports"] += 1
    load.id, load.there = state["imports"], name in sys.modules
    load.outer = me.enter(load.id, load.use, asker.place)
    running.append(load)
    usage = _journal.thread_usage()
    load.resident = _resident(usage)
    load.start = (time.monotonic_ns(), time.thread_time_ns(), *usage[2:])
    return load


def _use_of(me, asker):
    if me.using:
        return FIRST_USE
    if me.inside and asker.place is not None and asker.place == me.place:
        return me.use  # a package on the way to its submodule
    return STATEMENT if asker.states and not asker.called else CALL


def _resident(usage):
    """The memory of the process, read again only where there were page faults since."""
    state, faults = _recording.state, usage[2] + usage[3]
    if faults != state["faults"] or not faults:
        state["faults"], state["resident"] = faults, _journal.resident()
    return state["resident"]


# -- and ends ------------------------------------------------------------------------------------------------


def _end(load, module, error):
    now = _journal.thread_usage()
    if load.epoch != _recording.state["epoch"]:
        return
    if load.hidden:
        load.me.hidden -= 1
        return
    inside = load.me.leave(load.outer)
    if load in running:
        running.remove(load)
    try:
        proxy = type(module) in recorder["proxies"]
        if not proxy or inside:  # else the deferral's line tells of it
            _write(load, now, module, error, proxy)
    except Exception:
        return  # the program goes on without the line


def _write(load, now, module, error, proxy):
    me = load.me
    how = LOADED
    if error is not None:
        how = FAILED
    elif load.there or proxy or _is_elsewhere(load):
        how = THERE
    me.children += 1
    figures = [after - before for after, before in zip(now, load.start, strict=True)]
    _add_up(load, figures, how)
    record_row(
        *("i", load.id, me.inside, me.number, load.name, load.asker.file, load.asker.line),
        *(load.start[0] - _journal.state["base"], *figures, _resident(now) - load.resident),
        *(_origin(module), how, getattr(error, "__name__", None), load.use),
        None if load.asker.function == "<module>" else load.asker.function,
    )
    if load.name in SITE and load.asker.function in ("execsitecustomize", "execusercustomize"):
        _recording.state["site"] = _journal.counters()


def _is_elsewhere(load):
    """Another thread began to import the same module first."""
    return any(
        each.name == load.name and each.me is not load.me and each.id < load.id and not each.there
        for each in list(running)
    )


def _origin(module):
    """spec.origin, without asking the module's own functions."""
    if not issubclass(type(module), _module):
        return None
    spec = _dict_of(module).get("__spec__")
    found = spec.origin if isinstance(spec, _bootstrap.ModuleSpec) else None
    return found if type(found) is str else None


def _add_up(load, figures, how):
    totals["imports"] += 1
    totals["failed"] += how == FAILED
    if how == LOADED:
        totals["loaded"] += 1
        loaded.add(load.name)
        for each in list(running):
            each.there |= each.name == load.name
    if load.me.inside == 0 and load.me.number == 0:
        hidden = _recording.state["main_seen"] and not load.top and load.use != FIRST_USE
        for key, value in zip(TOTALS[3:7], figures, strict=False):
            totals[key] += value
        for key, value in zip(TOTALS[7:10], (1, *figures), strict=False):
            totals[key] += value if hidden else 0


# -- start and end -------------------------------------------------------------------------------------------


def record_start(reopen, folder, proxies):
    _journal.prepare()
    state = _recording.state
    state.update(on=1, epoch=state["epoch"] + 1, reopen=reopen, stop=record_stop, forked=False)
    state.update(main=get_ident(), main_seen=False, site=None)
    recorder["proxies"] = proxies
    _reset()
    now = _bootstrap._find_and_load
    if recorder["original"] in (None, now):  # behind a wrapper of ours it would call itself
        recorder["original"] = now
        _bootstrap._find_and_load = _find_and_load


def _reset():
    _recording.reset()
    loaded.clear()
    running.clear()


def record_open(path, base, forked=False):
    _journal.open_file(path, base, forked)
    _recording.state["forked"] = forked


def record_forked():
    state = _recording.state
    if state["on"]:
        state.update(on=2, epoch=state["epoch"] + 1, forked=True)
        _reset()
        _noted.forget(True)
        _journal.close_file()


def record_stop():
    state = _recording.state
    state.update(on=0, epoch=state["epoch"] + 1)
    if _bootstrap._find_and_load is _find_and_load:  # else somebody wrapped ours, which goes on passing on
        _bootstrap._find_and_load = recorder["original"]
    _reset()
    _noted.forget(False)
    _journal.close_file()


def record_active():
    return _recording.state["on"] == 1


def record_base():
    return _journal.state["base"]


def record_loaded():
    return set(loaded)


def record_dropped():
    return _journal.lost[0]


def record_totals():
    return dict(totals)
