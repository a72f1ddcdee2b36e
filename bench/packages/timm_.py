"""timm: a model from the registry."""

import timm
import torch

torch.manual_seed(0)
model = timm.create_model("resnet10t", num_classes=4).eval()
print(model(torch.zeros(1, 3, 64, 64)).shape, len(timm.list_models("vit_*")) > 10)
