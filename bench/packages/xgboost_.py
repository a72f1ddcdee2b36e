"""xgboost: a small classifier."""

import numpy as np
import xgboost as xgb

x, y = np.eye(8), [0, 1] * 4
print(xgb.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1).fit(x, y).predict(x).tolist())
