"""`import lazyimp.auto` as a program's first line switches lazyimp on, unless a switch says 0."""

from lazyimp import _startup

_startup.auto()
