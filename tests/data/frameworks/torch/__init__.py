"""A made-up PyTorch: a graph of numbers, modules, loaders, optimizers."""

from torch import autograd, nn, optim, utils

_grad = [True]


def is_grad_enabled():
    return _grad[0]


class no_grad:
    def __enter__(self):
        self.before = _grad[0]
        _grad[0] = False

    def __exit__(self, *failure):
        _grad[0] = self.before


class Tensor:
    def __init__(self, *parents):
        nodes = [parent.grad_fn for parent in parents if isinstance(parent, Tensor)]
        self.grad_fn = autograd.Node(nodes) if is_grad_enabled() and parents else None

    def backward(self):
        autograd.backward(self)


def compile(function):
    return function
