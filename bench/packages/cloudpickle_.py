"""cloudpickle: a function with pending globals, by value."""

import json
import pickle

import cloudpickle
import numpy as np


def total():
    return json.dumps(float(np.ones(2).sum()))


print(pickle.loads(cloudpickle.dumps(total))())
