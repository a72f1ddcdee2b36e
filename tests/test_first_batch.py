"""The first batch is seen in every framework, at its moment and by its rule, and no hook stays.

The frameworks are made up (tests/data/frameworks); bench/firstbatch.py runs the real ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FRAMEWORKS = Path(__file__).parent / "data" / "frameworks"
NO_BACKWARD = "torch: first training call of a program without a backward pass"
AFTER_FETCH = "torch: first training call after the first fetch"
IN_GRAPH = "torch: first training call of the first backward pass"
FORWARD_ONLY = "torch: first call of a module, none in training"

TORCH = """
import torch
from torch.nn import Module
model = Module(Module(), Module())
def step(x=None):
    torch.Tensor(witness.batch(model, x)).backward()
"""
TRAINED = "torch.optim.SGD().step()\n"

# name -> (program, rule, confidence, "at once" or "at exit")
PROGRAMS = {
    "a loop": (TORCH + "step(); step()", IN_GRAPH, "high", "at once"),
    "a dry run before": (TORCH + "model(1); step()", IN_GRAPH, "high", "at once"),
    "calls that share a graph": (
        TORCH + "x = witness.batch(model, 1); x = model(x); x.backward()",
        IN_GRAPH,
        "high",
        "at once",
    ),
    "a graph nobody can read": (
        TORCH + "x = witness.batch(model, 1); x.grad_fn = object(); x.backward()",
        IN_GRAPH,
        "medium",
        "at once",
    ),
    "no module": (
        TORCH + "witness.batch(torch.Tensor(1).backward)",
        "torch: first backward pass",
        "low",
        "at once",
    ),
    "a loader": (
        TORCH + "model(1)\nfor x in torch.utils.data.DataLoader([1, 2]): step(x)",
        AFTER_FETCH,
        "high",
        "at once",
    ),
    "statistics, a dry run, a loader": (
        TORCH + "for x in torch.utils.data.DataLoader([1, 2]): x + x\nmodel(1)\n"
        "for x in torch.utils.data.DataLoader([1, 2]): step(x)",
        AFTER_FETCH,
        "high",
        "at once",
    ),
    "an evaluation before": (
        TORCH
        + "model.eval()\nwith torch.no_grad():\n    for x in torch.utils.data.DataLoader([1, 2]): model(x)\n"
        "model.train()\nfor x in torch.utils.data.DataLoader([1, 2]): step(x)",
        AFTER_FETCH,
        "high",
        "at once",
    ),
    "a long evaluation, then an optimizer": (
        TORCH + "with torch.no_grad():\n    for _ in range(50): model(1)\ntorch.optim.SGD()\nstep()",
        IN_GRAPH,
        "high",
        "at once",
    ),
    "training in evaluation mode": (
        TORCH + "model.eval()\nfor x in torch.utils.data.DataLoader([1, 2]): step(x)",
        AFTER_FETCH,
        "medium",
        "at once",
    ),
    "a compiled function": (
        TORCH + "from torch._dynamo.convert_frame import run_compiled\n"
        "for x in torch.utils.data.DataLoader([1, 2]): witness.batch(run_compiled, model, x).backward()",
        AFTER_FETCH,
        "high",
        "at once",
    ),
    "prediction": (
        TORCH + "model.eval()\nwith torch.no_grad():\n    for _ in range(50): witness.batch(model, 1)",
        FORWARD_ONLY,
        "medium",
        "at exit",
    ),
    "prediction in training mode": (TORCH + "witness.batch(model, 1)", NO_BACKWARD, "low", "at exit"),
    "lightning": (
        TORCH + "from lightning.pytorch.trainer import call\n"
        "class trainer:\n    def training_step(): step()\n"
        "with torch.no_grad(): model(1)\n"
        "call._call_strategy_hook(trainer, 'validation_step')\n"
        "witness.batch(call._call_strategy_hook, trainer, 'training_step')",
        "lightning: training_step",
        "high",
        "at once",
    ),
    "lightning under its old name": (
        "from pytorch_lightning.trainer import call\n"
        "witness.batch(call._call_strategy_hook, None, 'training_step')",
        "lightning: training_step",
        "high",
        "at once",
    ),
    "transformers": (
        TORCH + "from transformers.trainer_callback import CallbackHandler\n"
        "for x in torch.utils.data.DataLoader([1, 2]):\n"
        "    CallbackHandler().on_step_begin(0, 0, 0); step(x)",
        "transformers: on_step_begin",
        "high",
        "at once",
    ),
    "transformers without a module's call": (
        TORCH + "from transformers.trainer_callback import CallbackHandler\n"
        "witness.batch(CallbackHandler().on_step_begin, 0, 0, 0); witness.entered(); torch.Tensor(1).backward()",
        "transformers: on_step_begin",
        "high",
        "at once",
    ),
    "keras": (
        TORCH + "from keras.src.callbacks.callback_list import CallbackList\nmodel(1)\n"
        "witness.batch(CallbackList().on_train_batch_begin, 0); step()",
        "keras: on_train_batch_begin",
        "high",
        "at once",
    ),
    "keras on jax": (
        "import jax, keras.src.backend.config as config\nconfig.name = 'jax'\n"
        "from keras.src.callbacks.callback_list import CallbackList\n"
        "train = jax.jit(lambda: jax.grad(int)(1))\n"
        "CallbackList().on_train_batch_begin(0); del witness.true[:]\n"
        "witness.batch(train); CallbackList().on_train_batch_end(0)",
        "keras: on_train_batch_begin",
        "high",
        "at once",
    ),
    "keras on jax, nothing traced": (
        "import jax, keras.src.backend.config as config\nconfig.name = 'jax'\n"
        "from keras.src.callbacks.callback_list import CallbackList\n"
        "witness.batch(CallbackList().on_train_batch_begin, 0); CallbackList().on_train_batch_end(0)",
        "keras: on_train_batch_begin",
        "medium",
        "at once",
    ),
    "jax": (
        "import jax\njax.jit(lambda: None)()\n"
        "def loss(x): return x\n"
        "inner = jax.jit(lambda: None)\n"
        "step = jax.jit(lambda: [inner(), jax.grad(loss)(1)])\n"
        "witness.batch(step); step()",
        "jax: first compiled function that takes a gradient",
        "high",
        "at once",
    ),
    "jax without compilation": (
        "import jax\nwitness.batch(jax.grad(int), 1)",
        "jax: first gradient",
        "high",
        "at once",
    ),
    "jax with updates only": (
        "import jax, optax\nfrom optax import apply_updates as mine\n"
        "witness.batch(jax.jit(lambda: mine({}, {})))",
        "jax: first compiled function that takes a gradient",
        "high",
        "at once",
    ),
    "jax predicting": (
        "import jax\ndef small(): pass\ndef _random(): pass\ndef model(): witness.entered()\n"
        "jax.cost.update(model=50, _random=90)\n"
        "jax.jit(small)(); jax.jit(_random)(); witness.batch(jax.jit(model))",
        "jax: longest compilation of a program without a gradient",
        "low",
        "at exit",
    ),
    "tensorflow": (
        "from tensorflow.python.eager.backprop import GradientTape\n"
        "from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function\n"
        "Function(int)()\n"
        "def train():\n    with GradientTape() as tape: pass\n    tape.gradient(0, 0)\n"
        "witness.batch(Function(train))",
        "tensorflow: first tf.function that takes a gradient",
        "high",
        "at once",
    ),
    "tensorflow without functions": (
        "from tensorflow.python.eager.backprop import GradientTape\n"
        "with GradientTape(): pass\n"
        "tape = GradientTape()\nwitness.batch(tape.__enter__); tape.gradient(0, 0)",
        "tensorflow: first tape that gives a gradient",
        "high",
        "at once",
    ),
    "scikit-learn": (
        "from sklearn.base import *\nwitness.batch(Classifier().fit, Scaler(), Classifier())",
        "scikit-learn: outermost fit",
        "high",
        "at once",
    ),
    "scikit-learn without checks": (
        "import sklearn.base\nsklearn.base.checks = False\nwitness.batch(sklearn.base.Classifier().fit)",
        "scikit-learn: outermost fit",
        "high",
        "at once",
    ),
    "scikit-learn step by step": (
        "from sklearn.base import *\nScaler().fit(); Scaler().fit(Classifier()); witness.batch(Classifier().fit)",
        "scikit-learn: outermost fit",
        "high",
        "at once",
    ),
    "scikit-learn, cross validation": (
        "from sklearn.base import *\nfrom sklearn.model_selection._validation import cross_validate\n"
        "witness.batch(cross_validate, Classifier())",
        "scikit-learn: outermost fit",
        "high",
        "at once",
    ),
    "scikit-learn, transforming only": (
        "from sklearn.base import *\nwitness.batch(Scaler().fit)",
        "scikit-learn: outermost fit of a transformer",
        "low",
        "at exit",
    ),
    "xgboost": (
        "from sklearn.base import *\nimport xgboost.core\nScaler().fit()\nwitness.batch(xgboost.core.Booster().update)",
        "xgboost: Booster.update",
        "high",
        "at once",
    ),
    "xgboost in a pipeline": (
        "from sklearn.base import *\nimport xgboost.core\n"
        "class Boosted(Classifier):\n    def fit(self): xgboost.core.Booster().update()\n"
        "witness.batch(Classifier().fit, Boosted())",
        "scikit-learn: outermost fit",
        "high",
        "at once",
    ),
    "lightgbm": (
        "import lightgbm.basic\nwitness.batch(lightgbm.basic.Booster().update)",
        "lightgbm: Booster.update",
        "high",
        "at once",
    ),
    "catboost": (
        "import catboost.core\nwitness.batch(catboost.core._CatBoostBase()._train)",
        "catboost: training",
        "high",
        "at once",
    ),
    "spacy": (
        "import spacy.language\nwitness.batch(spacy.language.Language().update)",
        "spacy: Language.update",
        "high",
        "at once",
    ),
    # which of two counts
    "a fit before a training": (
        TORCH + "from sklearn.base import *\nScaler().fit(); Classifier().fit(); step()",
        IN_GRAPH,
        "high",
        "at once",
    ),
    "a fit beside a prediction": (
        TORCH + "from sklearn.base import *\nwith torch.no_grad(): model(1)\nwitness.batch(Classifier().fit)",
        "scikit-learn: outermost fit",
        "medium",
        "at exit",
    ),
    "a prediction beside a transformer's fit": (
        TORCH + "from sklearn.base import *\nScaler().fit()\nwith torch.no_grad(): witness.batch(model, 1)",
        FORWARD_ONLY,
        "medium",
        "at exit",
    ),
    "by hand after a candidate": (
        TORCH + "from sklearn.base import *\nimport lazyimp\nClassifier().fit()\n"
        "witness.batch(lazyimp.first_batch); step()",
        "first_batch()",
        "high",
        "at once",
    ),
    "by hand too late": (
        TORCH + "step(); import lazyimp; lazyimp.first_batch()",
        IN_GRAPH,
        "high",
        "at once",
    ),
}


def run(run_python, program, core, *, mode="safe", env=None, check=True):
    """The lines that a program and the witness print."""
    environment = {"PYTHONPATH": str(FRAMEWORKS), "LAZYIMP_DEBUG": "1", **(env or {})}
    done = run_python("import witness\n" + program, mode=mode, core=core, env=environment, check=check)
    assert not done.stderr or not check, done.stderr
    return done.stdout.split("\n")[:-1]


def outcome(lines):
    """What of them is about the first batch."""
    return [line for line in lines if " | " in line or line.startswith(("left", "none"))]


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_batch(run_python, core, name):
    program, rule, confidence, when = PROGRAMS[name]
    assert outcome(run(run_python, program, core)) == [f"{rule} | {confidence} | {when} | right", "left []"]


def test_a_program_without_a_batch_has_no_mark(run_python, core):
    assert outcome(run(run_python, TORCH + "import sklearn.base, jax", core)) == ["none", "left []"]


def test_it_says_what_was_rejected_and_why(run_python, core):
    lines = run(run_python, PROGRAMS["a fit before a training"][0], core)
    assert [line for line in lines if line.startswith("not ")] == [
        f"not scikit-learn: outermost fit of a transformer: {IN_GRAPH} decided",
        f"not scikit-learn: outermost fit: {IN_GRAPH} decided",
    ]


WATCHED = """
from lazyimp import firstbatch
from lazyimp._finder import finder
finder.watcher = None if {plain} else finder.watcher
finder.install(); firstbatch.arm(finder); firstbatch.arm(finder)
"""


@pytest.mark.parametrize("plain", [False, True], ids=["extension", "no extension"])
@pytest.mark.parametrize(
    "name", ["a dry run before", "a loader", "prediction", "jax", "scikit-learn step by step"]
)
def test_an_eager_run_sees_the_same(run_python, name, plain):
    program, rule, confidence, when = PROGRAMS[name]
    lines = run(run_python, WATCHED.format(plain=plain) + program, None, mode=None)
    assert outcome(lines) == [f"{rule} | {confidence} | {when} | right", "left []"]


def test_a_framework_that_is_loaded_already_is_seen(run_python):
    lines = run(run_python, TORCH + WATCHED.format(plain=False) + "step()", None, mode=None)
    assert outcome(lines) == [f"{IN_GRAPH} | high | at once | right", "left []"]


def test_no_file_is_loaded_for_a_framework_that_is_not(run_python, core):
    lines = run(
        run_python,
        TORCH
        + "import sys\nprint(*sorted(m for m in sys.modules if m.startswith('lazyimp.firstbatch.')))\nstep()",
        core,
    )
    assert lines[0] == "lazyimp.firstbatch._hook lazyimp.firstbatch.torch"


def test_disarm_takes_everything_out(run_python, core):
    program = TORCH + "import jax, sklearn.base\nfrom lazyimp import firstbatch\nfirstbatch.disarm()\nstep()"
    assert outcome(run(run_python, program, core)) == ["none", "left []"]


def test_a_forked_worker_marks_nothing(run_python, core):
    program = (
        TORCH + "import os\nfrom lazyimp import firstbatch\npid = os.fork()\n"
        "if not pid:\n    step(); os._exit(len(firstbatch.mark))\n"
        "print('child', os.waitpid(pid, 0)[1]); witness.log.clear()\nstep()"
    )
    lines = run(run_python, program, core)
    assert lines[0] == "child 0"
    assert outcome(lines) == [f"{IN_GRAPH} | high | at once | right", "left []"]


LISTENERS = """
from lazyimp import firstbatch
def fails(*args): raise RuntimeError("mine")
for listeners in (firstbatch.on_fetch, firstbatch.on_call, firstbatch.on_mark, firstbatch.on_reject,
                  firstbatch.on_span, firstbatch.on_event):
    listeners.append(fails)
