"""The first batch is seen in every framework, at its moment and by its rule, and no hook stays.

The frameworks are made up (tests/data/frameworks); bench/firstbatch.py runs the real ones.
"""

from __future__ import annotations

import os

import pytest
from batches import AFTER_FETCH, FRAMEWORKS, IN_GRAPH, PROGRAMS, TORCH, outcome, run


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
