"""dill: a function with a pending global, by value."""

import colorsys

import dill


def turn(x):
    return colorsys.rgb_to_hsv(x, 0, 0)


print(dill.loads(dill.dumps(turn, recurse=True))(1))
