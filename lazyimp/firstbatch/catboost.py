"""The first batch with CatBoost: the start of its training loop, once the data is a Pool."""

from lazyimp.firstbatch import _library


class Watch(_library.Watch):
    """Listens to what all its models have in common."""

    path = "_CatBoostBase._train"
    rule = "catboost: training"
    framework = "catboost"
