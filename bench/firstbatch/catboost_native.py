"""catboost: training."""

import os

import catboost
import numpy as np

X = np.random.default_rng(0).normal(size=(500, 8))
pool = catboost.Pool(X, (X[:, 0] > 0).astype(int))
model = catboost.CatBoostClassifier(iterations=5, verbose=0, thread_count=1, allow_writing_files=False)
os.write(1, b"##TTFB\n")
model.fit(pool)
print("done")
