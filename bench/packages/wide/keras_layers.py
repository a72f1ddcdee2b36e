"""keras: layers of many kinds, saved and loaded, on the JAX backend."""

import os
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

keras.utils.set_random_seed(0)
inputs = keras.Input((8, 8, 1))
x = keras.layers.Flatten()(keras.layers.MaxPooling2D()(keras.layers.Conv2D(2, 3)(inputs)))
model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Dropout(0.1)(x)))
model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    np.ones((4, 8, 8, 1)),
    np.array([0, 1, 0, 1]),
    epochs=1,
    verbose=0,
    callbacks=[keras.callbacks.EarlyStopping()],
)
print(
    model.predict(np.zeros((1, 8, 8, 1)), verbose=0).shape,
    len(model.to_json()) > 100,
    keras.ops.sum(keras.ops.ones(3)).item(),
)
print(
    keras.layers.deserialize(keras.layers.serialize(keras.layers.LSTM(3))).units,
    keras.applications.MobileNetV2.__name__,
    tempfile.gettempdir() != "",
)
