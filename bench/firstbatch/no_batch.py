"""none."""  # the end counts

import numpy as np
import torch

print("sum", int(np.arange(10).sum()), torch.ones(3).sum().item())
