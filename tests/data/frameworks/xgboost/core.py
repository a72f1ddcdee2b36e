import sys

import witness


class DMatrix:
    def __init__(self, data=None):
        pass


class Booster:
    def update(self, *args, **kwargs):
        witness.entered()


witness.functions(sys.modules[__name__])
