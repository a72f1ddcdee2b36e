"""The first batch: when it came, by which rule, how sure that is, and who wants to hear of it.

`arm(finder)` waits for the frameworks in FRAMEWORKS and imports none of them; the file of a framework is loaded
when its module was. A rule either decides at once (`decide`), or has a candidate (`offer`) that stands if nothing
better came by the program's end. `mark` then holds one (rule, monotonic_ns, wall_ns), `details` the rest, and no
hook is left. What others may listen to are lists of callables; a listener that raises is ignored, and only the
process that was armed tells anything, not a worker forked from it.

on_fetch()            a training loop begins: the first sign of it, at the latest right behind the mark
on_fit()              a fit begins that may take long, and may or may not be the first batch
on_call(args, kwargs) what may turn out to be the first batch begins
on_mark(rule, monotonic_ns, wall_ns)    the first batch is known; it may lie in the past
on_reject(rule, monotonic_ns, why)      what might have been the first batch and was not
on_span(name, detail) a phase begins; what this returns, unless None, is called at its end
on_event(name, monotonic_ns)            "first fetch", "first backward", "first step", ..., or the user's own

Hooks for phases and events are placed only where `on_span` and `on_event` have listeners when `arm` is called.
"""

import os
import sys
import time

mark = []
details = {}  # rule, framework, confidence, at_exit, rejected [(rule, monotonic_ns, why)]
on_fetch = []
on_fit = []
on_call = []
on_mark = []
on_reject = []
on_span = []
on_event = []
debug = [False]  # whether failures of ours are shown
spans = []  # (name, detail, start_ns, end_ns, modules before, modules after) of phases that are over
steps = [1]  # how many steps are told of
deferred = []  # functions that give the names of modules whose import is deferred

# How much an offer counts; the greatest wins, and of equals the earliest.
FIT, FORWARD, PREPARATION, COMPILE = 4, 3, 2, 1

# Modules that tell that a framework is there -> the file with its rule.
FRAMEWORKS = {
    "torch.utils.data.dataloader": "torch",
    "torch.nn.modules.module": "torch",
    "torch.autograd": "torch",
    "torch.optim.optimizer": "torch",
    "torch._dynamo.convert_frame": "torch",
    "lightning.pytorch.trainer.call": "lightning",
    "pytorch_lightning.trainer.call": "lightning",
    "transformers.trainer_callback": "transformers",
    "keras.src.callbacks.callback_list": "keras",
    "jax._src.monitoring": "jax",
    "jax._src.interpreters.ad": "jax",
    "optax._src.update": "jax",
    "flax.nnx.training.optimizer": "jax",
    "flax.training.train_state": "jax",
    "tensorflow.python.eager.backprop": "tensorflow",
    "tensorflow.python.eager.polymorphic_function.polymorphic_function": "tensorflow",
    "sklearn.base": "sklearn",
    "sklearn.callback._callback_support": "sklearn",
    "sklearn.model_selection._validation": "sklearn",
    "spacy.language": "spacy",
    "xgboost.core": "xgboost",
    "lightgbm.basic": "lightgbm",
    "catboost.core": "catboost",
}

# Where one of these is imported, or deferred, a library's fit need not be the training.
TRAINERS = frozenset(
    (
        *(
            "torch",
            "lightning",
            "pytorch_lightning",
            "transformers",
            "accelerate",
            "trl",
            "peft",
            "diffusers",
        ),
        *("sentence_transformers", "fastai", "timm", "ultralytics", "skorch", "jax", "flax", "haiku"),
        *("equinox", "keras", "tf_keras", "tensorflow", "paddle", "mxnet"),
    )
)

MOST_SPANS = 1000  # are kept

settles_at_exit = [False]  # an exit function of ours is registered
_state = {"pid": os.getpid(), "finder": None, "fetched": False, "phases": False}
_waiting = []  # (module, callback) that wait in the finder
_watches = {}  # framework -> its file's Watch
_hooks = []
_firsts = set()  # events that were told
_offers = {}  # rule -> (rank, -monotonic_ns, wall_ns, framework, confidence)


