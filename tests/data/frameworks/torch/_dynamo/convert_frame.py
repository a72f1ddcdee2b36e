import sys

import witness


class CatchErrorsWrapper:
    def __call__(self, frame):
        return _compile(frame)


def _compile(frame):
    return frame


def run_compiled(function, *args):
    """Call a function as torch.compile would: nobody sees the calls inside it."""
    CatchErrorsWrapper()(function)
    witness.entered()
    import torch

    return torch.Tensor(*args)


witness.functions(sys.modules[__name__])
