"""What watches a process: its record, what a verified run observes, and what waits for the first batch.

HOT, loaded by `_startup` where a switch or a framework asks for one of them.
"""

import sys

from lazyimp import _program, _startup


def settle():
    """Hot code pays nothing from here on for what is pending; what is imported later is deferred as ever."""
    if _startup.core is not None and _startup.core.is_enabled():
        _startup.core.disable()
        _startup.core.enable(_startup.mode, _startup.factory)


def arm_first_batch(config):
    """Wait for what tells of the first batch."""
    try:
        from lazyimp import firstbatch

        firstbatch.debug[0] = bool(_startup.switch("LAZYIMP_DEBUG"))
        if not getattr(config, "keep", False) and _startup.turn_off not in firstbatch.on_fetch:
            firstbatch.on_fetch.append(_startup.turn_off)
            firstbatch.on_fit.append(settle)
        if pending_targets not in firstbatch.deferred:
            firstbatch.deferred.append(pending_targets)
        firstbatch.arm(hooks())
    except Exception:
        _startup.debug()


def hooks():
    """What has `after_exec`, where others wait for modules: the finder, or a core that needs none for it."""
    shown = bool(_startup.switch("LAZYIMP_DEBUG"))
    if hasattr(_startup.core, "debugging"):
        _startup.core.debugging[0] = shown
        return _startup.core
    from lazyimp import _proxy
    from lazyimp._finder import finder

    _proxy.debug[0] = shown
    return finder


def pending_targets():
    """The modules whose import is deferred, or that are proxies."""
    proxies = getattr(sys.modules.get("lazyimp._proxy"), "pending", ())
    if hasattr(_startup.core, "pending_targets"):  # which spares looking up lines
        return [*proxies, *_startup.core.pending_targets()]
    return [*proxies, *(row[2].partition(":")[0] for row in _startup.core.pending())]


def observe():
    """Let this process write down, at its end, what it came to; a subinterpreter's is not the process's."""
    try:
        if _startup.in_main_interpreter():
            from lazyimp import _observe

            _observe.start(_startup.switch("LAZYIMP_OBSERVE"), bool(_startup.switch("LAZYIMP_OBSERVE_BLAME")))
    except Exception:
        _startup.debug()


def record():
    """Let this process write down what it does, where LAZYIMP_RECORD names a file; never raises."""
    path = _startup.switch("LAZYIMP_RECORD")
    try:
        if _startup.unsupported() is None:
            from lazyimp import _recorder

            files = _startup.switch("LAZYIMP_RECORD_FILES") not in (None, _startup.OFF)
            named = getattr(_startup.core, "name", None)
            _recorder.start(
                path, files, _startup.switch("LAZYIMP_T0"), named, _startup.mode or _startup.OFF, hooks()
            )
    except OSError as fault:
        _startup.tell(
            f"cannot write record {path!r}: {fault.strerror or fault}; the program runs without one"
        )
    except Exception:
        _startup.debug()


def record_from_here(path, files=False):
    """Write down in `path` what this process does from now on, and wait for a first batch anew; raises OSError."""
    import time

    from lazyimp import _recorder, firstbatch

    if hasattr(hooks(), "install"):
        hooks().install()
    _recorder.start(
        path,
        files,
        str(time.time_ns()),
        getattr(_startup.core, "name", None),
        _startup.mode or _startup.OFF,
        hooks(),
    )
    for name in ("site", "main"):  # start-up is long over
        _recorder.mark(name)
    firstbatch.anew(hooks())


def await_first_batch():
    """Let this process say a line at its first batch, or end there, where switches ask for it; never raises."""
    names = ("STOP", "SUMMARY", "RECORD_STEPS", "RECORD", "TRACKERS")
    stop, summary, steps, recorded, word = (_startup.switch("LAZYIMP_" + name) for name in names)
    try:
        if _startup.unsupported() is None:
            from lazyimp import _at_batch

            told = _at_batch.tells_trackers(word, stop, _startup.trackers, summary or recorded)
            asks = told and _startup.core is None and word is None
            path = _program.find_config(_startup.switch("LAZYIMP_CONFIG")) if asks else None
            wishes = summary not in (None, _startup.OFF), steps not in (None, _startup.OFF), told
            if (stop or summary or steps or told) and not _at_batch.watch(hooks(), stop, *wishes, path):
                _startup.tell(f"unknown LAZYIMP_STOP {stop!r}; use first-batch or mark:NAME")
    except Exception:
        _startup.debug()
