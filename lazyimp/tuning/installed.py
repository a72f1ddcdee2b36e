"""Which installed distributions a set of files belongs to, and their versions."""

from __future__ import annotations

import os
from collections.abc import Iterable

from lazyimp import _metadata, _profile

# Loaded by start-up files in every process, whatever the program is.
BY_THE_INTERPRETER = ("_distutils_hack",)


def versions_of(files: Iterable[str]) -> dict[str, str]:
    """Distribution -> version, by the metadata in the folders above the files; others count for nothing."""
    found: dict[str, str] = {}
    sites: dict[str, dict[str, tuple[str, str]]] = {}
    tops: dict[str, bool] = {}
    for file in sorted(set(files)):
        if os.path.basename(os.path.dirname(file)) in BY_THE_INTERPRETER:
            continue
        owner = None
        for site in _folders_above(file):
            if site not in tops:
                tops[site] = bool(_profile.versions_in(site))
            if not tops[site]:
                continue
            if site not in sites:
                sites[site] = _owners(site)
            inside = os.path.relpath(file, site).replace(os.sep, "/")
            # The outermost that owns it: what a distribution carries inside, metadata and all, is part of that one.
            owner = sites[site].get(inside) or sites[site].get(inside.partition("/")[0]) or owner
        if owner is not None:
            found.setdefault(*owner)
    return dict(sorted(found.items()))


def _folders_above(file: str) -> Iterable[str]:
    folder = os.path.dirname(file)
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _owners(site: str) -> dict[str, tuple[str, str]]:
    """Path in the site directory (a top-level name where files are not listed) -> (distribution, version)."""
    found: dict[str, tuple[str, str]] = {}
    for entry in sorted(os.listdir(site)):
        if not entry.endswith((".dist-info", ".egg-info")):
            continue
        name, _, rest = entry[:-10].partition("-")
        owner = (name, rest.partition("-")[0])
        listed = _lines(os.path.join(site, entry, "RECORD"))
        for line in listed:
            found[line.rpartition(",")[0].rpartition(",")[0].strip('"')] = owner
        if not listed:
            for top in _lines(os.path.join(site, entry, "top_level.txt")) or [_metadata.normalised(name)]:
                found.setdefault(top.strip(), owner)
                found.setdefault(f"{top.strip()}.py", owner)
    return found


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
