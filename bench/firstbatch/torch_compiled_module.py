"""torch: first training call of the first backward pass."""

import os

import torch

model = torch.compile(torch.nn.Linear(8, 1), backend="eager")
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for _ in range(3):
    x = torch.randn(16, 8)
    os.write(1, b"##TTFB\n")
    loss = model(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item() > 0)
