"""wandb: a run that is kept on this machine."""

import os
import tempfile

import wandb

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    run = wandb.init(project="x", mode="offline", dir=folder, settings=wandb.Settings(silent=True))
    run.log({"loss": 1.0})
    print(type(run).__name__, dict(run.summary)["loss"])
    run.finish()
    os.chdir("/")
