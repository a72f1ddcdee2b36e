"""jax: first gradient."""  # nothing is compiled by the program

import os

import jax
import jax.numpy as jnp

w = jnp.ones((8, 1))
for _ in range(3):
    x = jnp.ones((16, 8))
    os.write(1, b"##TTFB\n")
    w = w - 0.1 * jax.grad(lambda w: jnp.mean((x @ w) ** 2))(w)  # noqa: B023  it is called at once
print("norm", float(jnp.abs(w).sum()) >= 0)
