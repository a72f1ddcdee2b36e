"""jax: first compiled function that takes a gradient."""  # the gradient and the update are compiled apart

import os

import jax
import jax.numpy as jnp
import optax

params = {"w": jnp.ones((8, 1))}
optimizer = optax.adam(1e-2)
state = optimizer.init(params)
gradient = jax.jit(jax.grad(lambda p, x: jnp.mean((x @ p["w"]) ** 2)))
update = jax.jit(lambda g, s, p: optimizer.update(g, s, p))
for _ in range(3):
    x = jnp.ones((16, 8))
    os.write(1, b"##TTFB\n")
    updates, state = update(gradient(params, x), state, params)
    params = optax.apply_updates(params, updates)
print("norm", float(jnp.abs(params["w"]).sum()) >= 0)
