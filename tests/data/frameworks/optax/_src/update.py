import sys

import witness


def apply_updates(params, updates):
    witness.entered()
    return params


witness.functions(sys.modules[__name__])
