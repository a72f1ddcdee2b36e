"""torch: first training call of the first backward pass."""  # a training framework comes before a baseline's fit

import os

import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

X, y = load_digits(return_X_y=True)
print("baseline", LogisticRegression(max_iter=20).fit(X / 16, y).score(X / 16, y) > 0.5)
x, target = torch.as_tensor(X / 16, dtype=torch.float32), torch.as_tensor(y)
model = torch.nn.Linear(64, 10)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for _ in range(3):
    os.write(1, b"##TTFB\n")
    loss = torch.nn.functional.cross_entropy(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item() > 0)
