"""seaborn: a plot with regression line and one of distributions."""

import matplotlib

matplotlib.use("Agg")
import pandas as pd  # as in scripts: the backend comes first
import seaborn as sns

frame = pd.DataFrame({"x": range(8), "y": [1, 3, 2, 5, 4, 6, 8, 7], "kind": list("aabbaabb")})
axes = sns.scatterplot(frame, x="x", y="y", hue="kind", palette="rocket")
print([text.get_text() for text in axes.get_legend().get_texts()])
print(len(sns.histplot(frame, x="y", kde=True, bins=4).patches) > 0)
