"""sympy: physics, statistics, combinatorics, geometry, through their own imports."""

from sympy import Symbol, pi
from sympy.combinatorics import Permutation
from sympy.geometry import Point, Triangle
from sympy.physics.units import convert_to, kilometer, meter
from sympy.plotting import plot
from sympy.stats import E, Normal, density
from sympy.tensor.array import Array
from sympy.utilities.codegen import codegen

x = Symbol("x")
print(Permutation([1, 2, 0]).order(), Triangle(Point(0, 0), Point(1, 0), Point(0, 1)).area)
print(convert_to(3 * kilometer, meter), E(Normal("n", 2, 1)), density(Normal("n", 0, 1))(x).subs(x, 0))
print(Array([[1, 2], [3, 4]]).shape, codegen(("f", x**2), "C99")[0][0], pi.evalf(6), callable(plot))
