"""polars: a frame, grouped, eagerly and lazily."""

import polars as pl

frame = pl.DataFrame({"key": ["a", "b", "a"], "value": [1, 2, 3]})
print(frame.group_by("key", maintain_order=True).agg(pl.col("value").sum()).to_dicts())
print(frame.lazy().filter(pl.col("value") > 1).collect().height)
