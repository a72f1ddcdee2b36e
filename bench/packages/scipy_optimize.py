"""scipy: a root and a minimum."""

import numpy as np
from scipy import optimize

print(round(optimize.brentq(lambda x: x * x - 2, 0, 2), 6))
print(np.round(optimize.minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(3)).x, 4).tolist())
