"""scipy: sparse matrices and their solver."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

a = sp.diags_array([[2.0] * 4, [-1.0] * 3], offsets=[0, 1]).tocsc()
print(a.nnz, spsolve(a, np.ones(4)).tolist())
