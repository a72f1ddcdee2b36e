"""The recorder's state, in the process and in each thread, and marks: `lazyimp_c/recording.c` without the extension.

HOT.
"""

from _thread import get_ident

from lazyimp import _journal

TOTALS = ("imports", "failed", "loaded", "wall_ns", "cpu_ns", "minor_faults", "major_faults")
TOTALS += ("hidden", "hidden_wall_ns", "hidden_cpu_ns", "deferred", "used", "opened")

state = {
    "on": 0,
    "epoch": 0,
    "reopen": None,
    "stop": None,
}  # on: 1 recording, 2 a forked child without an event
totals = {}
threads = {}  # identity -> Thread


class Thread:
    """What a thread is doing."""

    __slots__ = ("children", "hidden", "inside", "number", "place", "use", "using")

    def __init__(self, number):
        self.number = number
        self.inside = self.children = self.hidden = self.use = 0
        self.using = False  # the next import is a first use's own
        self.place = None  # where the innermost import was asked for

    def enter(self, number, use, place):
        """An import begins; what the state was, for leave()."""
        outer = self.inside, self.use, self.place, self.using, self.children
        self.inside, self.use, self.place, self.using, self.children = number, use, place, False, 0
        return outer

    def leave(self, outer):
        """It ended; how many imports there were during it."""
        children = self.children
        self.inside, self.use, self.place, self.using, self.children = outer
        return children


def thread():
    me = get_ident()
    found = threads.get(me)
    if found is None:
        main = not threads if state["forked"] else me == state["main"]
        state["threads"] += not main
        found = threads[me] = Thread(0 if main else state["threads"])
    return found


def wakes():
    if not state["on"]:
        return False
    me = thread()
    if me.hidden:
        return False
    if state["on"] == 2:
        state["on"] = 1
        me.hidden += 1
        try:
            state["reopen"]()
        except Exception:
            state["stop"]()
        finally:
            me.hidden -= 1
    return state["on"] == 1


def mark(name, at=None):
    now = _journal.counters()
    _mark(name, now[0] if at is None else at, now)
    _journal.flush()


def _mark(name, at, now):
    _journal.row("m", name, at - _journal.state["base"], *now[3:])


def saw_main():
    if not (state["main_seen"] or state["forked"]):
        state["main_seen"] = True
        now = _journal.counters()
        if state["site"] is not None:
            _mark("site", state["site"][0], state["site"])
        _mark("main", now[0], now)


def reset():
    """Nothing was told in this file."""
    state.update(imports=0, threads=0, faults=-1, resident=0)
    totals.update(dict.fromkeys(TOTALS, 0))
    threads.clear()
