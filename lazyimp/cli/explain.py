"""`lazyimp explain`: what a message's code means; of a module, what `lazyimp why` says."""

from __future__ import annotations

from lazyimp.cli.why import Why


class Explain(Why):
    """The same as why."""
