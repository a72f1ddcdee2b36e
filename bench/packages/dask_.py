"""dask: an array in chunks and delayed functions."""

import dask
import dask.array as da

print(float(da.ones((100, 100), chunks=50).sum().compute()))
print(dask.delayed(sum)([1, 2, 3]).compute(scheduler="sync"))
