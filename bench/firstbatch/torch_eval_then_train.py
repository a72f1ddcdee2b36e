"""torch: first training call of the first backward pass."""  # long evaluation first, the optimizer after it

import os

import torch

model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
with torch.no_grad():
    for _ in range(100):
        model(torch.ones(2, 8))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for _ in range(3):
    x = torch.randn(16, 8)
    os.write(1, b"##TTFB\n")
    loss = model(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item() > 0)
