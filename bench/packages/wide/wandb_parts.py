"""wandb: tables, artifacts, images and settings, without a run."""

import numpy as np
import wandb

table = wandb.Table(columns=["a", "b"], data=[[1, "x"]])
print(len(table.data), wandb.Artifact("x", "dataset").type, wandb.Settings(mode="offline").mode)
print(
    type(wandb.Image(np.zeros((2, 2, 3), dtype=np.uint8))).__name__, wandb.Histogram([1, 2, 3]).histogram[:2]
)
