"""Whether the start-up line of this installation runs when this interpreter starts."""

import os
import site
import sys

from lazyimp import _pth


def is_active() -> bool:
    """The start-up file lies where `site` reads it, and `site` runs."""
    return not sys.flags.no_site and any(
        os.path.isfile(os.path.join(folder, _pth.FILE)) for folder in folders()
    )


def folders() -> list[str]:
    """The folders whose .pth files `site` reads in this interpreter."""
    found = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return found
