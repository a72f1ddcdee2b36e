"""The words and bits in which a policy answers, and how they hang together.

HOT. A verdict is an int of bits, or a tuple `(bits, names)`: a statement whose target, or a dotted prefix of it, or
`target.name` for a name in its from-list, is in the frozenset `names` is decided by `Policy.decide`; for every
other one the bits count.
"""

from lazyimp import _tables

LAZY, PROXY, EAGER = "lazy", "proxy", "eager"

# open(): what holds for a whole module. UNGUARDED: imported inside try, it may defer what it imports itself all
# the same; PLAIN: whatever its code looks like, nobody meets a deferred name in its namespace (core native)
MODULE_EAGER, MODULE_OWN, UNGUARDED, PLAIN = 1, 2, 4, 8

# fill(): a verdict; lazyimp_c/core.h. UNUSED_BIT is for plain imports, UNUSED_FROM_BIT for `from`
LAZY_BIT, PROXY_BIT, UNUSED_BIT, ASK, NO_STORE, UNUSED_FROM_BIT = 1, 2, 4, 8, 16, 32

# decide(): where a statement stands
PROTECTED, UNUSED, FROM, PACKAGE, EFFECT_ORDER, WITHIN_TRY = 1, 2, 4, 8, 16, 32

# depends_on()
SETTLED, OWN_CODE, LOADED = 0, 1, 2

# profile.opens()
OPEN, OPEN_ROWS, OPEN_TRY, OPEN_UNUSED = 1, 2, 4, 8


# Each bit that is no ASK or NO_STORE, and a context for which it speaks.
CONTEXTS = {LAZY_BIT: 0, PROXY_BIT: PROTECTED, UNUSED_BIT: UNUSED, UNUSED_FROM_BIT: UNUSED | FROM}


def by_bits(bits: int, context: int) -> str:
    """What a core makes of a verdict without ASK: the contract that lazyimp_c implements in C."""
    if context & PROTECTED:
        return PROXY if bits & PROXY_BIT and not context & FROM else EAGER
    if context & UNUSED:
        return LAZY if bits & (UNUSED_FROM_BIT if context & FROM else UNUSED_BIT) else EAGER
    return LAZY if bits & LAZY_BIT else EAGER


def as_lazy(context: int) -> str:
    """What lazy means where the statement stands."""
    # found already, so `except ImportError` is decided and the proxy is as lazy as a placeholder
    return PROXY if context & PROTECTED and not context & FROM else LAZY


def protected(kind: str, context: int) -> tuple[str, str]:
    """An import inside `try` or `with` that leaves its unit."""
    if context & FROM:
        return EAGER, "inside try or with: whether the name exists is known after the import only"
    if kind in _tables.PROTECTED:
        return EAGER, "inside try or with: " + _tables.PROTECTED[kind]
    return PROXY, "inside try or with: installed, so the except branch is decided"
