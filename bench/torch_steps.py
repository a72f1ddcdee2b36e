"""Prints the instructions of a PyTorch training step after the first batch, with lazyimp and without; needs valgrind.

python bench/torch_steps.py                    # a loop over a DataLoader, modes safe and deep
python bench/torch_steps.py --steps 40

Each side trains until its calls are specialised, then counts some steps, and twice as many: the difference is the
steps' own. What lazyimp hooked on the way (the fetch, the module's call, the backward pass, the optimizer) must not
show.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import callgrind
from harness import conditions, table

WARM = 60
SIDES = {"without": "0", "safe": "safe", "deep": "deep"}


def program(steps: int) -> None:
    """Train; count the last `steps`."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    batches = WARM + steps + 1
    data = TensorDataset(torch.randn(4 * batches, 8), torch.randn(4 * batches, 1))
    for number, (x, y) in enumerate(DataLoader(data, 4)):
        if number == WARM:
            gc.disable()  # what it walks through differs with what is loaded
            control("on")
        if number == WARM + steps:
            control("off")
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    batch = getattr(sys.modules.get("lazyimp.firstbatch"), "mark", None)
    print(f"loss {loss.item():.6f}", file=sys.stderr)
    print("first batch:", batch[0][0] if batch else None, file=sys.stderr)


def control(what: str) -> None:
    """Begin or end to count."""
    words = ["callgrind_control", "-i", what, str(os.getpid())]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        program(options.count)
        return
    tool = callgrind.require()
    rows, base = [], 0.0
    with tempfile.TemporaryDirectory(prefix="lazyimp-bench-") as folder:
        for name, mode in SIDES.items():
            command = [sys.executable, "-X", f"lazyimp={mode}", __file__, "--count"]
            once, twice = (
                callgrind.instructions(
                    [*command, str(count)], Path(folder), at_start=False, OMP_NUM_THREADS="1"
                )[0]
                for count in (options.steps, 2 * options.steps)
            )
            step = (twice - once) / options.steps
            base = base or step
            rows.append((name, f"{step:,.0f}", f"{step / base:.4f}"))
            print(name, rows[-1], flush=True)
    print(table(("lazyimp", "instructions a step", "ratio"), rows))
    print(conditions(note=tool))


if __name__ == "__main__":
    main()
