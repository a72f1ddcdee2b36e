"""What goes wrong while shipping."""

from lazyimp.errors import LazyimpError


class ShipError(LazyimpError):
    """Something that cannot be shipped, or a host that cannot be used."""

    slug = "ship"


class LostError(ShipError):
    """The connection is gone; what runs there goes on."""

    slug = "ship-lost"
