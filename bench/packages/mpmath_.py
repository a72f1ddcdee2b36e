"""mpmath: special functions with many digits."""

import mpmath

mpmath.mp.dps = 30
print(mpmath.zetazero(1), mpmath.quad(mpmath.exp, [0, 1]), mpmath.gamma("0.5"))
