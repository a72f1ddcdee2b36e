"""lightgbm: a small classifier."""

import lightgbm as lgb
import numpy as np

x, y = np.random.RandomState(0).rand(60, 3), [0, 1] * 30
model = lgb.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(x, y)
print(model.n_features_, np.round(model.predict_proba(x[:2]), 5).tolist())
