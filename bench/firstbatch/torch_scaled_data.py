"""torch: first training call after the first fetch."""  # scikit-learn prepares the data

import os

import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

X, y = load_digits(return_X_y=True)
X = PCA(16).fit_transform(StandardScaler().fit_transform(X))
data = TensorDataset(torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y))
model = torch.nn.Linear(16, 10)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for xb, yb in DataLoader(data, 64):
    os.write(1, b"##TTFB\n")
    loss = torch.nn.functional.cross_entropy(model(xb), yb)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item() > 0)
