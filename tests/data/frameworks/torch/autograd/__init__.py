import witness

_sequence = [0]


def _get_sequence_nr():
    return _sequence[0]


class Node:
    def __init__(self, parents):
        self.number = _sequence[0]
        _sequence[0] += 1
        self.next_functions = [(node, 0) for node in parents]

    def _sequence_nr(self):
        return self.number


def backward(tensors, grad_tensors=None):
    witness.log.append(("backward",))


import sys

witness.functions(sys.modules[__name__])