firstbatch.on_span.append(lambda name, detail: fails)
"""


@pytest.mark.parametrize("plain", [False, True], ids=["extension", "no extension"])
def test_listeners_that_raise_are_ignored(run_python, plain):
    program = LISTENERS + WATCHED.format(plain=plain) + PROGRAMS["a loader"][0]
    lines = run(run_python, program, None, mode=None, env={"LAZYIMP_DEBUG": ""})
    assert outcome(lines) == [f"{AFTER_FETCH} | high | at once | right", "left []"]


FAILING = """
import atexit
import witness
atexit.unregister(witness.report)
import torch
class Bad(torch.nn.Module):
    def forward(self, x):
        return x + ""
Bad()(1)
"""


def test_a_failing_first_step_fails_as_ever(run_python, compare, write):
    """Also its traceback: nothing of ours stands between the program and its model."""
    main = write({"main.py": FAILING})
    env = {"PYTHONPATH": str(FRAMEWORKS)}
    eager, lazy = (run_python(main, mode=mode, env=env, check=False) for mode in (None, "safe"))
    assert eager.returncode == 1
    compare(eager, lazy)


@pytest.mark.parametrize(
    ("program", "enabled"),
    [
        ("Classifier().fit()", True),  # torch is there, and may train
        ("Scaler().fit()", True),
        ("with torch.no_grad():\n    for _ in range(10): model(1)", True),
        ("with torch.no_grad():\n    for _ in range(30): model(1)", False),
        ("iter(torch.utils.data.DataLoader([1]))", True),
        ("next(iter(torch.utils.data.DataLoader([1])))", False),
    ],
)
def test_laziness_stops_when_a_training_may_begin(run_python, core, program, enabled):
    head = TORCH + "from sklearn.base import *\n"
    lines = run(run_python, head + program + "\nimport lazyimp; print(lazyimp.status()['enabled'])", core)
    assert lines[0] == str(enabled)


def test_laziness_stops_at_a_fit_where_nobody_else_trains(run_python, core):
    program = (
        "from sklearn.base import *\nClassifier().fit()\nimport lazyimp; print(lazyimp.status()['enabled'])"
    )
    assert run(run_python, program, core)[0] == "False"


SETTLED = """
import witness, sys
from sklearn.base import *
import torch, reader
def late():
    import other
    return other
