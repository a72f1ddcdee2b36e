"""matplotlib: docstrings and properties that are put together from classes."""

import hashlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.artist as artist
import matplotlib.patches as patches
import matplotlib.pyplot as plt
import matplotlib.text as text
from matplotlib.lines import Line2D

for each in (
    plt.plot,
    plt.fill_between,
    plt.Axes.text,
    patches.Rectangle.__init__,
    Line2D.set,
    text.Text.__init__,
    plt.figure,
):
    print(each.__qualname__, hashlib.sha256((each.__doc__ or "").encode()).hexdigest()[:12])
for each in (
    plt.scatter,
    plt.legend,
    plt.Axes.annotate,
    patches.FancyArrowPatch.__init__,
    plt.hist,
    plt.Axes.set,
):
    print(each.__qualname__, hashlib.sha256((each.__doc__ or "").encode()).hexdigest()[:12])
print(sorted(artist.kwdoc(Line2D).split()[:4]), artist.getp(Line2D([0], [0]), "linewidth"))
