"""The recorder's lines about imports, deferrals and files, in Python: for interpreters without the extension.

HOT. `lazyimp_c/recorder.pxi` says what each function is for. The function that stands in the place of the import
system's carries its name and its file's, so that tracebacks look as they do without us; who prints the stack in the
midst of an import sees it.
"""

import _frozen_importlib as _bootstrap
import os
import sys
import time
from _thread import get_ident

from lazyimp import _journal
from lazyimp._asker import Asker

LOADED, FAILED, THERE = 0, 1, 2
STATEMENT, FIRST_USE, CALL = 0, 1, 2
SITE = ("sitecustomize", "usercustomize")
CODE = (".py", ".pyc", ".pyw", ".so", ".pyd")

_IMPORTLIB = _bootstrap._find_spec.__code__.co_filename
_module = type(sys)
_dict_of = _module.__dict__["__dict__"].__get__
_TOTALS = ("imports", "failed", "loaded", "wall_ns", "cpu_ns", "minor_faults", "major_faults")
_TOTALS += ("hidden", "hidden_wall_ns", "hidden_cpu_ns", "deferred", "used", "opened")

recorder = {"on": 0, "epoch": 0, "files": False, "watching": False, "original": None, "notes": 0}
# on: 1 recording, 2 a forked child without an event
totals = {}
threads = {}  # identity -> Thread
running = []  # Loads in progress
notes = {}  # deferral -> its row, whether it is told in this file, whether it was used
loaded = set()
seen = set()  # files that were told
record_row, record_line, record_flush = _journal.row, _journal.raw, _journal.flush
record_counters, record_usage = _journal.counters, _journal.thread_usage


class Thread:
    """What a thread is doing."""

    __slots__ = ("children", "hidden", "inside", "number", "place", "use", "using")

    def __init__(self, number):
        self.number = number
        self.inside = self.children = self.hidden = self.use = 0
        self.using = False  # the next import is a first use's own
        self.place = None  # where the innermost import was asked for


# -- imports -------------------------------------------------------------------------------------------------


