"""keras: a model trained for one epoch on the JAX backend."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import keras  # as in scripts: it reads the variable
import numpy as np

keras.utils.set_random_seed(0)
model = keras.Sequential(
    [keras.layers.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
history = model.fit(np.ones((8, 4)), np.ones(8), epochs=1, verbose=0)
print(model.count_params(), round(history.history["loss"][0], 3))
