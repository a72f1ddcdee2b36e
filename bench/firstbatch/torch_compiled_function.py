"""torch: first training call after the first fetch."""  # a compiled function calls the module

import os

import torch
from torch.utils.data import DataLoader, TensorDataset

model = torch.nn.Linear(8, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.1)


@torch.compile(backend="eager")
def loss_of(x, y):
    return torch.nn.functional.mse_loss(model(x), y)


for x, y in DataLoader(TensorDataset(torch.randn(64, 8), torch.randn(64, 1)), 16):
    os.write(1, b"##TTFB\n")
    loss = loss_of(x, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item() > 0)