# -- hooks ---------------------------------------------------------------------------------------------------


def arm(finder):
    """Wait for the frameworks; again, to add the phases where somebody began to listen since."""
    if mark:
        return
    if _state["finder"] is None:
        _state.update(pid=os.getpid(), finder=finder)
        _at_exit()
        when_loaded(FRAMEWORKS, _arrived)
    if on_span and not _state["phases"]:
        from lazyimp.firstbatch import _phases

        _state["phases"] = True
        when_loaded(_phases.HOOKS, _phases.arrived)


def when_loaded(names, callback):
    """Have `callback(module)` called now for what is loaded, for the rest when its own import has completed.

    What has not come by the first batch is waited for no longer.
    """
    after_exec = _state["finder"].after_exec
    for name in names:
        loaded = sys.modules.get(name)
        if loaded is not None and not getattr(getattr(loaded, "__spec__", None), "_initializing", False):
            guarded(callback)(loaded)
        else:
            after_exec.setdefault(name, []).append(callback)
            _waiting.append((name, callback))


def _arrived(module):
    """A framework's module was imported: its rule places its hooks."""
    if mark or not in_this_process():
        return
    name = module.__name__
    kind = FRAMEWORKS[name]
    if kind not in _watches:
        _watches[kind] = __import__(f"lazyimp.firstbatch.{kind}", fromlist=("Watch",)).Watch()
    _watches[kind].arrived(name, module)


def watch_of(kind):
    """The Watch of a framework that was imported, or None."""
    return _watches.get(kind)


def hook(module, path, enter):
    """Call `enter` before the function at `path` runs, until the first batch; a Hook, or None without that function.

    In a process forked from this one it ends with the first call.
    """
    from lazyimp.firstbatch import _hook

    place = _hook.find(module, path)
    if place is None:
        return None

    def told(args, kwargs):
        return enter(args, kwargs) if in_this_process() else made.restore()

    made = _hook.Hook(place, guarded(told), _watcher())
    _hooks.append(made)
    made.place()
    return made


def _watcher():
    """What the extension offers to watch functions with, or None."""
    return getattr(_state["finder"], "watcher", None)


def disarm():
    """Take all hooks out, placed or still waiting."""
    for made in _hooks:
        made.end()
    _hooks.clear()
    for watch in _watches.values():
        guarded(getattr(watch, "remove", in_this_process))()
    _watches.clear()
    if _state["finder"] is not None:
        _forget(_state["finder"].after_exec)


def anew(finder):
    """Forget the first batch there was, and wait for the next one: a notebook's cell has one of its own."""
    disarm()
    mark.clear()
    details.clear()
    _offers.clear()
    _firsts.clear()
    spans.clear()
    _state.update(fetched=False, phases=False)
    _state.pop("decided", None)
    if _state["finder"] is None:
        arm(finder)
    else:
        when_loaded(FRAMEWORKS, _arrived)
        arm(finder)


def _forget(after_exec):
    for name, callback in _waiting:
        callbacks = after_exec.get(name, [])
        if callback in callbacks:
            callbacks.remove(callback)
            if not callbacks:
                after_exec.pop(name, None)
    _waiting.clear()


def in_this_process():
    """Whether this is the process that was armed, not a worker forked from it."""
    return os.getpid() == _state["pid"]


def guarded(function):
    """`function`, whose failure, and that of what it returns to be called later, is only shown to who debugs."""

    def call(*args):
        try:
            result = function(*args)
        except Exception:
            _show()
            return None
        return guarded(result) if callable(result) else None

    return call


def _show():
    if debug[0] and sys.stderr is not None:
        sys.excepthook(*sys.exc_info())


# -- what the rules tell -------------------------------------------------------------------------------------


def now():
    """(monotonic_ns, wall_ns)."""
    return time.monotonic_ns(), time.time_ns()


def begins():
    """A training loop begins; told once."""
    if not _state["fetched"] and in_this_process():
        _state["fetched"] = True
        _stop(on_fetch)


