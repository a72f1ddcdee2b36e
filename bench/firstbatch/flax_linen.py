"""jax: first compiled function that takes a gradient."""

import os

import jax
import jax.numpy as jnp
import optax
from flax import linen
from flax.training.train_state import TrainState

model = linen.Dense(1)
params = jax.jit(model.init)(jax.random.key(0), jnp.ones((1, 8)))["params"]
state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1))


@jax.jit
def step(state, x, y):
    grads = jax.grad(lambda p: jnp.mean((state.apply_fn({"params": p}, x) - y) ** 2))(state.params)
    return state.apply_gradients(grads=grads)


for _ in range(3):
    x, y = jnp.ones((16, 8)), jnp.zeros((16, 1))
    os.write(1, b"##TTFB\n")
    state = step(state, x, y)
print("step", int(state.step))
