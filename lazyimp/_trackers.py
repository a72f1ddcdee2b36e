"""Tells experiment trackers the figures of a start: W&B, MLflow and TensorBoard, where a run of theirs is active.

HOT in its imports, loaded only where a record, a summary, LAZYIMP_TRACKERS or the configuration asks for it. No
tracker is imported and no run is started: what counts is what the program has loaded and opened by the end of its
first step, or by its first batch where no step is told of. W&B gets them in the run's summary, so that no step of
the program's own is counted on; MLflow and TensorBoard as scalars at step 0.

lazyimp/ttfb_s              time to first batch
lazyimp/imports_s           what imports took until then; only where the process is recorded
lazyimp/phase/NAME_s        what each phase took that was over by then
lazyimp/modules, deferred, not_used_yet
lazyimp/first_step_excess_s what the first step took more than the median of those behind it
"""

import _weakref
import sys

PREFIX = "lazyimp/"
# TensorBoard has no run that is active: it is a writer, which this makes, that is open.
WRITERS = {
    "torch.utils.tensorboard.writer": "SummaryWriter.__init__",
    "tensorboardX.writer": "SummaryWriter.__init__",
}
NAMED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. /"  # what MLflow allows in a name

_state = {"config": None, "figures": None, "batch": 0, "ends": []}
_writers = []  # weak references


def watch(config_path):
    """Wait for the first batch; the configuration at `config_path`, unless None, is asked whether to tell."""
    from lazyimp import firstbatch

    _state["config"] = config_path
    for listeners, function in (
        (firstbatch.on_mark, marked),
        (firstbatch.on_event, happened),
        (firstbatch.on_span, _listen),
    ):
        if function not in listeners:
            listeners.append(function)


def wait(firstbatch):
    """Hear of TensorBoard's writers, from when the first batch is waited for."""
    firstbatch.when_loaded(WRITERS, _writer_module)


def _listen(name, detail):
    """Phases are kept by who tells them."""


def _writer_module(module):
    from lazyimp import firstbatch

    firstbatch.hook(module, WRITERS[module.__name__], _made)


def _made(args, kwargs):
    if args:
        _writers.append(_weakref.ref(args[0]))


# -- when ----------------------------------------------------------------------------------------------------


def marked(rule, monotonic_ns, wall_ns):
    """The first batch: note the figures; what tells them would count as part of the first step."""
    from lazyimp import _summary, firstbatch

    startup = sys.modules["lazyimp._startup"]
    facts = _summary.facts(monotonic_ns, wall_ns, startup.switch("LAZYIMP_T0"), startup.core)
    _state.update(figures=figures(*facts), batch=monotonic_ns, ends=[])
    if not firstbatch.follows():
        tell(_state["figures"])


def happened(name, monotonic_ns):
    """The end of a step: the first one tells the figures, the last one what the first took more."""
    if _state["figures"] is None or not name.endswith("step"):
        return
    _state["ends"].append(monotonic_ns)
    if name == "first step":
        tell(_state["figures"])
    elif name == "last step":
        tell({PREFIX + "first_step_excess_s": excess_s(_state["batch"], _state["ends"])})


# -- what ----------------------------------------------------------------------------------------------------


def figures(ttfb_ns, parts, modules, totals):
    """{name: value} of what the summary line tells, too."""
    found = {"ttfb_s": ttfb_ns / 1e9}
    if "wall_ns" in totals:
        found["imports_s"] = totals["wall_ns"] / 1e9
    for name, took_ns, _ in parts:
        if name != "imports":  # of the main program alone
            found[f"phase/{name.replace(' ', '-')}_s"] = took_ns / 1e9
    found["modules"] = modules
    if totals.get("deferred"):
        found.update(deferred=totals["deferred"], not_used_yet=totals["pending"])
    return {PREFIX + "".join(c if c in NAMED else "_" for c in name): found[name] for name in found}


def excess_s(batch_ns, ends):
    """What the first step took more than the median of those behind it."""
    others = sorted(ends[number] - ends[number - 1] for number in range(1, len(ends)))
    middle = (others[(len(others) - 1) // 2] + others[len(others) // 2]) // 2
    return (ends[0] - batch_ns - middle) / 1e9


# -- to whom -------------------------------------------------------------------------------------------------


def tell(values):
    """Tell every tracker with an active run; a failure of one is shown only to who debugs."""
    from lazyimp import firstbatch

    if _is_refused():
        return
    for tracker in (_wandb, _mlflow, _tensorboard):
        firstbatch.guarded(tracker)(values)


def _is_refused():
    """The configuration says `trackers = false`; it is read here where lazyimp is off and has not read it."""
    if _state["config"] is None:
        return False
    from lazyimp._config import load_config

    try:
        config = load_config(_state["config"])
    except Exception:
        return True  # it may say so where it cannot be read
    return config is not None and config.trackers is False


def _loaded(name):
    """The module `name` where the program has executed it; to look into a deferred one would import it."""
    if name in getattr(sys.modules.get("lazyimp._proxy"), "pending", ()):
        return None
    return sys.modules.get(name)


def _wandb(values):
    run = getattr(_loaded("wandb"), "run", None)
    if run is not None:
        run.summary.update(values)


def _mlflow(values):
    fluent = _loaded("mlflow.tracking.fluent")
    if fluent is not None and fluent.active_run() is not None:
        fluent.log_metrics(values, step=0)


def _tensorboard(values):
    """The oldest writer that is open; a closed one would open itself again."""
    for reference in _writers:
        writer = reference()
        if getattr(writer, "file_writer", None) is not None:
            for name, value in values.items():
                writer.add_scalar(name, value, 0)
            return
