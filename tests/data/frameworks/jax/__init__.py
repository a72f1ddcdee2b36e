"""A made-up JAX: functions that are traced once, and a gradient."""

import time

from jax._src import core, monitoring
from jax._src.interpreters import ad


def jit(function):
    state = []

    def call(*args):
        if not state:
            _trace(function, args)
            state.append(True)
        return None

    call.__name__ = function.__name__
    return call


def _trace(function, args):
    start = time.time()
    core.depth[0] += 1
    try:
        function(*args)
    finally:
        core.depth[0] -= 1
        end = time.time()
        if not core.depth[0]:
            monitoring.record("/jax/core/compile/jaxpr_trace_duration", start, end, fun_name=function.__name__)
    if not core.depth[0]:
        name = f"jit({function.__name__})"
        monitoring.record("/jax/core/compile/backend_compile_duration", end, end + cost.get(function.__name__, 1), fun_name=name)


cost = {}


def grad(function):
    return lambda *args: ad.linearize(function, *args)
