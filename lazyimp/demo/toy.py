"""A trainer that needs no framework: the files of the demo's folder, at its start and as the tour changes them.

What lies in site-packages counts as installed. `WORK` stands for how much the slow modules compute at import.
"""

from __future__ import annotations

WORK = "WORK"
INSTALLED = "site-packages"

TRAIN = '''\
"""Fits a line, and plots only when it is asked to."""

import sys

import models
import slowplots
from toyml import Trainer

POINTS = [(x / 10, x / 5 + 1) for x in range(10)]


def main():
    trainer = Trainer("line", rate=0.1)
    for epoch, loss in trainer.fit(POINTS, epochs=3):
        print(f"epoch {epoch}  loss {loss:.4f}")
    if "--plot" in sys.argv:
        slowplots.show(trainer.history)


if __name__ == "__main__":
    main()
'''

FILES = {
    "train.py": TRAIN,
    "models.py": '''\
"""The models that a Trainer finds by name."""

from toyml.registry import register


@register("line")
class Line:
    def __init__(self):
        self.slope, self.offset = 0.0, 0.0

    def predict(self, x):
        return self.slope * x + self.offset

    def step(self, x, error, rate):
        self.slope -= rate * error * x
        self.offset -= rate * error
''',
    f"{INSTALLED}/toyml/__init__.py": '''\
"""A toy framework."""

from .compiler import compile_model
from .trainer import Trainer
''',
    f"{INSTALLED}/toyml/registry.py": """\
MODELS = {}


def register(name):
    def add(kind):
        MODELS[name] = kind
        return kind

    return add
""",
    f"{INSTALLED}/toyml/trainer.py": """\
from .compiler import compile_model
from .registry import MODELS


class Trainer:
    def __init__(self, name, rate, compiled=False):
        if name not in MODELS:
            raise LookupError(f"no model {name!r}; registered are: {', '.join(MODELS) or 'none'}")
        self.model, self.rate, self.history = MODELS[name](), rate, []
        if compiled:
            self.model = compile_model(self.model)

    def fit(self, data, epochs):
        for epoch in range(1, epochs + 1):
            loss = 0.0
            for x, y in data:
                error = self.model.predict(x) - y
                self.model.step(x, error, self.rate)
                loss += error * error
            self.history.append(loss / len(data))
            yield epoch, self.history[-1]
""",
    f"{INSTALLED}/toyml/compiler.py": """\
from . import kernels


def compile_model(model):
    return kernels.fused(model)
""",
    f"{INSTALLED}/toyml/kernels.py": """\
TABLE = [n * n % 251 for n in range(2 * WORK)]


def fused(model):
    return model
""",
    f"{INSTALLED}/toyml_curves/__init__.py": '''\
"""A model for toyml, in a distribution of its own."""

from toyml.registry import register


@register("curve")
class Curve:
    def __init__(self):
        self.factors = [0.0, 0.0, 0.0]

    def predict(self, x):
        return sum(factor * x**power for power, factor in enumerate(self.factors))

    def step(self, x, error, rate):
        self.factors = [factor - rate * error * x**power for power, factor in enumerate(self.factors)]
''',
    f"{INSTALLED}/slowplots/__init__.py": '''\
"""A plotting library that takes its time."""

from .canvas import Canvas


def show(history):
    print(Canvas().draw(history))
''',
    f"{INSTALLED}/slowplots/canvas.py": """\
from .fonts import GLYPHS


class Canvas:
    def draw(self, values):
        return " ".join(GLYPHS[min(int(value * 8), 7)] for value in values)
""",
    f"{INSTALLED}/slowplots/fonts.py": """\
GLYPHS = " .:-=+*#"
WIDTHS = [n * 7 % 13 for n in range(4 * WORK)]
""",
}

# A colleague trains another model, which a plug-in registers.
WITH_PLUGIN = TRAIN.replace("import slowplots\n", "import slowplots\nimport toyml_curves\n").replace(
    '"line"', '"curve"'
)

# And another one titles the output in a style of the plotting library's.
WITH_TITLE = WITH_PLUGIN.replace(
    "    trainer = Trainer(", "    print(slowplots.canvas.GLYPHS[4] * 22)\n    trainer = Trainer("
)


def files(work: int) -> dict[str, str]:
    """Path -> text, where the slow modules compute that much."""
    return {path: text.replace(WORK, str(work)) for path, text in FILES.items()}
