"""Phases and events before and after the first batch, the program's own, and the order in which they are told."""

from __future__ import annotations

import pytest
from batches import FRAMEWORKS, TORCH, outcome, run

LISTEN = """
from lazyimp import firstbatch
from lazyimp._finder import finder
told = witness.log
def begins(name, detail):
    told.append(("+", name, detail))
    return lambda: told.append(("-", name))
firstbatch.on_span.append(begins)
firstbatch.on_event.append(lambda name, at: told.append(("*", name)))
firstbatch.on_mark.append(lambda *mark: told.append(("first batch",)))
firstbatch.steps[0] = {steps}
finder.install(); firstbatch.arm(finder)
"""


def told(run_python, program, steps=1, core=None, mode=None):
    """What the listeners heard, and the program's own words, in order."""
    lines = run(run_python, LISTEN.replace("{steps}", str(steps)) + program, core, mode=mode)
    assert outcome(lines)[-1] == "left []"
    return [line for line in lines if line[0] in "+-*" or line in ("backward", "step", "first batch")]


def test_a_training_with_workers(run_python, core):
    program = (
        TORCH + "optimizer = torch.optim.SGD(); torch.optim.SGD()\n"
        "for x in torch.utils.data.DataLoader([1, 2], num_workers=2): step(x); optimizer.step()"
    )
    assert told(run_python, program, core=core, mode="safe") == [
        "+ optimizer-build SGD",
        "- optimizer-build",
        "+ worker-start ",
        "- worker-start",
        "+ stop-deferring ",
        "- stop-deferring",
        "+ first-fetch ",
        "- first-fetch",
        "* first fetch",
        "* first backward",
        "first batch",
        "backward",
        "step",
        "* first step",
        "backward",
        "step",
    ]


def test_steps_behind_the_first(run_python):
    program = (
        TORCH + "optimizer, other = torch.optim.SGD(), torch.optim.SGD()\n"
        "for _ in range(5): step(); optimizer.step(); other.step()"
    )
    heard = told(run_python, program, steps=4)
    assert [line for line in heard if line.startswith("* ")] == [
        "* first backward",
        "* first step",
        "* step 2",
        "* step 3",
        "* last step",
    ]


def test_a_pretrained_model_is_one_phase(run_python):
    program = (
        "from transformers.modeling_utils import PreTrainedModel\n"
        "PreTrainedModel.from_pretrained('bert-base')\n"
        "PreTrainedModel.from_pretrained('/home/somebody/models/mine')"
    )
    assert told(run_python, program) == ["+ weights bert-base", "- weights", "+ weights mine", "- weights"]


def test_the_way_to_the_device(run_python):
    program = (
        "from lightning.pytorch.trainer import call\n"
        "for name in ('batch_to_device', 'training_step', 'batch_to_device'):\n"
        "    call._call_strategy_hook(None, name)"
    )
    assert told(run_python, program) == ["+ h2d ", "- h2d", "first batch"]


def test_a_phase_that_is_told_too_often_ends(run_python):
    program = "import xgboost.core\nfor _ in range(200): xgboost.core.DMatrix(1)"
    assert told(run_python, program).count("+ dataset-open ") == 50


def test_only_the_thread_that_was_armed_has_phases(run_python):
    program = (
        "import threading, xgboost.core\nthread = threading.Thread(target=xgboost.core.DMatrix)\n"
        "thread.start(); thread.join()"
    )
    assert told(run_python, program) == []


@pytest.mark.parametrize(
    ("program", "end"),
    [
        ("from xgboost.core import Booster\nBooster().update()", "* first step"),
        (
            "from keras.src.callbacks.callback_list import CallbackList\nc = CallbackList()\n"
            "c.on_train_batch_begin(0); c.on_train_batch_end(0)",
            "* first step",
        ),
    ],
)
def test_first_steps_elsewhere(run_python, program, end):
    assert end in told(run_python, program)


def test_after_a_mark_by_hand_steps_are_told_too(run_python):
    program = (
        TORCH
        + "import lazyimp\noptimizer = torch.optim.SGD(); lazyimp.first_batch(); step(); optimizer.step()"
    )
    heard = told(run_python, program)
    assert heard[2:] == ["first batch", "* first backward", "backward", "step", "* first step"]


OWN = """
import lazyimp
with lazyimp.phase("load-index") as phase:
    lazyimp.mark("index read")
try:
    with lazyimp.phase("broken"):
        raise KeyError
except KeyError:
    pass
lazyimp.mark("first_batch")
lazyimp.mark("after")
"""


def test_the_programs_own(run_python, core):
    heard = told(run_python, OWN, core=core, mode="safe")
    assert [
        line for line in heard if "stop-deferring" not in line
    ] == [  # core native has nothing to stop yet
        "+ load-index ",
        "* index read",
        "- load-index",
        "+ broken ",
        "- broken",
        "first batch",
        "* after",
    ]


def test_without_listeners_nothing_is_placed_or_loaded(run_python, core):
    program = (
        "import sys, xgboost.core\nxgboost.core.DMatrix()\n"
        "print([m for m in sys.modules if m.endswith(('_phases', '_steps'))])"
    )
    assert run(run_python, program, core)[0] == "[]"


def test_phase_and_mark_where_lazyimp_is_off(run_python):
    program = (
        "import sys, lazyimp\nwith lazyimp.phase('x'): lazyimp.mark('y')\n"
        "print('lazyimp.firstbatch' in sys.modules)"
    )
    assert run_python(program).stdout == "False\n"


def test_phases_are_added_where_somebody_begins_to_listen(run_python):
    program = (
        "from lazyimp import firstbatch\nfrom lazyimp._finder import finder\n"
        "import xgboost.core\nfinder.install(); firstbatch.arm(finder)\n"
        "firstbatch.on_span.append(lambda *phase: print(*phase))\nfirstbatch.arm(finder)\nxgboost.core.DMatrix()"
    )
    assert run(run_python, program, None, mode=None)[0] == "dataset-open "


KEEP = {
    "pyproject.toml": "[tool.lazyimp]\nkeep = true\n",
    "main.py": "import later\nimport lazyimp\nlazyimp.first_batch()\nprint(lazyimp.status()['enabled'])\n",
    "later.py": "",
}


def test_keep_goes_on_deferring(run_python, write, core):
    main = write(KEEP)
    assert run_python(main, mode="safe", core=core).stdout == "True\n"
    (main.parent / "pyproject.toml").write_text("[tool.lazyimp]\n")
    assert run_python(main, mode="safe", core=core).stdout == "False\n"


def test_keep_at_a_fetch(run_python, write, core):
    program = (
        "import witness\n"
        + TORCH
        + "for x in torch.utils.data.DataLoader([1]): step(x)\nimport lazyimp; print(lazyimp.status()['enabled'])\n"
    )
    main = write({"pyproject.toml": KEEP["pyproject.toml"], "main.py": "pass"})
    main.write_text(program)
    done = run_python(main, mode="safe", core=core, env={"PYTHONPATH": str(FRAMEWORKS)})
    assert done.stdout.split("\n")[0] == "True"
