"""torch: first training call after the first fetch."""  # Fabric leaves the loop to the program

import os

import torch
from lightning.fabric import Fabric
from torch.utils.data import DataLoader, TensorDataset

fabric = Fabric(accelerator="cpu", devices=1)
fabric.launch()
model = torch.nn.Linear(8, 1)
model, optimizer = fabric.setup(model, torch.optim.SGD(model.parameters(), 0.1))
for x, y in fabric.setup_dataloaders(DataLoader(TensorDataset(torch.randn(64, 8), torch.randn(64, 1)), 16)):
    os.write(1, b"##TTFB\n")
    loss = torch.nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    fabric.backward(loss)
    optimizer.step()
print("loss", loss.item() > 0)
