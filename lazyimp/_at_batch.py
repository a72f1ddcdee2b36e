"""What switches ask for at the first batch: to say one line there, to end the process there, to time a few steps.

HOT in its imports, loaded only where one of LAZYIMP_SUMMARY, LAZYIMP_STOP, LAZYIMP_RECORD and LAZYIMP_RECORD_STEPS is
set, or where trackers may have to be told. To end the process is for `lazyimp ttfb`: what is written is kept, and
nothing else runs.
"""

import os
import sys

FIRST_BATCH, MARK = "first-batch", "mark:"
STEPS = 6  # how many steps are timed

_wish = [None]


def tells_trackers(word, stop, configured, shown):
    """Whether trackers are told: by the switch's `word`, else as configured, else where the start is `shown`."""
    if word is not None:
        return word not in ("0", "off")
    if stop or configured is False:
        return False
    return bool(configured or shown)


def watch(hooks, stop, summary, steps, trackers=False, config_path=None):
    """Wait for the first batch, or the mark that `stop` names; false where it names neither.

    `trackers`: those with an active run are told, unless the configuration at `config_path` is against it.
    """
    from lazyimp import firstbatch

    told = None
    if trackers and not _works_for_another():
        from lazyimp import _trackers as told

        told.watch(config_path)
    if steps or told is not None:
        firstbatch.steps[0] = STEPS
    if summary and say not in firstbatch.on_mark:
        firstbatch.on_mark.append(say)
        firstbatch.on_span.append(_listen)  # so that the phases are told
    if stop == FIRST_BATCH:
        if stop_at_batch not in firstbatch.on_mark:
            firstbatch.on_mark.append(stop_at_batch)
    elif stop is not None and stop.startswith(MARK):
        _wish[0] = stop[len(MARK) :]
        firstbatch.on_event.append(stop_at_mark)
    firstbatch.arm(hooks)
    if told is not None:
        told.wait(firstbatch)
    _install()
    return stop is None or stop == FIRST_BATCH or _wish[0] is not None


def _install():
    """An eager run has no finder of ours yet; core native needs none."""
    startup = sys.modules["lazyimp._startup"]
    if not hasattr(startup.core, "debugging"):
        from lazyimp._finder import finder

        finder.install()


def _listen(name, detail):
    """Phases are kept by who tells them."""


def _works_for_another():
    """This is a worker, of multiprocessing or joblib: its parent waits for it, and speaks for both."""
    from lazyimp import _header

    words = [*getattr(sys, "argv", ()), *sys.orig_argv]  # multiprocessing gives a worker its parent's argv
    return _header.is_worker(words, False)


def say(rule, monotonic_ns, wall_ns):
    """One line on stderr."""
    from lazyimp import _summary

    startup = sys.modules["lazyimp._startup"]
    if not _works_for_another():
        _summary.say(monotonic_ns, wall_ns, startup.switch("LAZYIMP_T0"), startup.core)


def stop_at_batch(rule, monotonic_ns, wall_ns):
    """End the process, unless it is ending already."""
    if not (sys.modules["lazyimp.firstbatch"].details.get("at_exit") or _works_for_another()):
        end()


def stop_at_mark(name, monotonic_ns):
    """End the process at the mark that was named."""
    if name == _wish[0] and not _works_for_another():
        end()


def end():
    """Write out what streams and the record hold, end what works for this process, and leave with status 0."""
    for stream in (sys.stdout, sys.stderr):
        _try(getattr(stream, "flush", None))
    _try(getattr(sys.modules.get("lazyimp._recorder"), "stop", None))
    processes = sys.modules.get("multiprocessing.process")
    for child in list(getattr(processes, "_children", ())):
        _try(child.terminate)
    os._exit(0)


def _try(act):
    if act is not None:
        try:
            act()
        except Exception:
            pass  # a closed pipe, a child that is gone: the process ends either way
