import sys

import witness


class Language:
    def update(self, *args, **kwargs):
        witness.entered()


witness.functions(sys.modules[__name__])
