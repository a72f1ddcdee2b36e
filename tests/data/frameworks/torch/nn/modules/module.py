import sys

import witness


class Module:
    training = True

    def __init__(self, *inner):
        self.inner = inner

    def _wrapped_call_impl(self, *args, **kwargs):
        witness.entered()
        return self.forward(*args, **kwargs)

    __call__ = _wrapped_call_impl

    def forward(self, x):
        import torch

        for each in self.inner:
            x = each(x)
        return torch.Tensor(x, self)

    def train(self, mode=True):
        self.training = mode
        for each in self.inner:
            each.train(mode)
        return self

    def eval(self):
        return self.train(False)


witness.functions(sys.modules[__name__])
