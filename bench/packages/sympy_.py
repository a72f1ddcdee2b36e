"""sympy: an integral, an equation, a number."""

import sympy as sp

x = sp.symbols("x")
print(sp.integrate(sp.sin(x) ** 2, x), sp.solve(x**2 - 2, x), sp.S.Catalan.n(8))
