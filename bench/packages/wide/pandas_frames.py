"""pandas: reshaping, missing values, categories, extension types."""

import pandas as pd

frame = pd.DataFrame({"k": list("aabb"), "t": list("xyxy"), "v": [1.0, 2.0, None, 4.0]})
print(frame.pivot_table(index="k", columns="t", values="v", aggfunc="sum").to_string())
print(frame.melt(id_vars="k").shape, frame.v.interpolate().tolist(), frame.describe().loc["mean", "v"])
print(frame.astype({"k": "category"}).k.cat.codes.tolist(), pd.get_dummies(frame.t).sum().tolist())
print(pd.array([1, None], dtype="Int32").sum(), pd.array([True, None], dtype="boolean").any())
print(pd.Series(["a1", "b2"], dtype="string").str.extract(r"(\d)")[0].tolist())
print(pd.concat([frame, frame]).drop_duplicates().shape, frame.query("v > 1").index.tolist())
print(pd.cut([1, 5, 9], 3, labels=False).tolist(), pd.qcut(range(4), 2).codes.tolist())
print(
    pd.IntervalIndex.from_breaks([0, 1, 2]).contains(0.5).tolist(), pd.arrays.SparseArray([0, 0, 1]).density
)
print(frame.set_index(["k", "t"]).unstack().shape, frame.groupby("k").v.transform("mean").tolist())
print(pd.MultiIndex.from_product([[1, 2], ["a"]]).get_loc((2, "a")), frame.eval("v * 2").tolist()[:2])
print(pd.get_option("display.max_rows"), pd.Series([1, 2, 3]).ewm(alpha=0.5).mean().round(3).tolist())
print(frame.style.to_html()[:6] if pd.__version__ < "0" else frame.to_html()[:6])
