"""scipy: transforms, through the package's own submodules."""

import scipy

print(scipy.fft.fft([1, 0, 2, 0]).real.tolist(), float(scipy.linalg.norm([3, 4])))
