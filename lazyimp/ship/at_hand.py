"""Wheels that lie on this machine, in the folders that installers look in before any index."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from lazyimp.manifest.outputs.lines import is_accelerator
from lazyimp.manifest.target import accepts
from lazyimp.manifest.values import Requirement, Target


def wheel_at_hand(each: Requirement, target: Target, find_links: Iterable[str]) -> str:
    """The wheel of this very version that an installer would take from `find_links` here; "" for none.

    Such a wheel is sent: what is installed came from it, and no index needs to have it (one with a local version,
    such as 2.13.0+cpu, may be on no public index at all: PEP 440).
    """
    local = each.version.partition("+")[2]
    if each.kind != "index" or (local and is_accelerator(local) and local != target.accelerator):
        return ""
    for link in find_links:
        folder = _folder(link)
        try:
            names = sorted(os.listdir(folder)) if folder else []
        except OSError:
            continue
        for name in names:
            if name.endswith(".whl") and _is_it(name, each, target):
                return os.path.join(folder, name)
    return ""


def _folder(link: str) -> str:
    if link.startswith("file:"):
        return unquote(urlsplit(link).path)
    return "" if "://" in link else os.path.expanduser(link)


def _is_it(file: str, each: Requirement, target: Target) -> bool:
    try:
        name, version, _, tags = parse_wheel_filename(file)
        same = name == canonicalize_name(each.name) and version == Version(each.version)
    except (InvalidWheelFilename, InvalidVersion):
        return False
    return same and not accepts(target, [str(tag) for tag in tags])
