"""The first batch in PyTorch programs, whatever drives them.

It is the earliest outermost call of a module in training mode, with gradients on, that starts after the first
fetch from a DataLoader; it is decided at the first backward pass. Where no DataLoader is used it is the earliest
such call that took part in the graph of that backward pass. A program without a backward pass has a candidate:
its first outermost call of a module. `torch.nn.Module.__call__` is told of by outermost calls only: while one
runs, nothing of ours is on the path of the modules inside it.
"""

import sys

from lazyimp.firstbatch import (
    FORWARD,
    begins,
    calls,
    decide,
    event,
    hook,
    now,
    offer,
    reject,
    span,
)

AFTER_FETCH = "torch: first training call after the first fetch"
IN_GRAPH = "torch: first training call of the first backward pass"
AT_BACKWARD = "torch: first backward pass"
NO_BACKWARD = "torch: first training call of a program without a backward pass"
FORWARD_ONLY = "torch: first call of a module, none in training"

# So many calls are listened to before the first backward pass; a program without one is left alone then.
MOST_CALLS = 2000
# A program that makes so many calls without gradients, and has no optimizer, does not train.
MANY_FORWARD = 20
# So many fetches without gradients are looked at.
MOST_FETCHES = 1000
# How far the graph of the first backward pass is followed; deep networks have some thousand nodes.
MOST_NODES = 50_000
# Sequence numbers of nodes that accumulate gradients are no times.
NO_TIME = 1 << 62

# What a call's row holds.
AT, FIRST, LAST, TRAINING = range(4)


