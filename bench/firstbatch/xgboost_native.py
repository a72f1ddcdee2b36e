"""xgboost: Booster.update."""

import os

import numpy as np
import xgboost


class First(xgboost.callback.TrainingCallback):
    def before_iteration(self, model, epoch, evals_log):
        os.write(1, b"##TTFB\n")
        return False


X = np.random.default_rng(0).normal(size=(500, 8))
data = xgboost.DMatrix(X, label=X[:, 0] > 0)
xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 5, callbacks=[First()])
print("done")
