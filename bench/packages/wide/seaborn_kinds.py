"""seaborn: figure-level plots, palettes, the objects interface."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pandas as pd
import seaborn as sns
import seaborn.objects as so

sns.set_theme(style="whitegrid", palette="deep")
rng = np.random.default_rng(0)
frame = pd.DataFrame({"x": rng.normal(size=30), "y": rng.normal(size=30), "k": list("abc") * 10})
print(
    sns.relplot(frame, x="x", y="y", hue="k").axes.shape,
    sns.catplot(frame, x="k", y="y", kind="box").axes.shape,
)
print(sns.pairplot(frame, hue="k").axes.shape, sns.lmplot(frame, x="x", y="y").axes.shape)
print(
    sns.heatmap(frame[["x", "y"]].corr(), annot=True, cmap="mako").get_xlim(),
    len(sns.color_palette("husl", 4)),
)
print(sns.kdeplot(frame, x="x", hue="k", fill=True).get_ylabel())
print(sns.violinplot(frame, x="k", y="y").get_xlabel(), sns.clustermap(frame[["x", "y"]]).data2d.shape)
print(type(so.Plot(frame, x="x", y="y").add(so.Dot()).plot()).__name__)
print(type(sns.jointplot(frame, x="x", y="y")).__name__)
