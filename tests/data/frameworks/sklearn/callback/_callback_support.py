import sys

import witness


def callback_management_context(estimator):
    pass


witness.functions(sys.modules[__name__])
