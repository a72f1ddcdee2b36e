"""Which module's execution made what: for one instrumented run, after a difference was seen.

HOT in its imports, loaded only where LAZYIMP_OBSERVE_BLAME is set. Every execution of a module stands between
two brackets. At each of them the positions of stdout and stderr (files, in such a run) and the cheap
registries are compared with those at the one before, and what changed belongs to the innermost module that
was executing. A row is a dict: module; importer, file and line of the statement that asked for it; stdout and
stderr, the stretches [from, to] that it wrote; effects, {area: keys that changed}; and failed, the type of
the exception that it raised, or "".
"""

import _frozen_importlib as _bootstrap
import os
import sys
from _thread import get_ident

from lazyimp import _fingerprint, _proxy

rows = []

_original = _bootstrap._find_and_load
_state = {"thread": 0, "stack": [], "seen": None, "where": None}


def start():
    """Bracket the modules that this thread executes from here on."""
    _state["thread"] = get_ident()
    _state["where"] = _positions()
    _state["seen"] = _fingerprint.take(_fingerprint.CHEAP)
    _bootstrap._find_and_load = _find_and_load


@_proxy.hidden
def _find_and_load(name, import_):
    if get_ident() != _state["thread"] or name.partition(".")[0] in ("lazyimp", "lazyimp_c"):
        return _original(name, import_)
    measure()
    row = _new_row(name, sys._getframe(1))
    _state["stack"].append(row)
    rows.append(row)
    try:
        return _original(name, import_)
    except BaseException as error:
        row["failed"] = type(error).__name__
        raise
    finally:
        measure()
        _state["stack"].pop()


def _new_row(name, frame):
    """A row with the import statement that asks: the next frame that is not the import system's."""
    while frame is not None and _is_machinery(frame.f_code.co_filename):
        frame = frame.f_back
    importer = "" if frame is None else frame.f_globals.get("__name__", "")
    file, line = ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
    return {
        "module": name,
        "importer": str(importer),
        "file": file,
        "line": line,
        "stdout": [],
        "stderr": [],
        "effects": {},
        "failed": "",
    }


def _is_machinery(file):
    return file.startswith(("<frozen importlib", _HOME))


def measure():
    """Give what changed since the last time to the innermost module that executes."""
    now = _positions()
    seen = _fingerprint.take(_fingerprint.CHEAP)
    before, was = _state["where"], _state["seen"]
    _state["where"], _state["seen"] = now, seen
    if not _state["stack"]:
        return
    row = _state["stack"][-1]
    for name in ("stdout", "stderr"):
        if now[name] > before[name]:
            row[name].append([before[name], now[name]])
    for area, entries in seen.items():
        old = was.get(area)
        if entries != old and (old is not None or area != "random"):
            changed = [key for key in entries if old is None or old.get(key) != entries[key]]
            row["effects"].setdefault(area, []).extend(
                changed + [key for key in old or () if key not in entries]
            )


def _positions():
    """How much was written so far."""
    found = {}
    for name, number in (("stdout", 1), ("stderr", 2)):
        try:
            getattr(sys, name).flush()
        except Exception:
            pass  # None, closed or replaced
        try:
            found[name] = os.fstat(number).st_size
        except OSError:
            found[name] = 0
    return found


_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
