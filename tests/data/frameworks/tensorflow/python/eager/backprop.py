import sys

import witness


class GradientTape:
    def __enter__(self):
        witness.entered()
        return self

    def __exit__(self, *failure):
        pass

    def gradient(self, target, sources):
        return sources


witness.functions(sys.modules[__name__])
