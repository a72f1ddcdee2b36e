"""numpy: array arithmetic."""

import numpy as np

a = np.arange(12.0).reshape(3, 4)
print((a @ a.T).tolist(), a.mean(axis=0).tolist(), np.unique([3, 1, 3]).tolist())
