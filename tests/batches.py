"""Programs over the made-up frameworks of tests/data/frameworks, and what each tells of its first batch."""

from __future__ import annotations

from pathlib import Path

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
