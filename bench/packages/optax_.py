"""optax: steps of Adam."""

import jax
import jax.numpy as jnp
import optax

optimizer = optax.adam(0.1)
x = jnp.array([1.0, 2.0])
state = optimizer.init(x)
for _ in range(3):
    updates, state = optimizer.update(jax.grad(lambda v: (v**2).sum())(x), state)
    x = optax.apply_updates(x, updates)
print([round(float(v), 4) for v in x])
