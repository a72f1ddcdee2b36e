"""What comes after the first batch: the end of the first step, and of a few more where they are asked for.

Loaded only where somebody listens to events. The last step that is told of takes the hook out.
"""

import sys
import time

from lazyimp import firstbatch
from lazyimp.firstbatch import _hook

# Framework -> where the function is that is called when its step is over.
PYTORCH = ("torch.optim.optimizer", "Optimizer._optimizer_step_code")
ENDS = {
    "torch": PYTORCH,
    "lightning": PYTORCH,
    "transformers": PYTORCH,
    "keras": ("keras.src.callbacks.callback_list", "CallbackList.on_train_batch_end"),
}
BACKWARD = ("torch.autograd", "backward")


def follow(framework, watcher=None):
    """Tell of the first backward pass and of the ends of steps; returns the hooks."""
    hooks = []
    if framework in ENDS:
        _listen(hooks, ENDS[framework], watcher, _Steps(firstbatch.steps[0]).over)
        if ENDS[framework] is PYTORCH:
            _listen(hooks, BACKWARD, watcher, lambda args: firstbatch.event("first backward") or True)
    return hooks


def _listen(hooks, where, watcher, told):
    """Hook the function at `where` until `told(args)` says that it has heard enough."""
    module = sys.modules.get(where[0])
    place = None if module is None else _hook.find(module, where[1])
    if place is None:
        return

    def enter(args, kwargs):
        if not firstbatch.in_this_process() or told(args):
            made.end()

    made = _hook.Hook(place, firstbatch.guarded(enter), watcher)
    hooks.append(made)
    made.place()


class _Steps:
    """Counts the steps of the optimizer whose step was the first to end."""

    def __init__(self, most):
        self.most = most
        self.count = 0
        self.owner = None

    def over(self, args):
        """A step is over; true for the last one that is told of."""
        at = time.monotonic_ns()
        owner = id(args[0]) if args else 0
        if self.owner not in (None, owner):
            return False
        self.owner = owner
        self.count += 1
        last = self.count >= self.most
        name = "first" if self.count == 1 else "last" if last else str(self.count)
        firstbatch.event(f"{name} step" if name in ("first", "last") else f"step {name}", at)
        return last
