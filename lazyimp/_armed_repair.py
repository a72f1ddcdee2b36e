"""What core `c` teaches modules that meet what stands for another module, and those that import at a bad time.

Loaded with the first of them.
"""

import sys

import lazyimp_c

ASYNC = 128  # lazyimp_c/core.h: a flag of a statement


def teach(module):
    """`module` was loaded, one of those in `_armed.REPAIRED`."""
    _LESSONS[module.__spec__.name](module)


def _teach_cloudpickle(cloudpickle):
    """It knows modules by their exact type; a module with pending names has another."""
    reducer = getattr(cloudpickle, "_module_reduce", None)
    table = getattr(getattr(cloudpickle, "Pickler", None), "_dispatch_table", None)
    if reducer is not None and table is not None:
        for kind in (lazyimp_c.LazyNamespaceModule, lazyimp_c.ProxyType):
            table[kind] = reducer
    from lazyimp import _cloudpickle

    _cloudpickle.teach(cloudpickle, lazyimp_c.pending)


def _teach_dill(dill):
    """The same for dill."""
    table = getattr(getattr(dill, "Pickler", None), "dispatch", {})
    save = table.get(type(sys))
    if save is not None:
        for kind in (lazyimp_c.LazyNamespaceModule, lazyimp_c.ProxyType):
            table[kind] = save


def _teach_jedi(access):
    """Completion asks for every name of a module; what is not imported yet is shown as a property, which would run."""
    kind = access.DirectObjectAccess
    original = kind.is_allowed_getattr

    def is_allowed_getattr(self, name, *args, **kwargs):
        if lazyimp_c.waits(self._obj, name):
            return True, True, None
        return original(self, name, *args, **kwargs)

    kind.is_allowed_getattr = is_allowed_getattr


def _watch_loggers(config):
    """Loggers that a configuration would have disabled are, when their module comes."""
    from lazyimp import _logged

    _logged.watch(config, lazyimp_c.pending_targets)


def _watch_event_loops(events):
    """Let the first event loop that starts load what coroutines name; `events` is asyncio.events."""
    original = events._set_running_loop

    def set_running_loop(loop):
        if events._set_running_loop is set_running_loop:
            events._set_running_loop = original
        lazyimp_c.resolve_pending(_used_by_coroutines)
        return original(loop)

    events._set_running_loop = set_running_loop


def _used_by_coroutines(_, statement_flags):
    return statement_flags & ASYNC


_LESSONS = {
    "asyncio.events": _watch_event_loops,
    "logging.config": _watch_loggers,
    "cloudpickle.cloudpickle": _teach_cloudpickle,
    "joblib.externals.cloudpickle.cloudpickle": _teach_cloudpickle,
    "pyspark.cloudpickle.cloudpickle": _teach_cloudpickle,
    "ray.cloudpickle.cloudpickle": _teach_cloudpickle,
    "dill._dill": _teach_dill,
    "jedi.inference.compiled.access": _teach_jedi,
}
