import sys

import witness


def linearize(function, *args):
    witness.entered()
    return function(*args)


witness.functions(sys.modules[__name__])
