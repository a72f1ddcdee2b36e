"""sympy: calculus, algebra, matrices, printing, numbers, logic."""

import pickle

import sympy as sp
from sympy.abc import a, x, y

print(
    sp.integrate(sp.exp(-(x**2)), (x, -sp.oo, sp.oo)),
    sp.limit(sp.sin(x) / x, x, 0),
    sp.series(sp.cos(x), x, 0, 4),
)
print(
    sp.solve([x + y - 3, x - y - 1], [x, y]),
    sp.factor(x**3 - 1),
    sp.expand((x + y) ** 3),
    sp.apart(1 / (x**2 - 1)),
)
print(sp.lambdify(x, sp.sin(x) + x**2, "math")(1.0), sp.latex(sp.Integral(sp.sqrt(x), x)), sp.ccode(x**2))
print(sp.Matrix([[1, 2], [3, 4]]).inv(), sp.Matrix([[2, 0], [0, 3]]).eigenvals(), sp.diff(sp.gamma(x), x))
print(sp.pretty(x**2 / y), sp.srepr(x + 1), sp.N(sp.pi, 20), sp.zeta(2), sp.factorint(360), sp.isprime(97))
print(sp.dsolve(sp.Function("f")(x).diff(x) - sp.Function("f")(x)), sp.Sum(x, (x, 1, a)).doit())
print(sp.simplify(sp.sin(x) ** 2 + sp.cos(x) ** 2), sp.Poly(x**2 - 1).roots() if 0 else sp.roots(x**2 - 1))
print(
    sp.sympify("2*x + 1"),
    sp.And(x > 1, x < 3),
    sp.FiniteSet(1, 2) | sp.Interval(0, 1),
    pickle.loads(pickle.dumps(x + y)),
)
print(
    sp.assuming is not None, sp.ask(sp.Q.positive(sp.Symbol("p", positive=True))), sp.nsolve(sp.cos(x) - x, 1)
)
print(
    sp.Rational(1, 3) + sp.S.Half,
    sp.GoldenRatio.n(5),
    sp.Piecewise((x, x > 0), (0, True)).subs(x, -1),
    sp.symbols("i", integer=True).is_integer,
)
print(
    sp.fourier_transform(sp.exp(-(x**2)), x, y),
    sp.laplace_transform(sp.exp(-x), x, y),
    sp.hyper([1], [2], x).diff(x),
)
