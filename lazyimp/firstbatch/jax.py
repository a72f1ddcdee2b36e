"""The first batch in JAX programs, with Flax, Optax or without.

A training step takes a gradient, or updates parameters by one. The first time that happens it is either inside a
compiled function that is being traced: then the outermost such trace, which begins when the function is called
with its first batch, is the first batch. Or nothing is being traced, and it is this moment. Small functions are
compiled before, so the first compilation tells nothing; a program that takes no gradient has the longest one as a
candidate. JAX tells of traces and compilations when they are over, with their beginnings.
"""

import sys
import time

from lazyimp.firstbatch import COMPILE, begins, calls, decide, hook, in_this_process, now, offer

IN_TRACE = "jax: first compiled function that takes a gradient"
AT_ONCE = "jax: first gradient"
LONGEST = "jax: longest compilation of a program without a gradient"

TRACE = "/jax/core/compile/jaxpr_trace_duration"
COMPILATION = "/jax/core/compile/backend_compile_duration"
OWN = ("_", "jit(_")  # functions of JAX's own, such as random numbers, can take longer than the program's
MOST_SPANS = 10_000

# Called by everything that takes a gradient, or updates parameters by one: where, and what; the first to run counts.
STEPS = {
    "jax._src.interpreters.ad": ("linearize", "vjp", "backward_pass", "backward_pass3"),
    "optax._src.update": ("apply_updates",),
    "flax.nnx.training.optimizer": ("Optimizer.update",),
    "flax.training.train_state": ("TrainState.apply_gradients",),
}


class Watch:
    """Listens to JAX's own reports, and to what training steps call."""

    def __init__(self):
        self.hooks = []
        self.monitoring = None
        self.gradient = None  # when a gradient was first taken in a function that is being traced
        self.began = None  # the beginning of the outermost trace known to hold it
        self.expected = None  # (rule, framework, at) of a framework whose step has begun
        self.traced = None  # when the last trace began
        self.longest = 0.0
        self.spans = 0

    def arrived(self, name, module):
        """Listen, or place the hooks."""
        if name == "jax._src.monitoring":
            self.monitoring = module
            module.register_event_time_span_listener(self.span)
            return
        for path in STEPS[name]:
            self.hooks.append(hook(module, path, self.step))

    def remove(self):
        """Listen no longer."""
        monitoring, self.monitoring = self.monitoring, None
        if monitoring is not None and self.span in monitoring.get_event_time_span_listeners():
            monitoring.unregister_event_time_span_listener(self.span)

    def expect(self, rule, framework):
        """A framework's training step begins; the function that it compiles is the first batch."""
        self.expected = (rule, framework)

    def step(self, args, kwargs):
        """A gradient is taken, or parameters are updated."""
        at = now()
        self.stop()
        calls()
        if _is_tracing():
            self.gradient = at
            begins()
        else:
            self.found(at, AT_ONCE)

    def stop(self):
        """The first one counts."""
        for made in self.hooks:
            if made is not None:
                made.restore()

    def span(self, event, start_s, end_s, **more):
        """JAX's report of something that is over; times are of the wall clock."""
        try:
            self.hear(event, start_s, end_s, more.get("fun_name", ""))
        except Exception:
            self.remove()

    def hear(self, event, start_s, end_s, name):
        """Look for the trace that holds the gradient, and for the longest compilation."""
        self.spans += 1
        if not in_this_process() or self.spans > MOST_SPANS:
            self.remove()
            return
        at = _moment(start_s)
        if event == TRACE:
            self.traced = at
            if self.gradient is not None and at[0] <= self.gradient[0]:
                self.began = min(at, self.began or at)
                if not _is_tracing():
                    self.found(self.began, IN_TRACE)
        elif event == COMPILATION and self.gradient is None:
            self.compiled(end_s - start_s, name, self.traced or at)

    def compiled(self, took_s, name, at):
        """Something was compiled."""
        if took_s > self.longest and not name.startswith(OWN):
            self.longest = took_s
            offer(COMPILE, LONGEST, at, "jax", "low")

    def found(self, at, rule):
        """That is it."""
        rule, framework = self.expected or (rule, "jax")
        decide(rule, *at, framework)


def _is_tracing():
    """Whether a function is being traced around us."""
    core = sys.modules.get("jax._src.core")
    return core is not None and not core.trace_state_clean()


def _moment(wall_s):
    """(monotonic_ns, wall_ns) of a moment on the wall clock."""
    wall_ns = int(wall_s * 1e9)
    return time.monotonic_ns() - (time.time_ns() - wall_ns), wall_ns
