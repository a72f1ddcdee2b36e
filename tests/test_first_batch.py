"""The first batch is seen in raw loops, with workers and under frameworks, and no hook stays."""

# ruff: noqa: E501  the small programs keep their lines

from __future__ import annotations

import importlib.util
import types

import pytest

import lazyimp.firstbatch.torch as rule

HEAD = """
import sys, time
from lazyimp._finder import finder
from lazyimp import firstbatch
finder.install()
firstbatch.arm(finder); firstbatch.arm(finder)
log, starts = [], []
firstbatch.on_fetch.append(lambda: log.append("fetch"))
firstbatch.on_mark.append(lambda *a: log.append("mark"))
assert "torch" not in sys.modules
import torch
from torch.nn.modules.module import Module
import torch.utils.data.dataloader as loading
model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
criterion = torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), 0.1)
model(torch.zeros(1, 4))
def check():
    rule, at, wall = firstbatch.mark[0]
    print(len(firstbatch.mark), log, 0 <= at - starts[0] < 20_000_000, abs(wall - time.time_ns()) < 6e10, rule)
    print(Module.__call__ is Module._wrapped_call_impl, finder.after_exec.keys() - {"copyreg"})
    ours = "lazyimp.firstbatch.torch"
    print([f.__module__ != ours for f in (torch.autograd.backward, loading._BaseDataLoaderIter.__next__)])
def train(data):
    for x, y in data:
        starts.append(time.monotonic_ns())
        loss = criterion(model(x), y)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        if len(starts) == 1: check()
"""
CLEAN = ["True set()", "[True, True]"]


def needs(*names):
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def lines(run_python, program):
    return [line for line in run_python(HEAD + program).stdout.split("\n") if line and line[0] in "1[T"]


@needs("torch")
def test_a_loop_without_a_loader(run_python):
    out = lines(run_python, "train([(torch.randn(2, 4), torch.randn(2, 1)) for _ in range(3)])")
    assert out == [f"1 ['fetch', 'mark'] True True {rule.IN_GRAPH}", *CLEAN]


@needs("torch")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loop_with_a_loader_after_an_evaluation(run_python, workers):
    out = lines(
        run_python,
        "ds = torch.utils.data.TensorDataset(torch.randn(8, 4), torch.randn(8, 1))\n"
        f"data = torch.utils.data.DataLoader(ds, batch_size=4, num_workers={workers})\n"
        "model.eval()\nwith torch.no_grad():\n    for x, y in data: model(x)\nassert not log\nmodel.train(); train(data)",
    )
    assert out == [f"1 ['fetch', 'mark'] True True {rule.AFTER_FETCH}", *CLEAN]


@needs("torch", "lightning")
def test_lightning_and_its_sanity_check(run_python):
    out = lines(
        run_python,
        "import lightning\n"
        "class Net(lightning.LightningModule):\n"
        "    def __init__(self): super().__init__(); self.net = model\n"
        "    def forward(self, x): return self.net(x)\n"
        "    def training_step(self, batch, i):\n"
        "        starts.append(time.monotonic_ns()); return criterion(self(batch[0]), batch[1])\n"
        "    def validation_step(self, batch, i): assert starts or not log; criterion(self(batch[0]), batch[1])\n"
        "    def configure_optimizers(self): return optimizer\n"
        "ds = torch.utils.data.TensorDataset(torch.randn(8, 4), torch.randn(8, 1))\n"
        "def data(): return torch.utils.data.DataLoader(ds, batch_size=4)\n"
        "import warnings, logging; warnings.simplefilter('ignore'); logging.disable()\n"
        "lightning.Trainer(max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,"
        " enable_model_summary=False, accelerator='cpu').fit(Net(), data(), data())\ncheck()",
    )
    assert out == [f"1 ['fetch', 'mark'] True True {rule.AFTER_FETCH}", *CLEAN]


@needs("torch")
def test_disarm_takes_everything_out(run_python):
    out = lines(
        run_python,
        "firstbatch.disarm()\nstarts.append(0); firstbatch.mark.append(('x', 0, time.time_ns()))\ncheck()",
    )
    assert out == ["1 [] True True x", *CLEAN]


@needs("torch")
def test_nothing_is_marked_in_a_forked_process(run_python):
    out = lines(
        run_python,
        "import os\npid = os.fork()\n"
        "if not pid: criterion(model(torch.randn(2, 4)), torch.randn(2, 1)).backward(); os._exit(len(firstbatch.mark))\n"
        "print([os.waitpid(pid, 0)[1]])\ntrain([(torch.randn(2, 4), torch.randn(2, 1))])",
    )
    assert out == ["[0]", f"1 ['fetch', 'mark'] True True {rule.IN_GRAPH}", *CLEAN]


class Owner:
    def act(self):
        return "original"


def test_a_swap_gives_back_the_same_object_and_no_other():
    original = Owner.__dict__["act"]
    swap = rule.Swap(Owner, "act", lambda swap: lambda self: "ours")
    swap.place()
    assert Owner().act() == "ours"
    swap.restore()
    swap.restore()
    assert Owner.__dict__["act"] is original
    swap.place()
    Owner.act = other = lambda self: "patched since"  # type: ignore[method-assign]
    swap.restore()
    assert Owner.__dict__["act"] is other
    swap.place()
    assert Owner.__dict__["act"] is other
    Owner.act = original  # type: ignore[method-assign]


class Node:
    def __init__(self, number, *parents):
        self.number, self.next_functions = number, [(parent, 0) for parent in parents]

    def _sequence_nr(self):
        return self.number


def test_the_call_that_made_the_graph_is_found():
    """A dry run recorded operations 0 to 9, the model 10 to 19, the criterion 20."""
    calls = [[100, 1, 0, 10], [200, 2, 10, 20], [300, 3, 20, 21]]
    leaf = Node(1 << 64 - 1)
    loss = types.SimpleNamespace(grad_fn=Node(20, Node(12, Node(11, leaf), None)))
    assert rule._first_in_graph(calls, (loss,)) is calls[1]
    assert rule._first_in_graph(calls, types.SimpleNamespace(grad_fn=Node(20))) is calls[2]
    assert rule._first_in_graph(calls, types.SimpleNamespace(grad_fn=None)) is calls[2]
