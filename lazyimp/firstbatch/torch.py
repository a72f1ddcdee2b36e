"""The first batch in PyTorch programs.

It is the earliest outermost call of a module in training mode, with gradients on, that starts
after the first fetch from a DataLoader; it is decided at the first backward pass. Where no
DataLoader is used it is the earliest such call that took part in the graph of that backward
pass. Three attributes of torch are replaced until then, and get back the very objects they
held; while a training call runs, and in forked workers, none of them is replaced.
"""

import sys
import time

AFTER_FETCH = "torch: first training call after the first fetch"
IN_GRAPH = "torch: first training call of the first backward pass"
AT_BACKWARD = "torch: first backward pass"

# A program that makes this many training calls and no backward pass is left alone.
MOST_CALLS = 2000
# How far the graph of the first backward pass is followed; deep networks have some thousand nodes.
MOST_NODES = 50_000
# Sequence numbers of nodes that accumulate gradients are no times.
NO_TIME = 1 << 62


class Swap:
    """One attribute, replaced until `restore` puts the same object back."""

    def __init__(self, owner, name, make):
        self.owner = owner
        self.name = name
        self.original = vars(owner)[name]
        self.ours = make(self)
        self.live = False

    def place(self):
        if not self.live and vars(self.owner).get(self.name) is self.original:
            self.live = True
            setattr(self.owner, self.name, self.ours)

    def restore(self):
        if self.live:
            self.live = False
            if vars(self.owner).get(self.name) is self.ours:
                setattr(self.owner, self.name, self.original)


class Watch:
    """The hooks and what they have seen."""

    def __init__(self, begins, decide, in_this_process, tell_call=None):
        self.tell_call = tell_call
        self.begins = begins
        self.decide = decide
        self.in_this_process = in_this_process
        self.finder = None
        self.fetched = False
        self.calls = []  # [monotonic_ns, wall_ns, first sequence number, last one]
        self.swaps = {}
        self.over = False
        self.targets = {
            "torch.utils.data.dataloader": self._on_dataloader,
            "torch.nn.modules.module": self._on_module,
            "torch.autograd": self._on_autograd,
        }

    def arm(self, finder):
        """Hook what is loaded now, and the rest when its own import has completed."""
        self.finder = finder
        for name, place in self.targets.items():
            loaded = sys.modules.get(name)
            spec = getattr(loaded, "__spec__", None)
            if loaded is not None and not getattr(spec, "_initializing", False):
                place(loaded)
            else:
                finder.after_exec.setdefault(name, []).append(place)

    def remove(self):
        """Take every hook out, placed or still waiting."""
        self.over = True
        for swap in self.swaps.values():
            swap.restore()
        for name, place in self.targets.items():
            waiting = self.finder.after_exec.get(name) if self.finder is not None else None
            if waiting and place in waiting:
                waiting.remove(place)
                if not waiting:
                    self.finder.after_exec.pop(name, None)
        self.calls.clear()

    def _place(self, key, owner, name, make):
        if not self.over:
            self.swaps[key] = Swap(owner, name, make)
            self.swaps[key].place()

    def _on_dataloader(self, dataloader):
        self._place("fetch", dataloader._BaseDataLoaderIter, "__next__", self._make_fetch)

    def _on_module(self, module):
        self._place("call", module.Module, "__call__", self._make_call)

    def _on_autograd(self, autograd):
        self._place("backward", autograd, "backward", self._make_backward)

    def _make_fetch(self, swap):
        def __next__(loader):
            if not self.in_this_process():
                swap.restore()
            elif _grad_enabled():
                swap.restore()
                self.fetched = True
                # What was called before the first fetch is a dry run.
                self.calls.clear()
                self.begins()
            return swap.original(loader)

        return __next__

    def _make_call(self, swap):
        original = swap.original

        def __call__(module, *args, **kwargs):
            if not self.in_this_process():
                swap.restore()
            elif module.training and _grad_enabled():
                return self._training_call(swap, module, args, kwargs)
            return original(module, *args, **kwargs)

        return __call__

    def _training_call(self, swap, module, args, kwargs):
        """Note the call and run it with nothing of ours in the way."""
        call = [time.monotonic_ns(), time.time_ns(), _sequence(), NO_TIME]
        swap.restore()
        if self.tell_call is not None:
            self.tell_call(args, kwargs)
        fetched = self.fetched
        if fetched or len(self.calls) < MOST_CALLS:
            self.calls.append(call)
        else:
            self.remove()
        try:
            return swap.original(module, *args, **kwargs)
        finally:
            call[3] = _sequence()
            if not (fetched or self.over):
                # Nothing was fetched before: it may have been a dry run.
                swap.place()

    def _make_backward(self, swap):
        def backward(*args, **kwargs):
            swap.restore()
            if self.in_this_process():
                self._settle(args, kwargs)
            return swap.original(*args, **kwargs)

        return backward

    def _settle(self, args, kwargs):
        """Decide which call was the first batch."""
        now = [time.monotonic_ns(), time.time_ns()]
        calls = list(self.calls)
        if not calls:
            return self.decide(AT_BACKWARD, *now)
        if self.fetched:
            return self.decide(AFTER_FETCH, *calls[0][:2])
        chosen = calls[-1]
        if len(calls) > 1:
            try:
                chosen = _first_in_graph(calls, args[0] if args else kwargs.get("tensors"))
            except Exception:
                # A graph that cannot be read: the last call before the backward pass stands.
                chosen = calls[-1]
        return self.decide(IN_GRAPH, *chosen[:2])


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
    """Return the earliest of `calls` during which an operation of the graph of `roots` was recorded."""
    numbers = sorted(set(_graph(roots)))
    at = 0
    for call in calls:
        while at < len(numbers) and numbers[at] < call[2]:
            at += 1
        if at < len(numbers) and numbers[at] < call[3]:
            return call
    return calls[-1]


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
