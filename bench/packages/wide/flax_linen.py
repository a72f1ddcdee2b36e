"""flax: linen, a training state, a checkpointed message."""

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax import serialization
from flax.training import train_state


class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(nn.relu(nn.Dense(4)(x)))


model = Model()
variables = model.init(jax.random.PRNGKey(0), jnp.ones((1, 3)))
state = train_state.TrainState.create(apply_fn=model.apply, params=variables["params"], tx=optax.adamw(0.1))
grads = jax.grad(lambda p: model.apply({"params": p}, jnp.ones((2, 3))).sum())(state.params)
state = state.apply_gradients(grads=grads)
print(int(state.step), len(serialization.to_bytes(state.params)) > 50, flax.core.freeze({"a": 1})["a"])
