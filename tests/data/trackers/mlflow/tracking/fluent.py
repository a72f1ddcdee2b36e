"""A stand-in for the functions that mlflow offers; as there, metrics without a run start one."""

runs = []
logged = []


def start_run():
    runs.append(object())


def active_run():
    return runs[-1] if runs else None


def end_run():
    runs.pop()


def log_metrics(metrics, step=None):
    if not runs:
        start_run()
    logged.append((metrics, step))
