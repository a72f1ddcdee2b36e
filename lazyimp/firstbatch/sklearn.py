"""The first batch with scikit-learn: the outermost fit of an estimator that predicts.

`fit` of every estimator checks its parameters first, the outermost one (a Pipeline, a search) before those inside
it; functions that fit an estimator again and again count as its outermost fit. An estimator that only transforms
prepares data: it counts if nothing else comes. All this gives way where a training framework may still come.
"""

import sys

from lazyimp.firstbatch import PREPARATION, calls, fits, hook, now, offer

RULE = "scikit-learn: outermost fit"
TRANSFORMER = "scikit-learn: outermost fit of a transformer"

MOST_TRANSFORMERS = 200

HOOKS = {
    "sklearn.base": ("BaseEstimator._validate_params",),
    # called by every fit, too, where checks are switched off
    "sklearn.callback._callback_support": ("callback_management_context",),
    "sklearn.model_selection._validation": (
        "cross_validate",
        "cross_val_score",
        "cross_val_predict",
        "learning_curve",
        "permutation_test_score",
        "validation_curve",
    ),
}


class Watch:
    """Listens to what every fit calls first, and to what fits again and again."""

    def __init__(self):
        self.hooks = []
        self.transformers = 0

    def arrived(self, name, module):
        """Place the hooks."""
        for path in HOOKS[name]:
            made = hook(module, path, self.fit)
            if made is not None:
                self.hooks.append(made)

    def fit(self, args, kwargs):
        """An estimator begins to fit."""
        at = now()
        estimator = args[0] if args else kwargs.get("estimator")
        if self.transformers >= MOST_TRANSFORMERS:
            return self.stop()
        if estimator is None or _is_nested():
            return None
        if _predicts(estimator):
            self.stop()
            return fits(RULE, "scikit-learn", at, (estimator,))
        self.transformers += 1
        if self.transformers == 1:
            calls((estimator,))
            offer(PREPARATION, TRANSFORMER, at, "scikit-learn", "low")
        return None

    def stop(self):
        """Listen no longer."""
        for made in self.hooks:
            made.restore()


def _predicts(estimator):
    """Whether it is a model: it predicts, or labels what it was fitted to; a Pipeline asks its last step."""
    return hasattr(estimator, "predict") or hasattr(estimator, "fit_predict")


def _is_nested():
    """Whether a fit further up the stack called this one: every fit runs in the same wrapper."""
    frame = sys._getframe(1)
    while frame is not None and not (
        frame.f_code.co_name == "wrapper" and "estimator" in frame.f_code.co_varnames
    ):
        frame = frame.f_back
    if frame is None:
        return False
    code, frame = frame.f_code, frame.f_back
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False
