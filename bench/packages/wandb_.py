"""wandb: a run that is switched off."""

import os

os.environ["WANDB_MODE"] = "disabled"
import wandb  # as in scripts: it reads the variable

run = wandb.init(project="x", config={"lr": 0.1})
run.log({"loss": 1.0})
print(type(run).__name__, run.config.lr)
run.finish()