Classifier().fit()
print("plain", all(type(key) is str for key in vars(reader)))
print("read", reader.read(), late().read())
"""


def test_where_somebody_may_hot_code_pays_nothing_and_deferring_goes_on(run_python, write, core):
    """The keys of reader's names are plain again, and `other`, imported later, defers what it does not use."""
    main = write(
        {
            "main.py": SETTLED,
            "site-packages/reader.py": "import later\ndef read(): return later.x\n",
            "site-packages/later.py": "print('later runs')\nx = 5\n",
            "site-packages/other.py": "import unused\ndef read(): return 6\ndef more(): return unused\n",
            "site-packages/unused.py": "print('unused runs')\nx = 7\n",
        }
    )
    env = {"PYTHONPATH": f"{main.parent / 'site-packages'}{os.pathsep}{FRAMEWORKS}"}
    done = run_python(main, mode="safe", core=core, env=env)
    assert done.stdout.split("\n")[:3] == ["plain True", "later runs", "read 5 6"]


def test_a_deferred_trainer_makes_a_fit_a_candidate(run_python, core):
    program = "import torch\nfrom sklearn.base import *\nwitness.batch(Classifier().fit)\ndef late(): torch"
    lines = run(run_python, program, core)
    assert outcome(lines)[0] == "scikit-learn: outermost fit | medium | at exit | right"
