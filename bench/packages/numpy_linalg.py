"""numpy: linear systems and seeded random numbers."""

import numpy as np
import numpy.linalg as la

rng = np.random.default_rng(0)
a = rng.normal(size=(4, 4))
print(round(float(la.det(a)), 6), np.round(la.solve(a, np.ones(4)), 6).tolist())
