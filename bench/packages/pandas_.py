"""pandas: a frame, grouped and joined."""

import pandas as pd

frame = pd.DataFrame({"key": ["a", "b", "a"], "value": [1, 2, 3]})
other = pd.DataFrame({"key": ["a", "b"], "name": ["first", "second"]})
print(frame.groupby("key").value.sum().to_dict())
print(frame.merge(other, on="key").to_string())
