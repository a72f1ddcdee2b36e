"""pyarrow: a table written to Parquet and read back."""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

table = pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
buffer = io.BytesIO()
pq.write_table(table, buffer)
print(pq.read_table(buffer).to_pydict(), pc.sum(table["a"]).as_py())
