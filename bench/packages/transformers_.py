"""transformers: a configuration and a tokenizer, which need no framework."""

import tempfile
from pathlib import Path

from transformers import AutoConfig, BertConfig, BertTokenizer

with tempfile.TemporaryDirectory() as folder:
    BertConfig(hidden_size=32, num_attention_heads=2).save_pretrained(folder)
    Path(folder, "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##c\n", encoding="utf-8")
    print(AutoConfig.from_pretrained(folder).hidden_size)
    print(BertTokenizer(str(Path(folder, "vocab.txt"))).convert_tokens_to_string(["a", "b", "##c"]))