class Load:
    """An import in progress."""

    __slots__ = (
        *(
            "asker",
            "before",
            "epoch",
            "hidden",
            "id",
            "name",
            "outer",
            "resident",
            "start",
            "there",
            "thread",
        ),
        *("top", "use"),
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


def _fold(error):
    """One entry in the traceback for our function and the one it stands for (before 3.11 `raise` sees the old one)."""
    ours = error.__traceback__
    theirs = ours.tb_next
    if theirs is not None and theirs.tb_frame.f_code is getattr(recorder["original"], "__code__", None):
        error.__traceback__ = type(ours)(theirs.tb_next, ours.tb_frame, ours.tb_lasti, theirs.tb_lineno)


_find_and_load.__code__ = _find_and_load.__code__.replace(co_filename=_IMPORTLIB)


def _thread():
    me = get_ident()
    found = threads.get(me)
    if found is None:
        main = not threads if recorder["forked"] else me == recorder["main"]
        recorder["threads"] += not main
        found = threads[me] = Thread(0 if main else recorder["threads"])
    return found


def record_wakes():
    if not recorder["on"]:
        return False
    thread = _thread()
    if thread.hidden:
        return False
    if recorder["on"] == 2:
        recorder["on"] = 1
        thread.hidden += 1
        try:
            recorder["reopen"]()
        except Exception:
            record_stop()
        finally:
            thread.hidden -= 1
    return recorder["on"] == 1


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
    load, thread = Load(), _thread()
    load.name, load.epoch, load.thread = str.__str__(name), recorder["epoch"], thread
    top = name.partition(".")[0]
    asker = load.asker = Asker(frame)
    load.hidden = top in ("lazyimp", "lazyimp_c") or asker.ours
    if load.hidden:
        thread.hidden += 1
        return load
    load.use = _use_of(thread, asker)
    load.top = False
    if asker.is_main():
        _saw_main()
        load.top = asker.function == "<module>"
    recorder["imports"] += 1
    load.id, load.there = recorder["imports"], name in sys.modules
    load.outer = thread.inside, thread.use, thread.place, thread.using, thread.children
    thread.inside, thread.use, thread.place, thread.using, thread.children = (
        load.id,
        load.use,
        asker.place,
        False,
        0,
    )
    running.append(load)
    load.start = _journal.thread_usage()
    load.resident = _resident(load.start)
    load.start = (time.monotonic_ns(), time.thread_time_ns(), *load.start[2:])
    return load


def _use_of(thread, asker):
    if thread.using:
        return FIRST_USE
    if thread.inside and asker.place is not None and asker.place == thread.place:
        return thread.use
    return STATEMENT if asker.states and not asker.called else CALL


def _resident(usage):
    """The memory of the process, read again only where there were page faults since."""
    if usage[2] + usage[3] != recorder["faults"] or not usage[2]:
        recorder["faults"] = usage[2] + usage[3]
        recorder["resident"] = _journal.resident()
    return recorder["resident"]


def _end(load, module, error):
    now = _journal.thread_usage()
    if load.epoch != recorder["epoch"]:
        return
    thread = load.thread
    if load.hidden:
        thread.hidden -= 1
        return
    inside = thread.children
    thread.inside, thread.use, thread.place, thread.using, thread.children = load.outer
    if load in running:
        running.remove(load)
    proxy = type(module) in recorder["proxies"]
    how = LOADED
    if error is not None:
        how = FAILED
    elif load.there or proxy or _is_elsewhere(load):
        how = THERE
    if proxy and not inside:
        return  # the deferral's line tells of it
    thread.children += 1
    figures = [after - before for after, before in zip(now, load.start, strict=True)]
    _add_up(load, figures, how)
    record_row(
        *("i", load.id, thread.inside, thread.number, load.name, load.asker.file, load.asker.line),
        *(load.start[0] - _journal.state["base"], *figures, _resident(now) - load.resident),
        *(_origin(module), how, getattr(error, "__name__", None), load.use),
    )
    if load.name in SITE and load.asker.function in ("execsitecustomize", "execusercustomize"):
        recorder["site"] = _journal.counters()


def _is_elsewhere(load):
    """Another thread began to import the same module first."""
    return any(
        each.name == load.name and each.thread is not load.thread and each.id < load.id and not each.there
        for each in list(running)
    )


def _origin(module):
    if module is None or not issubclass(type(module), _module):
        return None
    spec = _dict_of(module).get("__spec__")
    found = spec.origin if type(spec) is _bootstrap.ModuleSpec else None
    return found if type(found) is str else None


def _add_up(load, figures, how):
    totals["imports"] += 1
    totals["failed"] += how == FAILED
    if how == LOADED:
        totals["loaded"] += 1
        loaded.add(load.name)
        for each in list(running):
            each.there |= each.name == load.name
    if load.thread.inside == 0 and load.thread.number == 0:
        hidden = recorder["main_seen"] and not load.top and load.use != FIRST_USE
        for key, value in zip(_TOTALS[3:7], figures, strict=False):
            totals[key] += value
        for key, value in zip(_TOTALS[7:10], (1, *figures), strict=False):
            totals[key] += value if hidden else 0


# -- marks ---------------------------------------------------------------------------------------------------


def record_mark(name, at=None):
    now = _journal.counters()
    _mark(name, now[0] if at is None else at, now)
    record_flush()


def _mark(name, at, now):
    record_row("m", name, at - _journal.state["base"], *now[3:])


def _saw_main():
    if not (recorder["main_seen"] or recorder["forked"]):
        recorder["main_seen"] = True
        now = _journal.counters()
        if recorder["site"] is not None:
            _mark("site", recorder["site"][0], recorder["site"])
        _mark("main", now[0], now)


# -- deferrals and first uses --------------------------------------------------------------------------------


def record_deferral(module, bound, target, attribute, file, line, kind, wait=False):
    if not record_wakes():
        return 0
    if module == "__main__":
        _saw_main()
    recorder["notes"] += 1  # an earlier recording's number stays its own
    number = recorder["notes"]
    notes[number] = [(module, bound, target, attribute, file, line, kind, time.monotonic_ns()), False, False]
    totals["deferred"] += 1
    _tell(number)
    return number


def _tell(number):
    *row, at = notes[number][0]
    notes[number][1] = True
    record_row("d", number, *row, at - _journal.state["base"])


class FirstUse:
    """A first use in progress."""

    __slots__ = ("asker", "at", "before", "epoch", "number", "thread")

    def __init__(self, number):
        self.number = number if record_wakes() else 0
        self.epoch = recorder["epoch"]
        self.at = time.monotonic_ns()
        if self.number:
            self.asker, self.thread = Asker(sys._getframe(2)), _thread()
            self.before, self.thread.using = self.thread.using, True

    def __call__(self, error):
        now = time.monotonic_ns()
        if not self.number or self.epoch != recorder["epoch"]:
            return
        self.thread.using = self.before
        note = notes[self.number]
        if note[2]:
            return
        if not note[1]:
            _tell(self.number)
        asker = self.asker
        name = None if error is None else type(error).__name__
        at = self.at - _journal.state["base"]
        record_row("u", self.number, asker.file, asker.line, asker.function, at, now - self.at, name)
        note[2] = error is None
        totals["used"] += error is None


record_use = FirstUse


def record_unused():
    return [number for number, (_, told, used) in notes.items() if told and not used]


# -- files ---------------------------------------------------------------------------------------------------


def record_files(on):
    recorder["files"] = on
    if on and not recorder["watching"]:
        recorder["watching"] = True
        sys.addaudithook(_audit)


def _audit(event, args):
    if event in ("open", "os.exec") and recorder["on"] and recorder["files"] and not _journal.state["busy"]:
        try:
            if record_wakes():
                record_flush() if event == "os.exec" else _opened(*args)
        except Exception:
            return  # an audit hook that raises would end the program's call


def _opened(path, mode, flags):
    if not isinstance(path, (str, bytes)):
        return
    path = os.path.join(os.getcwd(), os.fsdecode(path))
    frame = sys._getframe(2)
    if frame.f_code.co_filename.startswith("<frozen") and (path.endswith(CODE) or ".pyc." in path):
        return
    if path not in seen:
        seen.add(path)
        writes = flags & (os.O_WRONLY | os.O_RDWR) or (isinstance(mode, str) and set(mode) & set("wax+"))
        totals["opened"] += 1
        record_row(
            "o", path, time.monotonic_ns() - _journal.state["base"], _thread().inside, int(bool(writes))
        )


# -- start and end -------------------------------------------------------------------------------------------


def record_start(reopen, folder, proxies):
    _journal.prepare()
    recorder.update(on=1, epoch=recorder["epoch"] + 1, reopen=reopen, proxies=proxies)
    recorder.update(forked=False, main=get_ident(), main_seen=False, site=None)
    _reset()
    now = _bootstrap._find_and_load
    if recorder["original"] in (None, now):  # behind a wrapper of ours it would call itself
        recorder["original"] = now
        _bootstrap._find_and_load = _find_and_load


def _reset():
    recorder.update(imports=0, threads=0, faults=-1, resident=0)
    totals.update(dict.fromkeys(_TOTALS, 0))
    for each in (threads, loaded, seen, running):
        each.clear()


def record_open(path, base, forked=False):
    _journal.open_file(path, base, forked)
    recorder["forked"] = forked


def record_forked():
    if recorder["on"]:
        recorder.update(on=2, epoch=recorder["epoch"] + 1, forked=True)
        _reset()
        for note in notes.values():
            note[1] = False
        _journal.close_file()


def record_stop():
    recorder.update(on=0, epoch=recorder["epoch"] + 1, files=False)
    if _bootstrap._find_and_load is _find_and_load:  # else somebody wrapped ours, which goes on passing on
        _bootstrap._find_and_load = recorder["original"]
    notes.clear()
    _reset()
    _journal.close_file()


def record_active():
    return recorder["on"] == 1


def record_base():
    return _journal.state["base"]


def record_loaded():
    return set(loaded)


def record_dropped():
    return _journal.lost[0]


def record_totals():
    return dict(totals)
