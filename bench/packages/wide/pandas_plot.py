"""pandas: plots through matplotlib."""

import matplotlib

matplotlib.use("Agg")
import pandas as pd

frame = pd.DataFrame({"a": [1, 2, 3], "b": [3, 1, 2]}, index=pd.date_range("2024-01-01", periods=3))
print(len(frame.plot().lines), len(frame.plot.bar().patches), type(frame.plot.scatter("a", "b")).__name__)
print(frame.hist().shape, pd.plotting.scatter_matrix(frame).shape, frame.boxplot().get_xlim())
