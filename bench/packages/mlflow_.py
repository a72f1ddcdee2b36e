"""mlflow: a run kept in SQLite."""

import logging
import os
import tempfile

import mlflow

logging.disable(logging.WARNING)
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    with mlflow.start_run() as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_metric("loss", 0.5)
    print(mlflow.get_run(run.info.run_id).data.params, mlflow.get_run(run.info.run_id).data.metrics)
    os.chdir("/")
