"""mlflow: a scikit-learn model logged and loaded."""

import logging
import os
import tempfile

import mlflow
import numpy as np
from sklearn.linear_model import LinearRegression

logging.disable(logging.WARNING)
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("x")
    with mlflow.start_run():
        model = LinearRegression().fit(np.eye(2), [1, 2])
        info = mlflow.sklearn.log_model(model, name="model", serialization_format="cloudpickle")
    print(mlflow.sklearn.load_model(info.model_uri).predict(np.eye(2)).round(3).tolist())
    os.chdir("/")
