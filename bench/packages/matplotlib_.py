"""matplotlib: a figure saved as PNG with backend Agg."""

import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # as in scripts: the backend comes first

figure, axes = plt.subplots()
axes.plot([1, 2, 3], [2, 1, 3], label="line")
axes.legend()
buffer = io.BytesIO()
figure.savefig(buffer, format="png", metadata={"Software": None})
print(len(buffer.getvalue()), axes.get_xlim())