class Watch:
    """The hooks and what they have seen."""

    def __init__(self):
        self.hooks = {}
        self.fetched = False
        self.fetches = 0
        self.calls = []  # [(monotonic_ns, wall_ns), first sequence number, last one, module was in training mode]
        self.forwards = 0
        self.optimizer = False
        self.expected = None  # (rule, framework, at) of a framework whose step has begun
        self.framed = None  # when a compiled function was last called
        self.targets = {
            "torch.utils.data.dataloader": (
                ("_BaseDataLoaderIter.__next__", self.fetch),
                ("_BaseDataLoaderIter.__init__", self.loop),
            ),
            "torch.nn.modules.module": (("Module.__call__", self.call),),
            "torch.autograd": (("backward", self.backward),),
            "torch.optim.optimizer": (("Optimizer.__init__", self.optimize),),
            "torch._dynamo.convert_frame": (
                ("CatchErrorsWrapper.__call__", self.frame),
                ("_compile", self.compile),
            ),
        }

    def arrived(self, name, module):
        """Place the hooks of one of torch's modules."""
        for path, enter in self.targets[name]:
            self.hooks[enter.__name__] = hook(module, path, enter)

    def expect(self, rule, framework):
        """A framework's training step begins: the next call of a module is the first batch."""
        self.expected = (rule, framework, now())
        self.again()

    # -- data ----------------------------------------------------------------------------------------------

    def fetch(self, args, kwargs):
        """A batch is asked for."""
        self.fetches += 1
        if self.fetches > MOST_FETCHES:
            return self.stop("fetch")
        if not _grad_enabled():
            return None  # an evaluation
        self.stop("fetch")
        self.fetched = True
        self.drop("before the first fetch: a dry run")
        self.again()
        begins()
        end = span("first-fetch")

        def fetched():
            if end is not None:
                end()
            event("first fetch")

        return fetched

    def loop(self, args, kwargs):
        """A loop over data begins."""
        if self.fetched and _grad_enabled():
            self.drop("before the loop whose batch came to a backward pass")
            self.again()

    def drop(self, why):
        """What was called until now is no training."""
        for call in self.calls[:1]:
            reject("torch: training call", call[AT][0], why)
        self.calls.clear()

    # -- calls ---------------------------------------------------------------------------------------------

    def call(self, args, kwargs):
        """A module is called, by no other module."""
        at = now()
        self.stop("call")
        training = bool(args and getattr(args[0], "training", False))
        calls(args[1:], kwargs)
        if self.expected is not None:
            rule, framework, _ = self.expected
            return decide(rule, *at, framework)
        if not _grad_enabled():
            return self.forward(at)
        call = [at, _sequence(), NO_TIME, training]
        if len(self.calls) < MOST_CALLS:
            self.calls.append(call)
        if not training:
            return self.forward(at)
        if len(self.calls) == 1:
            offer(FORWARD, NO_BACKWARD, at, "torch", "low")
        if self.fetched or len(self.calls) >= MOST_CALLS:
            return None

        def called():
            call[LAST] = _sequence()
            self.again()

        return called

    def forward(self, at):
        """The call is no training, as far as one can see."""
        self.forwards += 1
        if self.forwards == 1:
            offer(FORWARD, FORWARD_ONLY, at, "torch", "medium")
        if self.forwards < (MOST_CALLS if self.optimizer else MANY_FORWARD):
            return self.again
        if not self.optimizer:
            begins()
        return None

    def optimize(self, args, kwargs):
        """An optimizer is made: a training is to come."""
        self.stop("optimize")
        self.optimizer = True
        self.forwards = min(self.forwards, 1)
        self.again()
        return span("optimizer-build", type(args[0]).__name__ if args else "")

    def again(self):
        """Listen to calls again."""
        if self.hooks.get("call") is not None:
            self.hooks["call"].place()

    def stop(self, name):
        """Listen no longer."""
        if self.hooks.get(name) is not None:
            self.hooks[name].restore()

    # -- a compiled function calls its modules where nobody sees it --------------------------------------------

    def frame(self, args, kwargs):
        """A compiled function was called, or something that looks like one."""
        self.framed = now()

    def compile(self, args, kwargs):
        """A function that no module called is compiled, at its first call."""
        hooked = self.hooks.get("call")
        if hooked is None or not hooked.live or not _grad_enabled():
            return None
        hooked.restore()
        self.calls.append([self.framed or now(), _sequence(), NO_TIME, True])
        calls()
        return None if self.fetched else self.again

    # -- the decision --------------------------------------------------------------------------------------

    def backward(self, args, kwargs):
        """The first backward pass."""
        self.stop("backward")
        at = now()
        event("first backward", at[0])
        if self.expected is not None:
            rule, framework, at = self.expected
            return decide(rule, *at, framework)
        calls = [call for call in self.calls if call[TRAINING]] or list(self.calls)
        if not calls:
            return decide(AT_BACKWARD, *at, "torch", "low")
        if self.fetched:
            return decide(AFTER_FETCH, *calls[0][AT], "torch", "high" if calls[0][TRAINING] else "medium")
        chosen = _first_in_graph(calls, args[0] if args else kwargs.get("tensors"))
        for call in calls[:1]:
            if call is not chosen and chosen is not None:
                reject("torch: training call", call[AT][0], "no part of the first backward pass: a dry run")
        sure = "medium" if chosen is None else "high"
        return decide(IN_GRAPH, *(chosen or calls[-1])[AT], "torch", sure)


def _grad_enabled():
    torch = sys.modules.get("torch")
    return torch is not None and torch.is_grad_enabled()


def _sequence():
    """The number that autograd gives the next operation of this thread."""
    try:
        return sys.modules["torch"].autograd._get_sequence_nr()
    except AttributeError:
        return 0


def _first_in_graph(calls, roots):
    """The earliest of `calls` during which an operation of the graph of `roots` was recorded, or None."""
    try:
        numbers = sorted(set(_graph(roots)))
    except Exception:
        return None  # a graph that cannot be read
    at = 0
    for call in calls:
        while at < len(numbers) and numbers[at] < call[FIRST]:
            at += 1
        if at < len(numbers) and numbers[at] < call[LAST]:
            return call
    return None


def _graph(roots):
    """Yield the sequence numbers of the operations behind `roots`."""
    if not isinstance(roots, (tuple, list)):
        roots = (roots,)
    waiting = [root.grad_fn for root in roots if getattr(root, "grad_fn", None) is not None]
    seen = set()
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        number = node._sequence_nr()
        if number < NO_TIME:
            yield number
        waiting.extend(other for other, _ in node.next_functions if other is not None)
