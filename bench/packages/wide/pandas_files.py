"""pandas: reading and writing in several formats."""

import io
import pickle
import tempfile
from pathlib import Path

import pandas as pd

frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.to_datetime(["2024-01-01", "2024-06-01"])})
print(pickle.loads(pickle.dumps(frame)).equals(frame))
print(frame.to_json(orient="records"), pd.read_json(io.StringIO(frame.to_json())).shape)
with tempfile.TemporaryDirectory() as folder:
    frame.to_parquet(Path(folder, "a.parquet"))
    print(pd.read_parquet(Path(folder, "a.parquet")).dtypes.astype(str).tolist())
    frame.to_feather(Path(folder, "a.feather"))
    print(pd.read_feather(Path(folder, "a.feather")).shape)
    frame.to_pickle(Path(folder, "a.pkl"))
    print(pd.read_pickle(Path(folder, "a.pkl")).equals(frame))
    frame.to_csv(Path(folder, "a.csv.gz"), index=False)
    print(
        pd.read_csv(Path(folder, "a.csv.gz"), engine="python").shape,
        pd.read_csv(Path(folder, "a.csv.gz")).shape,
    )
print(
    next(pd.read_csv(io.StringIO("a,b\n1,2\n3,4"), chunksize=1)).a.tolist(),
    pd.read_fwf(io.StringIO("a b\n1 2")).b[0],
)
