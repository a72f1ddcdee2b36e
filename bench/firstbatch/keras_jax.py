"""keras: on_train_batch_begin."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np


class First(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        os.write(1, b"##TTFB\n")


model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((64, 8)), np.ones((64, 1)), batch_size=16, verbose=0, callbacks=[First()])
print("done")
