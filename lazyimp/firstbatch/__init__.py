"""The first batch: when it came, by which rule, and who wants to hear of it.

`mark` gets one (rule, monotonic_ns, wall_ns) when the first batch is known, `on_mark` is
called with the same three, and `on_fetch` without arguments at the first sign that a
training loop begins, at the latest with the mark. `arm(finder)` places the hooks of the
frameworks through the finder; it imports none of them.
"""

import os

mark = []
on_mark = []
on_fetch = []
on_call = []
debug = [False]  # whether a callback's failure is raised

_state = {"pid": os.getpid(), "fetched": False, "armed": None}


def arm(finder):
    """Place the hooks, once; they remove themselves when the first batch is known."""
    if _state["armed"] is not None or mark:
        return
    from lazyimp.firstbatch import torch

    _state["pid"] = os.getpid()
    _state["armed"] = torch.Watch(begins, decide, in_this_process, calls)
    _state["armed"].arm(finder)


def disarm():
    """Take all hooks out."""
    watch = _state["armed"]
    if watch is not None:
        _state["armed"] = None
        watch.remove()


def in_this_process():
    """Whether this is the process that armed the hooks, not a worker forked from it."""
    return os.getpid() == _state["pid"]


def begins():
    """Tell, once, that a training loop begins."""
    if not _state["fetched"]:
        _state["fetched"] = True
        _call(on_fetch)


def calls(args, kwargs):
    """Tell that a training call begins."""
    if on_call:
        _call(on_call, args, kwargs)


def decide(rule, monotonic_ns, wall_ns):
    """Set the mark; the first one stands."""
    if mark:
        return
    mark.append((rule, monotonic_ns, wall_ns))
    disarm()
    begins()
    _call(on_mark, rule, monotonic_ns, wall_ns)


def _call(callbacks, *args):
    for callback in list(callbacks):
        try:
            callback(*args)
        except Exception:
            if debug[0]:
                raise
