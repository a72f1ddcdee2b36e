"""Types of the rule; for type checkers only."""

from lazyimp.firstbatch import _library

class Watch(_library.Watch): ...
