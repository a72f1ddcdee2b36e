"""mpmath: contexts, calculus, matrices, special functions."""

import mpmath
from mpmath import fp, iv, mp

mp.dps = 20
print(mpmath.quad(lambda x: mpmath.exp(-(x**2)), [-mpmath.inf, mpmath.inf]), mpmath.findroot(mpmath.cos, 1))
print(
    mpmath.besselj(0, 1),
    mpmath.hyp2f1(1, 2, 3, 0.5),
    mpmath.zeta(3),
    mpmath.nsum(lambda n: 1 / n**2, [1, mpmath.inf]),
)
print(
    mp.matrix([[1, 2], [3, 4]]) ** -1,
    mpmath.det(mp.matrix([[1, 2], [3, 4]])),
    mpmath.identify(0.5),
    mpmath.polyroots([1, 0, -1]),
)
print(
    fp.gamma(5),
    iv.mpf([1, 2]) + 1,
    mpmath.diff(mpmath.sin, 0),
    mpmath.taylor(mpmath.exp, 0, 3),
    mpmath.odefun(lambda x, y: y, 0, 1)(1),
)
print(
    mpmath.siegelz(14),
    mpmath.primepi(100),
    mpmath.elliprf(1, 2, 3),
    mpmath.pslq([-1, mpmath.pi], maxsteps=100) is None,
)