def _stop(listeners):
    """Have who defers stop, or settle what is pending: a phase of its own, where somebody does."""
    end = span("stop-deferring") if listeners else None
    _tell(listeners)
    if end is not None:
        end()


def calls(args=(), kwargs=None):
    """What may be the first batch begins."""
    if on_call:
        _tell(on_call, args, kwargs or {})


def event(name, monotonic_ns=None):
    """Something happened at an instant; what is called the first happens once."""
    if on_event and in_this_process() and name not in _firsts:
        if name.startswith("first "):
            _firsts.add(name)
        _tell(on_event, name, monotonic_ns or time.monotonic_ns())


def span(name, detail=""):
    """A phase begins; returns what to call at its end, or None where nobody listens."""
    if not on_span or not in_this_process():
        return None
    ends = [guarded(callback)(name, detail) for callback in list(on_span)]
    start, before = time.monotonic_ns(), len(sys.modules)

    def end():
        if len(spans) < MOST_SPANS:
            spans.append((name, detail, start, time.monotonic_ns(), before, len(sys.modules)))
        for each in reversed(ends):
            if each is not None:
                each()

    return end


def reject(rule, monotonic_ns, why):
    """What might have been the first batch was not."""
    details.setdefault("rejected", []).append((rule, monotonic_ns, why))
    _tell(on_reject, rule, monotonic_ns, why)


def offer(rank, rule, at, framework, confidence):
    """A candidate; of one rule the last offer counts."""
    if not mark:
        _offers[rule] = (rank, -at[0], at[1], framework, confidence)


def fits(rule, framework, at, args=()):
    """A library began to fit a model at `at`: that is it, unless a training framework may still come."""
    calls(args)
    if may_train():
        offer(FIT, rule, at, framework, "medium")
        _stop(on_fit)
    else:
        decide(rule, *at, framework, "high")


def may_train():
    """Whether a framework that trains is loaded, or its import is deferred."""
    if not TRAINERS.isdisjoint(sys.modules):
        return True
    names = []
    for give in list(deferred):
        try:
            names += give()
        except Exception:
            _show()
    return any(name.partition(".")[0] in TRAINERS for name in names)


def decide(rule, monotonic_ns, wall_ns, framework="", confidence="high", at_exit=False):
    """Set the mark; the first one stands."""
    token = object()
    if mark or _state.setdefault("decided", token) is not token:
        return
    mark.append((rule, monotonic_ns, wall_ns))
    details.update(rule=rule, framework=framework, confidence=confidence, at_exit=at_exit)
    disarm()
    for other, row in sorted(_offers.items(), key=lambda item: -item[1][1]):
        if other != rule and row[1] != -monotonic_ns:  # else it is the same moment under another name
            reject(other, -row[1], f"{rule} decided")
    _offers.clear()
    _tell(on_mark, rule, monotonic_ns, wall_ns)
    begins()  # what it takes to stop deferring comes behind the mark
    if on_event and not at_exit:
        guarded(_follow)(framework)


def _follow(framework):
    """Tell what comes after the first batch, too; who marked it by hand may well train with PyTorch."""
    from lazyimp.firstbatch import _steps

    if not framework and "torch.optim.optimizer" in sys.modules:
        framework = "torch"
    _hooks.extend(_steps.follow(framework, _watcher()))


def follows():
    """Whether steps behind the first batch are waited for."""
    return bool(mark) and any(made.live for made in _hooks)


def settle():
    """The program ends: the best candidate stands, and no hook is left."""
    if _offers and not mark and in_this_process():
        rule, (_, at, wall_ns, framework, confidence) = max(_offers.items(), key=lambda item: item[1][:2])
        decide(rule, -at, wall_ns, framework, confidence, at_exit=True)
    disarm()


def _at_exit():
    """Have `settle` called before who registered earlier."""
    was_loaded = "atexit" in sys.modules
    import atexit

    atexit.register(guarded(settle))
    settles_at_exit[0] = True
    if not was_loaded:
        del sys.modules["atexit"]  # the program may ask what is loaded


def _tell(callbacks, *args):
    for callback in list(callbacks):
        guarded(callback)(*args)
