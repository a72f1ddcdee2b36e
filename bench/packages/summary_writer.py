"""tensorboard: torch's writer."""

import os
import tempfile

from torch.utils.tensorboard import SummaryWriter

with tempfile.TemporaryDirectory() as folder:
    with SummaryWriter(folder) as writer:
        writer.add_scalar("loss", 0.5, 1)
        writer.add_text("note", "x")
    print(len(os.listdir(folder)))
