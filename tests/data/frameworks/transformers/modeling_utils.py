import sys

import witness


class PreTrainedModel:
    @classmethod
    def from_pretrained(cls, name):
        if name != "inner":
            cls.from_pretrained("inner")
        return cls()


witness.functions(sys.modules[__name__])
