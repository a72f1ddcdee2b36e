"""Lists the distributions on a sys.path, by the names of their metadata folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from lazyimp.distributions.distribution import EGG_LINK, Distribution
from lazyimp.distributions.environment import Environment

INSTALLED = (".dist-info", ".egg-info", EGG_LINK)


def scan(sys_path: Iterable[str], *, prefix: str | None = None, own: Iterable[str] = ()) -> Environment:
    """The environment of a program with that `sys_path`; `prefix` is where its conda-meta would be.

    `own` are folders of the program itself: an `.egg-info` there is what a build left behind, and installs nothing.
    """
    firsts: dict[str, Distribution] = {}
    shadowed: list[Distribution] = []
    sites: list[str] = []
    skipped = {os.path.realpath(each or ".") for each in own}
    for entry in sys_path:
        site = os.path.realpath(entry or ".")
        if site in sites or not os.path.isdir(site):
            continue
        names = _metadata_in(site, site in skipped)
        if names:
            sites.append(site)
        for each in _by_record([Distribution(os.path.join(site, name), site) for name in names]):
            if firsts.setdefault(each.name, each) is not each:
                shadowed.append(each)
    if any(_outer(site, sites) for site in sites):
        carried = {each.info for each in [*firsts.values(), *shadowed] if _is_carried(each, firsts, sites)}
        firsts = {name: each for name, each in firsts.items() if each.info not in carried}
        shadowed = [each for each in shadowed if each.info not in carried]
    prefixes = [prefix if prefix is not None else sys.prefix]
    folds = sys.platform in ("darwin", "win32")
    return Environment(list(firsts.values()), shadowed, sites, prefixes, folds)


def _outer(site: str, sites: list[str]) -> str:
    """The folder of distributions that a folder of distributions is in, or ""."""
    return next((each for each in sites if site.startswith(each + os.sep)), "")


def _is_carried(each: Distribution, firsts: dict[str, Distribution], sites: list[str]) -> bool:
    """Another distribution brought it along among its own files, for itself: its RECORD lists the metadata."""
    outer = _outer(each.site, sites)
    if not outer:
        return False
    paths = [os.path.join(each.info, name) for name in ("METADATA", "RECORD", "PKG-INFO")]
    rows = [os.path.relpath(path, outer).replace(os.sep, "/") for path in paths]
    beside = [
        other.listed
        for other in firsts.values()
        if other.site == outer and rows[0].partition("/")[0] in other.listed.outline.tops
    ]
    return any(row in listed for listed in beside for row in rows)


def _metadata_in(site: str, is_own: bool) -> list[str]:
    try:
        names = sorted(os.listdir(site))
    except OSError:
        return []
    found = [name for name in names if name.endswith(INSTALLED) and not name.startswith("~")]
    if is_own or not any(name.endswith((".dist-info", EGG_LINK)) for name in found):
        # a source tree: its .egg-info counts where an .egg-link elsewhere points at it
        found = [name for name in found if not _is_build_leftover(os.path.join(site, name))]
    return found


def _is_build_leftover(info: str) -> bool:
    """An .egg-info that a build made: it lists sources, not what was installed."""
    return (
        info.endswith(".egg-info")
        and not os.path.exists(os.path.join(info, "installed-files.txt"))
        and os.path.isdir(info)
    )


def _by_record(found: list[Distribution]) -> list[Distribution]:
    """Of several versions of one name in a folder (a broken upgrade), the one whose files are there comes first."""
    names = [each.name for each in found]
    if len(set(names)) == len(names):
        return found
    return sorted(found, key=lambda each: (-_matching(each) if names.count(each.name) > 1 else 0, each.info))


def _matching(each: Distribution) -> float:
    """How much of its RECORD is true on disk, by size: 0 to 1."""
    rows = [row for row in each.rows() if row.size_bytes >= 0][:200]
    right = 0
    for row in rows:
        try:
            right += os.stat(os.path.join(each.site, row.path)).st_size == row.size_bytes
        except OSError:
            continue
    return right / len(rows) if rows else 0.0
