import sys

import witness


def cross_validate(estimator, folds=2):
    witness.entered()
    return [estimator.fit() for _ in range(folds)]


witness.functions(sys.modules[__name__])
