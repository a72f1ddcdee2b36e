"""The first batch with LightGBM: the first `Booster.update`, which its training loop and its estimators call."""

from lazyimp.firstbatch import _library


class Watch(_library.Watch):
    """Listens to the booster."""

    path = "Booster.update"
    rule = "lightgbm: Booster.update"
    framework = "lightgbm"
