"""Experiment trackers are told of a start where a run of theirs is active, and left alone everywhere else.

The trackers are made up (tests/data/trackers); the last tests use those that are installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from batches import FRAMEWORKS, TORCH

from lazyimp import _trackers
from lazyimp._config import Config

TRACKERS = Path(__file__).parent / "data" / "trackers"
STEPS = "optimizer = torch.optim.SGD()\nfor _ in range(8): step(); optimizer.step()\n"
TRAIN = "import witness\n" + TORCH + STEPS
SKLEARN = "from sklearn.base import Classifier\nClassifier().fit()\n"
TTFB, EXCESS = "lazyimp/ttfb_s", "lazyimp/first_step_excess_s"
SUMMARY = {"LAZYIMP_SUMMARY": "1"}

WANDB = "import wandb; run = wandb.init()\n", "told = run.summary\n"
MLFLOW = (
    "import mlflow; mlflow.start_run()\n",
    "fluent = mlflow.tracking.fluent\nassert {step for _, step in fluent.logged} <= {0}\n"
    "told = {name: value for metrics, _ in fluent.logged for name, value in metrics.items()}\n",
)
TENSORBOARD = (
    "import tensorboardX; writer = tensorboardX.SummaryWriter()\n",
    "assert {step for *_, step in writer.scalars} <= {0}\ntold = {name: value for name, value, _ in writer.scalars}\n",
)
ALL = pytest.mark.parametrize("tracker", [WANDB, MLFLOW, TENSORBOARD], ids=["wandb", "mlflow", "tensorboard"])


def told(run_python, before, program, after, env=None, mode="safe", core=None, cwd=None):
    """What a tracker was told by a program."""
    text = f"{before}{program}{after}import json; print('told', json.dumps(told))"
    places = os.pathsep.join([str(TRACKERS), str(FRAMEWORKS)])
    switches = {"LAZYIMP_DEBUG": "1", "PYTHONPATH": places, **(env or {})}
    done = run_python(text, mode=mode, core=core, env=switches, cwd=cwd)
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("told ")]
    return json.loads(lines[0].removeprefix("told "))


@ALL
def test_a_run_is_told_of_its_start(run_python, core, tracker):
    before, after = tracker
    found = told(run_python, before, TRAIN, after, SUMMARY, core=core)
    assert 0 < found[TTFB] < 100
    assert found["lazyimp/modules"] > 10
    assert "lazyimp/phase/optimizer-build_s" in found
    assert isinstance(found[EXCESS], float)


@ALL
def test_a_program_without_steps_tells_at_its_first_batch(run_python, tracker):
    before, after = tracker
    found = told(run_python, before, SKLEARN, after, SUMMARY)
    assert TTFB in found and EXCESS not in found


def test_of_a_record_the_time_of_imports_is_told(run_python, tmp_path):
    env = {"LAZYIMP_RECORD": str(tmp_path / "record")}
    assert told(run_python, WANDB[0], TRAIN, WANDB[1], env)["lazyimp/imports_s"] > 0
    eager = told(run_python, WANDB[0], TRAIN, WANDB[1], {**env, "LAZYIMP": "off"}, mode=None)
    assert eager["lazyimp/imports_s"] > 0


@ALL
def test_nothing_is_told_where_nobody_asked(run_python, tracker):
    before, after = tracker
    assert told(run_python, before, TRAIN, after) == {}


@ALL
@pytest.mark.parametrize("switch", ["0", "off"])
def test_a_switch_turns_it_off(run_python, tracker, switch):
    before, after = tracker
    assert told(run_python, before, TRAIN, after, {**SUMMARY, "LAZYIMP_TRACKERS": switch}) == {}


def test_a_switch_turns_it_on(run_python):
    assert TTFB in told(run_python, WANDB[0], TRAIN, WANDB[1], {"LAZYIMP_TRACKERS": "1"})


@pytest.mark.parametrize(
    ("value", "env", "expected"),
    [("true", {}, True), ("false", SUMMARY, False), ("false", {"LAZYIMP_TRACKERS": "1"}, True)],
)
def test_the_configuration_decides_before_the_default(run_python, write, value, env, expected):
    write({"pyproject.toml": f"[tool.lazyimp]\ntrackers = {value}\n"})
    found = told(run_python, WANDB[0], TRAIN, WANDB[1], env)
    assert (TTFB in found) == expected


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), ("[", False)])
def test_an_eager_run_asks_the_configuration(run_python, write, value, expected):
    write({"pyproject.toml": f"[tool.lazyimp]\ntrackers = {value}\n"})
    found = told(run_python, WANDB[0], TRAIN, WANDB[1], {**SUMMARY, "LAZYIMP": "off"}, mode=None)
    assert (TTFB in found) == expected


def test_programs_that_switch_it_on_by_hand(run_python, write):
    write({"pyproject.toml": "[tool.lazyimp]\ntrackers = true\n"})
    found = told(run_python, "import lazyimp; lazyimp.enable()\n" + WANDB[0], TRAIN, WANDB[1], mode=None)
    assert TTFB in found


def test_no_run_is_started_and_no_tracker_imported(run_python, core):
    after = "told = [wandb.run, mlflow.active_run(), mlflow.tracking.fluent.logged]\n"
    assert told(run_python, "import wandb, mlflow\n", TRAIN, after, SUMMARY, core=core) == [None, None, []]
    assert told(run_python, "import sys\n", TRAIN, "told = 'wandb' in sys.modules\n", SUMMARY) is False


def test_a_tracker_whose_import_is_deferred_stays_so(run_python, write, core):
    """It is a placeholder in `reader`, with core py a proxy in sys.modules; neither is looked into."""
    main = write({"main.py": "pass", "site-packages/reader.py": "import wandb\ndef late(): return wandb\n"})
    after = "import lazyimp; told = [row[2] for row in lazyimp.status()['pending']]\n"
    places = os.pathsep.join(map(str, (TRACKERS, FRAMEWORKS, main.parent / "site-packages")))
    env = {**SUMMARY, "PYTHONPATH": places}
    found = told(run_python, "", "import reader\nreader.late\n" + TRAIN, after, env, mode="deep", core=core)
    assert "wandb" in found


@pytest.mark.parametrize(
    ("tracker", "end"),
    [(WANDB, "run.finish()"), (MLFLOW, "mlflow.end_run()"), (TENSORBOARD, "writer.close()")],
    ids=["wandb", "mlflow", "tensorboard"],
)
def test_a_run_that_is_over_is_left_alone(run_python, tracker, end):
    before, after = tracker
    assert told(run_python, f"{before}{end}\n", TRAIN, after, SUMMARY) == {}


def test_a_tracker_that_fails_is_no_fault_of_the_program(run_python):
    breaks = "run.summary = None\nimport tensorboardX; writer = tensorboardX.SummaryWriter()\n"
    found = told(run_python, WANDB[0] + breaks, TRAIN, TENSORBOARD[1], {**SUMMARY, "LAZYIMP_DEBUG": ""})
    assert TTFB in found


def test_a_process_that_ends_at_its_first_batch_tells_nothing(run_python):
    program = (
        WANDB[0] + "import atexit, os\nwrite = os._exit\n"
        "def leave(status): print('told', dict(run.summary)); import sys; sys.stdout.flush(); write(status)\n"
        "os._exit = leave\n" + TRAIN
    )
    env = {**SUMMARY, "LAZYIMP_STOP": "first-batch", "PYTHONPATH": f"{TRACKERS}{os.pathsep}{FRAMEWORKS}"}
    assert run_python(program, mode="safe", env=env).stdout.splitlines()[-1] == "told {}"


def test_the_figures():
    parts = [("interpreter", 10**8, ""), ("imports", 10**9, ""), ("load größe", 2 * 10**9, "")]
    totals = {"wall_ns": 3 * 10**9, "deferred": 7, "pending": 5}
    assert _trackers.figures(4 * 10**9, parts, 12, totals) == {
        "lazyimp/ttfb_s": 4.0,
        "lazyimp/imports_s": 3.0,
        "lazyimp/phase/interpreter_s": 0.1,
        "lazyimp/phase/load-gr__e_s": 2.0,
        "lazyimp/modules": 12,
        "lazyimp/deferred": 7,
        "lazyimp/not_used_yet": 5,
    }
    assert _trackers.figures(10**9, [], 3, {}) == {"lazyimp/ttfb_s": 1.0, "lazyimp/modules": 3}
    second = 10**9
    assert _trackers.excess_s(second, [6 * second, 7 * second, 9 * second, 10 * second]) == 4.0
    assert Config("").trackers is None


# -- the real ones -------------------------------------------------------------------------------------------


def real(tmp_path, program, *needed):
    """Run a program under trackers that are installed; what it was told."""
    for name in needed:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    (tmp_path / "train.py").write_text("import json, lazyimp\n" + program, encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LAZYIMP", "PYTHON"))}
    env |= {"LAZYIMP": "safe", **SUMMARY, "LAZYIMP_DEBUG": "1"}
    env |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": str(tmp_path)}
    env |= {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'runs.db'}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_wandb_itself(tmp_path):
    program = (
        "import wandb\nrun = wandb.init(project='p')\nlazyimp.first_batch()\n"
        "print(json.dumps(dict(run.summary)))\nrun.finish()\n"
    )
    assert TTFB in real(tmp_path, program, "wandb")


def test_mlflow_itself(tmp_path):
    program = (
        "import mlflow\nrun = mlflow.start_run()\nlazyimp.first_batch()\nmlflow.end_run()\n"
        "print(json.dumps(mlflow.get_run(run.info.run_id).data.metrics))\n"
    )
    assert TTFB in real(tmp_path, program, "mlflow")


TORCH_ITSELF = """
import glob, torch
from torch.utils.tensorboard import SummaryWriter
writer = SummaryWriter('logs')
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters())
for _ in range(7):
    model(torch.ones(2)).backward(); optimizer.step()
writer.close()
text = b''.join(open(name, 'rb').read() for name in glob.glob('logs/*'))
print(json.dumps([name for name in ('lazyimp/ttfb_s', 'lazyimp/first_step_excess_s') if name.encode() in text]))
"""


def test_tensorboard_itself(tmp_path):
    assert real(tmp_path, TORCH_ITSELF, "tensorboard", "torch") == [TTFB, EXCESS]


def test_tensorboardx_itself(tmp_path):
    program = (
        "import glob\nfrom tensorboardX import SummaryWriter\nwriter = SummaryWriter('logs')\n"
        "lazyimp.first_batch()\nwriter.close()\n"
        "text = b''.join(open(name, 'rb').read() for name in glob.glob('logs/*'))\n"
        "print(json.dumps([b'lazyimp/ttfb_s' in text]))\n"
    )
    assert real(tmp_path, program, "tensorboardX") == [True]
