"""torchmetrics: accuracy, and a collection."""

import torch
from torchmetrics import MeanSquaredError, MetricCollection
from torchmetrics.classification import MulticlassAccuracy

accuracy = MulticlassAccuracy(num_classes=3, average="micro")
accuracy.update(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 1, 2]))
print(float(accuracy.compute()), MetricCollection([MeanSquaredError()])(torch.ones(2), torch.zeros(2)))
