"""pandas: reads text with dates, resamples, writes."""

import io

import pandas as pd

text = "day,value\n2024-01-01,1\n2024-01-02,2\n2024-02-01,5\n"
frame = pd.read_csv(io.StringIO(text), parse_dates=["day"], index_col="day")
print(frame.resample("MS").sum().to_csv(lineterminator="\n"))
print(frame.value.astype("Int64").rolling(2).mean().tolist()[1:])
