"""torch: first training call of the first backward pass."""  # a loop without a DataLoader, after a dry run

import os

import torch

model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
model(torch.zeros(1, 8))
optimizer = torch.optim.Adam(model.parameters())
for _ in range(4):
    x = torch.randn(16, 8)
    os.write(1, b"##TTFB\n")
    loss = model(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item() > 0)
