"""h5py: a file written and read."""

import tempfile
from pathlib import Path

import h5py
import numpy as np

with tempfile.TemporaryDirectory() as folder:
    with h5py.File(Path(folder, "a.h5"), "w") as file:
        file.create_dataset("x", data=np.arange(4), compression="gzip")
    with h5py.File(Path(folder, "a.h5")) as file:
        print(file["x"][:].tolist(), file["x"].compression)
