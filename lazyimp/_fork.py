"""What modules loaded just before a fork register for forks takes part in that very fork.

HOT, loaded with the first fork of a process that has pending imports. `os.fork` has copied its list of
functions to call before the fork when ours, one of them, loads modules; but the functions for after the
fork are looked up after it, so that `logging` would release a lock that it never acquired.
"""

import os


def joining(work):
    """`work()`; then the `before` functions that modules registered meanwhile, the newest first."""
    newest = []
    register = os.register_at_fork

    def register_at_fork(**functions):
        if "before" in functions:
            newest.append(functions["before"])
        return register(**functions)

    os.register_at_fork = register_at_fork
    try:
        work()
    finally:
        os.register_at_fork = register
        for before in reversed(newest):
            before()
