"""The first batch under Hugging Face's Trainer (and trl's, built on it): the first call of a module in its first step.

The step begins with `on_step_begin`. The batches of a whole accumulation window have been fetched before it.
"""

from lazyimp.firstbatch import decide, hook, now, watch_of

RULE = "transformers: on_step_begin"


class Watch:
    """Listens to the object that calls all callbacks."""

    def arrived(self, name, module):
        """Place the hook."""
        self.hook = hook(module, "CallbackHandler.on_step_begin", self.step)

    def step(self, args, kwargs):
        """A training step begins."""
        at = now()
        self.hook.restore()
        torch = watch_of("torch")
        if torch is not None:
            torch.expect(RULE, "transformers")
        else:
            decide(RULE, *at, "transformers")
