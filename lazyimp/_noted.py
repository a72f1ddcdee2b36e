"""Deferrals, their first uses and opened files: `lazyimp_c/deferrals.c` and `opened.c` without the extension.

HOT. `lazyimp_c/recorder.pxi` says what each function is for.
"""

import os
import sys
import time

from lazyimp import _journal, _recording
from lazyimp._asker import FOLDER, Asker
from lazyimp._recording import totals

CODE = (".py", ".pyc", ".pyw", ".so", ".pyd")

notes = {}  # deferral -> its row, whether it is told in this file, whether it was used
numbers = [0]  # how many deferrals there were; an earlier recording's number stays its own
files = {"on": False, "watching": False, "seen": set()}


def record_deferral(module, bound, target, attribute, file, line, kind, wait=False):
    if not _recording.wakes():
        return 0
    if module == "__main__":
        _recording.saw_main()
    numbers[0] += 1
    number = numbers[0]
    notes[number] = [(module, bound, target, attribute, file, line, kind, time.monotonic_ns()), False, False]
    totals["deferred"] += 1
    _tell(number)
    return number


def _tell(number):
    *row, at = notes[number][0]
    notes[number][1] = True
    _journal.row("d", number, *row, at - _journal.state["base"])


class FirstUse:
    """A first use in progress."""

    __slots__ = ("asker", "at", "before", "epoch", "number", "thread")

    def __init__(self, number):
        self.number = number if _recording.wakes() else 0
        self.epoch = _recording.state["epoch"]
        self.at = time.monotonic_ns()
        if self.number:
            self.asker, self.thread = Asker(sys._getframe(2)), _recording.thread()
            self.before, self.thread.using = self.thread.using, True

    def __call__(self, error):
        now = time.monotonic_ns()
        if not self.number or self.epoch != _recording.state["epoch"]:
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
        _journal.row("u", self.number, asker.file, asker.line, asker.function, at, now - self.at, name)
        note[2] = error is None
        totals["used"] += error is None


record_use = FirstUse


def record_unused():
    return [number for number, (_, told, used) in notes.items() if told and not used]


# -- files ------------------------------------------------------------------------------------------------


def record_files(on):
    files["on"] = on
    if on and not files["watching"]:
        files["watching"] = True
        sys.addaudithook(_audit)


def _audit(event, args):
    if event in ("open", "os.exec") and files["on"] and _recording.state["on"] and not _journal.state["busy"]:
        try:
            if _recording.wakes():
                _journal.flush() if event == "os.exec" else _opened(*args)
        except Exception:
            return  # an audit hook that raises would end the program's call


def _opened(path, mode, flags):
    if not isinstance(path, (str, bytes)):
        return
    opener = sys._getframe(2).f_code.co_filename
    path = os.path.join(os.getcwd(), os.fsdecode(path))
    is_code = path.endswith(CODE) or ".pyc." in path
    if opener.startswith(FOLDER) or (is_code and opener.startswith("<frozen")):
        return
    if path not in files["seen"]:
        files["seen"].add(path)
        writes = flags & (os.O_WRONLY | os.O_RDWR) or (isinstance(mode, str) and set(mode) & set("wax+"))
        totals["opened"] += 1
        _journal.row(
            "o",
            path,
            time.monotonic_ns() - _journal.state["base"],
            _recording.thread().inside,
            int(bool(writes)),
        )


def forget(forked):
    """None of them is told in this file; where it was not a fork, there are none."""
    files["seen"].clear()
    for note in notes.values():
        note[1] = False
    if not forked:
        notes.clear()
        files["on"] = False
