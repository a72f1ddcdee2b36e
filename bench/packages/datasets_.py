"""datasets: rows mapped and filtered."""

from datasets import Dataset, disable_progress_bars

disable_progress_bars()
rows = Dataset.from_dict({"a": [1, 2, 3]}).map(lambda row: {"b": row["a"] + 1})
rows = rows.filter(lambda row: row["b"] > 2)
print(rows["b"][:], rows.features["a"].dtype)
