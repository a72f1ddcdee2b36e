"""matplotlib: many kinds of plots, in 2D, 3D and polar, with legends and colour bars."""

import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cm, colors, gridspec, ticker

figure, axes = plt.subplots(2, 3, figsize=(6, 4), layout="constrained")
image = axes[0, 0].imshow(np.arange(9).reshape(3, 3), cmap="magma")
figure.colorbar(image, ax=axes[0, 0])
axes[0, 1].hist([1, 2, 2, 3], bins=3, label="h")
axes[0, 1].legend(loc="upper left")
axes[0, 2].contourf(np.outer(np.arange(4), np.arange(4)))
axes[1, 0].errorbar([1, 2], [1, 2], yerr=0.1)
axes[1, 0].set_yscale("log")
axes[1, 1].pie([1, 2])
axes[1, 2].boxplot([[1, 2, 3], [2, 3, 4]])
axes[1, 2].annotate("x", (1, 2), arrowprops={"arrowstyle": "->"})
solid = plt.figure().add_subplot(projection="3d")
solid.plot_surface(*np.meshgrid([0, 1], [0, 1]), np.ones((2, 2)))
polar = plt.figure().add_subplot(projection="polar")
polar.plot([0, 1], [1, 2])
for number in plt.get_fignums():
    for kind in ("png", "svg", "pdf"):
        buffer = io.BytesIO()
        plt.figure(number).savefig(buffer, format=kind)
        print(number, kind, len(buffer.getvalue()) > 1000)
print(len(plt.Axes.plot.__doc__) > 5000, "%(" in plt.Axes.__doc__, "%(" in plt.Figure.legend.__doc__)
print(
    len(matplotlib.colormaps) > 100,
    cm.viridis(0.5)[:2],
    colors.to_hex("tab:blue"),
    len(plt.style.available) > 10,
)
print(
    gridspec.GridSpec(2, 2).ncols,
    ticker.MaxNLocator(4).tick_values(0, 10).tolist(),
    plt.setp(axes[0, 1].patches[0]),
)
