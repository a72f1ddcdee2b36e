"""How a program's tuned profile comes into use: it is read, and put aside where it no longer fits.

HOT, loaded by `_startup` where there is one.
"""

import os
import sys

from lazyimp import __version__, _profile, _startup


def read(path):
    """The profile at `path`; None, and one line on stderr, where it cannot be read."""
    try:
        found = _profile.read(path)
    except (_profile.Damaged, OSError) as fault:
        put_aside(str(fault))
        return None
    os.environ["LAZYIMP_PROFILE"] = os.path.abspath(path)  # a spawned worker has no script of its own
    return found


def is_stale(tuned, config):
    """The profile was made for other versions than the ones here; says so, and children need not ask."""
    change = tuned.changed(getattr(_startup.core, "name", ""), __version__, not site_is_at_work())
    if change is None:
        return False
    put_aside(change)
    _startup.mode, _startup.profile = _startup.MODES[0], None
    stubs = sys.modules.get("lazyimp._stubs")
    if hasattr(stubs, "take_back") and not _startup.switch(
        "LAZYIMP_STUBS"
    ):  # else it is about to be imported
        stubs.take_back([name for name in tuned.stubs if name not in getattr(config, "stubs", ())])
    return True


def site_is_at_work():
    """Start-up files are being run: they may still add to sys.path."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "site":
            return True
        frame = frame.f_back
    return False


def put_aside(note):
    """Say, in one line, why the program's profile is not used."""
    _startup.profile_note = note
    os.environ["LAZYIMP_PROFILE"] = _startup.OFF
    _startup.tell(note)
