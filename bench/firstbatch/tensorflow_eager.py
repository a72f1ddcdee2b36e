"""tensorflow: first tape that gives a gradient."""

import os

import tensorflow as tf

w = tf.Variable(tf.ones((8, 1)))
for x in tf.data.Dataset.from_tensor_slices(tf.ones((64, 8))).batch(16):
    os.write(1, b"##TTFB\n")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ w))
    w.assign_sub(0.1 * tape.gradient(loss, w))
print("loss", float(loss) >= 0)
