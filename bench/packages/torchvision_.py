"""torchvision: a model and its transforms."""

import torch
from torchvision import models, transforms

torch.manual_seed(0)
print(models.resnet18(num_classes=3).eval()(torch.zeros(1, 3, 32, 32)).shape)
print(transforms.Normalize([0.5], [0.5])(torch.ones(1, 2, 2)).tolist())
