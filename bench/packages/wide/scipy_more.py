"""scipy: every submodule once."""

import numpy as np
import scipy
from scipy import cluster, integrate, interpolate, io, linalg, signal, spatial, special, stats

print(
    integrate.quad(np.sin, 0, np.pi)[0],
    interpolate.interp1d([0, 1], [0, 2])(0.5),
    signal.butter(2, 0.2)[0].round(4).tolist(),
)
print(
    spatial.cKDTree(np.eye(3)).query([1, 0, 0])[1], special.gamma(5), linalg.expm(np.zeros((2, 2))).tolist()
)
print(
    cluster.hierarchy.linkage([[0], [1], [5]]).shape,
    stats.gaussian_kde([1, 2, 3])(2).round(4).tolist(),
    callable(io.loadmat),
)
print(
    scipy.constants.c,
    scipy.ndimage.rotate(np.eye(2), 90).tolist(),
    scipy.datasets.__name__,
    scipy.odr.__name__,
)
print(
    stats.qmc.Sobol(2, scramble=False).random(2).tolist(),
    integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0]).status,
    spatial.transform.Rotation.from_euler("z", 90, degrees=True).as_quat().round(3).tolist(),
)
