"""transformers: on_step_begin."""  # with gradient accumulation; the batches of a window are fetched first

import os

import torch
from transformers import Trainer, TrainingArguments


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Linear(8, 1)

    def forward(self, x, labels=None):
        os.write(1, b"##TTFB\n")
        return {"loss": torch.nn.functional.mse_loss(self.net(x), labels)}


rows = [{"x": torch.randn(8), "labels": torch.randn(1)} for _ in range(64)]
options = TrainingArguments(
    "out",
    max_steps=2,
    per_device_train_batch_size=4,
    gradient_accumulation_steps=4,
    report_to=[],
    save_strategy="no",
    use_cpu=True,
    disable_tqdm=True,
)
Trainer(Net(), options, train_dataset=rows).train()
