"""huggingface-hub: a model card, and an address in the hub."""

from huggingface_hub import ModelCard, hf_hub_url

print(hf_hub_url("a/b", "c.txt").rsplit("/", 3)[1:], ModelCard("---\nlicense: mit\n---\ntext").data.license)
