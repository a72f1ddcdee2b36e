import functools
import sys

import witness


def _fit_context(fit):
    @functools.wraps(fit)
    def wrapper(estimator, *args, **kwargs):
        from sklearn.callback._callback_support import callback_management_context

        if checks:
            estimator._validate_params()
        callback_management_context(estimator)
        witness.entered()
        return fit(estimator, *args, **kwargs)

    return wrapper


checks = True


class BaseEstimator:
    def _validate_params(self):
        pass

    @_fit_context
    def fit(self, *inner):
        for each in inner:
            each.fit()
        return self


class Scaler(BaseEstimator):
    def transform(self):
        pass


class Classifier(BaseEstimator):
    def predict(self):
        pass


witness.functions(sys.modules[__name__])
