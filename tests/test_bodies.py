"""What the body of an own module does that somebody may notice, told from its code; and what code puts into modules."""

from __future__ import annotations

import textwrap

import pytest

from lazyimp import _bodies

lazyimp_c = pytest.importorskip("lazyimp_c")

OWN = ("mine", "config", "base")
STANDARD = ("collections", "os", "logging", "random", "re", "pathlib", "time", "functools", "typing")


def kind_of(name: str) -> str:
    """As `_units` would say it."""
    top = name.partition(".")[0]
    return "own" if top in OWN else "stdlib" if top in STANDARD else "distribution"


def effect(source: str) -> str | None:
    """What the body of a module with this source does."""
    code = compile(textwrap.dedent(source), "m.py", "exec")
    return _bodies.effect_of("m", False, code, kind_of)


@pytest.mark.parametrize(
    "source",
    [
        "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x): return nn.Linear(1, 1)(x)",
        "import logging\nlog = logging.getLogger(__name__)",
        "import os\nHERE = os.path.join(os.path.dirname(__file__), 'a')",
        "from collections import namedtuple\nRow = namedtuple('Row', 'a b')",
        "import numpy as np\nZERO = np.zeros(3)\nSIZE = len(ZERO)",
        "from config import LR\ndef lr(): return LR * 2",
        "import config\ndef lr(): return config.LR",
        "import torch\n@torch.no_grad()\ndef f(): pass",
        "from pathlib import Path\nROOT = Path(__file__).parent / 'data'",
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    x: list = field(default_factory=list)",
        "from typing import *\nx = cast(int, 3)",
    ],
)
def test_a_steady_body(source: str) -> None:
    """Nobody can tell when it runs."""
    assert effect(source) is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import random\nx = random.random()", _bodies.CALLS),
        ("from random import random as r\nx = [r() for _ in range(3)]", _bodies.CALLS),
        ("import numpy as np\nx = np.random.rand(2)", _bodies.CALLS),
        ("from torch import nn\nlayer = nn.Linear(1, 1)", _bodies.CALLS),
        ("from torch import nn\nclass Net(nn.Module):\n    layer = nn.Linear(1, 1)", _bodies.CALLS),
        ("x = open('a').read()", _bodies.CALLS),
        ("from pathlib import Path\nx = Path('a').read_text()", _bodies.CALLS),
        ("import time\nx = time.time()", _bodies.CALLS),
        ("def f(): print()\nx = f()", _bodies.CALLS_OWN),
        ("from mine import f\nx = f()", _bodies.CALLS_OWN),
        ("from mine import *\nx = f()", _bodies.CALLS_OWN),
        ("import mine.sub\nx = mine.sub.f()", _bodies.CALLS_OWN),
        ("class A: pass\nx = A()", _bodies.CALLS_OWN),
        ("from config import cfg\nx = cfg.lr", _bodies.READS),
        ("from config import cfg\nclass A:\n    x = cfg['lr']", _bodies.READS),
        ("import config\ndef f(x=config.LR): pass", _bodies.READS),
        ("import os\nclass A:\n    x = os.environ['A']", _bodies.READS),
        ("from base import Base\nclass A(Base): pass", _bodies.DERIVES),
        ("import base\nclass A(base.Base): pass", _bodies.DERIVES),
        ("from base import *\nclass A(Base): pass", _bodies.DERIVES),
        ("from sqlalchemy.orm import DeclarativeBase\nclass A(DeclarativeBase): pass", _bodies.DERIVES),
    ],
)
def test_a_body_that_somebody_may_notice(source: str, said: str) -> None:
    """The first thing it does, in words."""
    assert effect(source) == said


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("import m\nm.x = 1", {"m.x"}),
        ("import m\ndef f(v): m.sub.x = v", {"m.sub.x"}),
        ("import m\ndel m.x", {"m.x"}),
        ("import m\ndef f(k, v): setattr(m, k, v)", {"m.*"}),
        ("import m\nm.__dict__.update(x=1)", {"m.*"}),
        ("import m\nvars(m)['x'] = 1", {"m.*"}),
        ("import importlib, m\nimportlib.reload(m)", {"m.*"}),
        ("def test(monkeypatch): monkeypatch.setattr(m, 'x', 1)", {"m.*"}),
        ("def f(self): self.x = 1", set()),
        ("import m\ny = m.x\nm.f(1)", set()),
    ],
)
def test_what_code_puts_into_modules(source: str, changed: set[str]) -> None:
    """Chains of names, from a global one."""
    assert lazyimp_c.shared(compile(source, "m.py", "exec"))[0] == changed


def test_a_star_is_seen_in_every_version() -> None:
    """3.12 made an ordinary instruction of it."""
    events = lazyimp_c.outline(compile("from m import *", "m.py", "exec"))[0]
    assert events == [("import", (0, True, "m"), (), ())]
