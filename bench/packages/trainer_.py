"""transformers: Trainer takes a few steps."""

import contextlib
import io
import tempfile

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(0)
config = BertConfig(
    vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
)
rows = [{"input_ids": torch.arange(5) + i, "labels": torch.tensor(i % 2)} for i in range(8)]
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        folder,
        max_steps=2,
        per_device_train_batch_size=4,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
    )
    trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=rows)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints how long it took
        steps = trainer.train().global_step
    print(steps)
