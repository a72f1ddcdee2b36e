"""What happened, in which order, and what lazyimp made of it; prints that at the end of the program."""

import atexit
import sys
import time

true = []  # [before, after]: between them the first batch truly came
codes = {}  # function -> its code object when its module was made
log = []


def batch(call, *args, **kwargs):
    """Call something; its beginning is the first batch."""
    before = time.monotonic_ns()
    if not true:
        true.append([before, None])
    return call(*args, **kwargs)


def entered():
    """The model has the batch."""
    if true and true[0][1] is None:
        true[0][1] = time.monotonic_ns()


def functions(module):
    """Note the functions of a module and of its classes as they are."""
    for value in list(vars(module).values()):
        for each in [value, *(vars(value).values() if isinstance(value, type) else ())]:
            each = getattr(each, "__func__", each)
            if hasattr(each, "__code__"):
                codes[each] = each.__code__


def left(firstbatch, finder):
    """What is still there."""
    found = [f"code of {f.__qualname__}" for f, code in codes.items() if f.__code__ is not code]
    found += [f"type of {f.__qualname__}" for f in codes if type(f) is not type(left)]
    for name, callbacks in finder.after_exec.items():
        found += [f"waiting {name}" for each in callbacks if each.__module__.startswith("lazyimp.firstbatch")]
    found += [f"hook {hook.function.__qualname__}" for hook in firstbatch._hooks if hook.live]
    try:
        import lazyimp_c
    except ImportError:
        lazyimp_c = None
    if hasattr(lazyimp_c, "watched"):
        found += [f"watched {f.__qualname__}" for f in lazyimp_c.watched()]
    monitoring = sys.modules.get("jax._src.monitoring")
    if monitoring is not None and monitoring._event_time_span_listeners:
        found.append("listener")
    return sorted(found)


def report():
    """Print what was seen."""
    firstbatch = sys.modules["lazyimp.firstbatch"]
    firstbatch.settle()
    for line in log:
        print(*line)
    if not firstbatch.mark:
        print("none")
    else:
        rule, at, _ = firstbatch.mark[0]
        before, after = true[0] if true else (at, at)
        before -= 10_000  # the wall clock, on which JAX tells moments, is a float
        when = "right" if before <= at <= (after or at) else "wrong"
        print(f"{rule} | {firstbatch.details['confidence']} | {'at exit' if firstbatch.details['at_exit'] else 'at once'} | {when}")
    for rule, _, why in firstbatch.details.get("rejected", ()):
        print(f"not {rule}: {why}")
    print("left", left(firstbatch, firstbatch._state["finder"]))


atexit.register(report)
