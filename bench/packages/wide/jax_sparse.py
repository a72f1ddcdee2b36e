"""jax: experimental parts, callbacks, 64 bits, meshes."""

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402  # the setting comes first
import numpy as np  # noqa: E402
from jax.experimental import io_callback, sparse  # noqa: E402
from jax.experimental.ode import odeint  # noqa: E402
from jax.sharding import Mesh, NamedSharding, PartitionSpec  # noqa: E402

print(sparse.BCOO.fromdense(jnp.eye(2)).todense().tolist(), jnp.ones(1).dtype)
print(np.round(odeint(lambda y, t: -y, 1.0, jnp.array([0.0, 1.0])), 5).tolist())
mesh = Mesh(np.array(jax.devices()), ("a",))
print(jax.device_put(jnp.arange(4.0), NamedSharding(mesh, PartitionSpec("a"))).sum().item())
print(
    jax.jit(lambda v: jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), jnp.float64), v))(0.0).item(),
    callable(io_callback),
)
