"""flax: a layer."""

import jax.numpy as jnp
from flax import nnx

layer = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
print(layer(jnp.ones((1, 2))).shape, sorted(nnx.state(layer)))
