"""peft: LoRA on a small BERT."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import BertConfig, BertModel

torch.manual_seed(0)
config = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
model = get_peft_model(BertModel(config), LoraConfig(r=2, target_modules=["query", "value"]))
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
