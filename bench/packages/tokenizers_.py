"""tokenizers: trains a small vocabulary."""

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

tokenizer = Tokenizer(models.BPE(unk_token="?"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
trainer = trainers.BpeTrainer(vocab_size=30, special_tokens=["?"], show_progress=False)
tokenizer.train_from_iterator(["low lower lowest"] * 4, trainer)
print(tokenizer.encode("lower").tokens)
