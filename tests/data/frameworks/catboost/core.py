import sys

import witness


class _CatBoostBase:
    def _train(self, *args, **kwargs):
        witness.entered()


witness.functions(sys.modules[__name__])
