"""The first batch under Keras 3: `on_train_batch_begin`.

With PyTorch the batch has been fetched by then. With JAX the step fetches it and then calls a compiled function, so
there it is the tracing of that function that counts; with TensorFlow the fetch is part of the compiled function, and
the event comes before it.
"""

import sys

from lazyimp.firstbatch import calls, decide, hook, now, watch_of

RULE = "keras: on_train_batch_begin"


class Watch:
    """Listens to the object that calls all callbacks."""

    def __init__(self):
        self.at = None

    def arrived(self, name, module):
        """Place the hooks."""
        self.hook = hook(module, "CallbackList.on_train_batch_begin", self.batch)
        hook(module, "CallbackList.on_train_batch_end", self.batch_over)

    def batch(self, args, kwargs):
        """A training batch begins."""
        self.at = now()
        self.hook.restore()
        jax = watch_of("jax")
        if jax is None or _backend() != "jax":
            calls()
            decide(RULE, *self.at, "keras")
        else:
            jax.expect(RULE, "keras")

    def batch_over(self, args, kwargs):
        """It is over, and nothing was traced in it."""
        if self.at is not None:
            decide(RULE, *self.at, "keras", "medium")


def _backend():
    """The name of the back end in use."""
    config = sys.modules.get("keras.src.backend.config")
    return config.backend() if config is not None else None
