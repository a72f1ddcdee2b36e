"""joblib: calls in worker processes, and a cache."""

import math
import tempfile

from joblib import Memory, Parallel, delayed

if __name__ == "__main__":
    print(Parallel(2)(delayed(math.sqrt)(i) for i in [1, 4, 9]))
    with tempfile.TemporaryDirectory() as folder:
        print(Memory(folder, verbose=0).cache(math.factorial)(5))
