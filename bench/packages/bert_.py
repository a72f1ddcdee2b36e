"""transformers: a small BERT, forward."""

import torch
from transformers import BertConfig, BertModel

torch.manual_seed(0)
config = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
model = BertModel(config).eval()
print(model(torch.ones(1, 3, dtype=torch.long)).last_hidden_state.sum(-1).round(decimals=4).tolist())
