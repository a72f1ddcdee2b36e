"""xarray: a labelled array, grouped."""

import numpy as np
import xarray as xr

array = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("a", "b"), coords={"b": list("xyx")})
print(array.groupby("b").mean().values.tolist(), array.to_dataset(name="v").sizes["a"])
