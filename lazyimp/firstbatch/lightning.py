"""The first batch under Lightning's Trainer: the call of `training_step`, which gets the batch.

The batch is on its device then, and the sanity check, which runs validation batches first, is over. Fabric leaves
the loop to the program, so there the rules for PyTorch decide.
"""

from lazyimp.firstbatch import calls, decide, hook, now, span

RULE = "lightning: training_step"


class Watch:
    """Listens to the function through which the Trainer calls its strategy."""

    def arrived(self, name, module):
        """Place the hook."""
        hook(module, "_call_strategy_hook", self.called)

    def called(self, args, kwargs):
        """`_call_strategy_hook(trainer, hook_name, *args)`."""
        name = args[1] if len(args) > 1 else kwargs.get("hook_name")
        if name == "batch_to_device":
            return span("h2d")
        if name == "training_step":
            at = now()
            calls(args[2:], kwargs)
            decide(RULE, *at, "lightning")
        return None
