"""numba: a compiled function that reads a global not used before."""

import numpy as np
from numba import njit


@njit
def root(n):
    return np.sqrt(n) + 1


print(root(4.0))
