"""xgboost: Booster.update."""  # scikit-learn prepares the data

import os

import numpy as np
import xgboost
from sklearn.preprocessing import StandardScaler


class First(xgboost.callback.TrainingCallback):
    def before_iteration(self, model, epoch, evals_log):
        os.write(1, b"##TTFB\n")
        return False


X = StandardScaler().fit_transform(np.random.default_rng(0).normal(size=(500, 8)))
xgboost.XGBClassifier(n_estimators=5, n_jobs=1, callbacks=[First()]).fit(X, X[:, 0] > 0)
print("done")
