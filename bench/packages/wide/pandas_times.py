"""pandas: time zones, periods, offsets, resampling."""

import pandas as pd

index = pd.date_range("2024-01-01", periods=6, freq="D", tz="Europe/Berlin")
series = pd.Series(range(6), index=index)
print(series.resample("2D").sum().tolist(), index.tz_convert("UTC")[0], series.shift(1).dropna().tolist())
print(pd.Period("2024-02", "M").end_time, pd.Timedelta("1h") / pd.Timedelta("30min"))
print(
    (pd.Timestamp("2024-01-31") + pd.offsets.MonthEnd(1)).date(),
    pd.bdate_range("2024-01-05", periods=2).tolist(),
)
print(series.index.strftime("%d").tolist()[:2], pd.to_datetime(["2024-01-02", "2024-03-04"]).month.tolist())
print(
    pd.period_range("2024-01", periods=3, freq="M").astype(str).tolist(), series.rolling("2D").sum().tolist()
)
print(pd.to_timedelta(["1 days", "2 hours"]).total_seconds().tolist(), pd.infer_freq(index))
