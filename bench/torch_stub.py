"""Times three training steps with an optimizer, with torch's real modules and with their stubs; needs torch.

    python bench/torch_stub.py --count 3

Both sides print the weights, and then compile, read the compiler's configuration, break a graph, make tensors
without data and count the operators that are there: the stubs have to hand over so that nothing is different.
In turns, each sample a fresh process.
"""

from __future__ import annotations

import argparse
import sys

from harness import active_core, conditions, in_turns, minimum_and_median, table

COUNT = 3
MARKER = "trained"
PROGRAM = """
import os, sys
import lazyimp
os.environ["LAZYIMP_STUBS"] = sys.argv[1]
lazyimp.enable("safe")
import torch

torch.manual_seed(3)
model = torch.nn.Linear(4, 4)
optimizer = torch.optim.Adam(model.parameters())
for _ in range(3):
    optimizer.zero_grad()
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
print([float(each) for each in model.weight.detach().flatten()])

@torch.compiler.disable
def plain(x, scale=2.0):
    "A function without the compiler."
    return x * scale + torch.nn.functional.relu(x)

class Layer(torch.nn.Module):
    @torch._dynamo.disable()
    def forward(self, x):
        return self.shallow(x) - 1

    @torch.compiler.disable(recursive=False, reason="its own frame alone")
    def shallow(self, x):
        return plain(x) * 2

@torch.compiler.allow_in_graph
def opaque(x):
    return x.sin()

from torch._dynamo import OptimizedModule

def inner(x: OptimizedModule) -> bool:
    return isinstance(x, (int, OptimizedModule))

torch._dynamo.reset()
print(plain(torch.ones(2), scale=3.0), plain.__name__, plain.__doc__, Layer()(torch.ones(2)), opaque(torch.ones(2)))
print(inner(model), plain._torchdynamo_disable)
assert ("torch._dynamo.eval_frame" in sys.modules) is (sys.argv[1] == "0")
assert ("torch._refs.fft" in sys.modules) is (sys.argv[1] == "0")
print("trained", flush=True)

empty = torch.empty(2, 3, device="meta")
print(empty, torch.nn.functional.gelu(empty).shape, torch.nn.Linear(2, 3, device="meta").weight.shape)
print(torch.tril_indices(3, 3, device="meta"), len(torch._decomp.decomposition_table))
print(torch.ops.prims.add(torch.ones(1), torch.ones(1)), type(torch.ops.prims), torch._refs.add(torch.ones(1), 1))

def step(model, x):
    y = model(x).sum()
    y.backward()
    optimizer.step()
    return y.detach()

print(torch.compile(lambda x: x * 2 + 1, backend="eager")(torch.ones(2)))
print(torch.compile(step, backend="eager")(model, torch.ones(2, 4)))
print([float(each) for each in model.weight.detach().flatten()])

compiled = torch.compile(model, backend="eager")
print(inner(compiled), inner(model), type(compiled) is OptimizedModule)
print(torch.compile(lambda x: plain(x) + 1, backend="eager")(torch.ones(2)))
print(torch.compile(Layer(), backend="eager")(torch.ones(2)))
print(torch.compile(lambda x: opaque(x) + 1, backend="eager", fullgraph=True)(torch.ones(2)))
print(torch._dynamo.explain(lambda x: plain(x) + 1)(torch.ones(2)).graph_break_count)
print(plain._torchdynamo_disable, plain._torchdynamo_orig_callable.__name__)
print(torch._dynamo.disable(plain)(torch.ones(2)))

for key in ("Meta", "CPU", "AutogradCPU", "CompositeExplicitAutograd", "BackendSelect"):
    print(key, len(torch._C._dispatch_get_registrations_for_dispatch_key(key)))
print(len(torch._C._jit_get_all_schemas()), [type(sys.modules[name]) for name in ("torch._refs", "torch._decomp")])

import torch._dynamo as dynamo

print(dynamo is torch._dynamo, dynamo is sys.modules["torch._dynamo"], type(dynamo))
print(dynamo.is_compiling(), dynamo.config.recompile_limit, sorted(dynamo.utils.counters["stats"].items()))
print(len(dynamo.utils.counters["graph_break"]), len(dir(dynamo)))
print(vars(torch.optim.Optimizer.add_param_group.__wrapped__)["__dynamo_disable"].__module__)
print(torch.no_grad()(lambda: torch.is_grad_enabled())())
"""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=COUNT, help=f"samples of each side (default: {COUNT})")
    options = parser.parse_args()
    core = active_core()
    sides = {
        "real": [sys.executable, "-c", PROGRAM, "0"],
        "stubs": [sys.executable, "-c", PROGRAM, "torch._dynamo,torch._meta_registrations"],
    }
    samples = in_turns(sides, options.count, marker=MARKER)
    rows = []
    for side, runs in samples.items():
        trained = [f"{value:.2f}" for value in minimum_and_median([run.marked_cpu_s or 0 for run in runs])]
        whole = [f"{value:.2f}" for value in minimum_and_median([run.cpu_s for run in runs])]
        rows.append((side, *trained, *whole))
    print(table(("CPU seconds", "trained, minimum", "median", "compiled, too, minimum", "median"), rows))
    print(f"{options.count} samples of each side in turns; {conditions(core=core)}")


if __name__ == "__main__":
    main()
