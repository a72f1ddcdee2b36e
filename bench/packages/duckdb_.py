"""duckdb: a query."""

import duckdb

print(duckdb.sql("select sum(x) as s, max(x) from range(5) t(x)").fetchall())
