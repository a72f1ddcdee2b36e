"""Where a distribution came from, by what its installer left behind: provenance before any index."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from lazyimp.distributions import Distribution, Environment
from lazyimp.distributions.conda import without_secrets
from lazyimp.distributions.editable import path_of
from lazyimp.manifest.values import NOWHERE, Source, Undecided

SYSTEM_INSTALLERS = ("debian", "apt", "rpm", "dnf", "zypper", "pacman")
SYSTEM_FOLDERS = (f"{os.sep}dist-packages",)
COMPILED = (".so", ".pyd", ".dylib", ".dll")


class Kind(NamedTuple):
    """A kind of KINDS, the sentence that says why, where to get it, flags, and what stands in the way."""

    kind: str
    reason: str
    source: Source = NOWHERE
    flags: tuple[str, ...] = ()
    undecided: Undecided | None = None


def kind_of(distribution: Distribution, environment: Environment) -> Kind:
    """The kind of an installed distribution."""
    return (
        _by_conda(distribution, environment)
        or _by_editable(distribution, environment)
        or _by_direct_url(distribution)
        or _by_system(distribution)
        or _index(distribution)
    )


def _by_conda(distribution: Distribution, environment: Environment) -> Kind | None:
    package = environment.conda_owner(os.path.join(distribution.info, "METADATA"))
    package = package or environment.conda_owner(distribution.info)
    if package is None and (distribution.installer == "conda" or _is_conda_build(distribution)):
        package = environment.conda_named(distribution.name, distribution.version)
        if package is None:
            return (
                None
                if distribution.installer != "conda"
                else _index(distribution, "conda left no package file")
            )
    if package is None:
        return None
    source = Source(
        url=package.url, channel=package.channel, build=package.build, hashes=_sha256(package.sha256)
    )
    return Kind(
        "conda", f"conda-meta lists it as {package.name} {package.version} {package.build}".rstrip(), source
    )


def _is_conda_build(distribution: Distribution) -> bool:
    """The leftovers of a conda build: a path that was only there while it was built."""
    url = distribution.direct_url
    path = path_of(str(url.get("url", "")))
    return "dir_info" in url and bool(re.search(r"/(build|croot|feedstock_root|home/conda)(/|$)", path))


def _by_editable(distribution: Distribution, environment: Environment) -> Kind | None:
    how = environment.editables.get(distribution.name)
    if how is None or environment.named(distribution.name) is not distribution:
        return None
    source = Source(path=how.root)
    reason = f"installed editable ({how.how}) from {how.root}"
    if not how.missing:
        return Kind("editable", reason, source, ("rebuilds",) if how.how == "rebuild" else ())
    gone = Undecided(
        f"{distribution.name} {distribution.version}",
        f"it is installed editable from {how.root}, which is not there any more",
        f"install it again from where its source is now, or `pip uninstall {distribution.name}`",
        blocks=True,
    )
    return Kind("unresolved", reason + ", which is gone", source, undecided=gone)


def _by_direct_url(distribution: Distribution) -> Kind | None:
    data = distribution.direct_url
    url = str(data.get("url", ""))
    if not url:
        return None
    clean = without_secrets(url)
    subdirectory = str(data.get("subdirectory", "") or "")
    vcs, archive = data.get("vcs_info"), data.get("archive_info")
    if isinstance(vcs, dict):
        commit, name = str(vcs.get("commit_id", "")), str(vcs.get("vcs", "git"))
        source = Source(f"{name}+{clean}", commit, str(vcs.get("requested_revision", "") or ""), subdirectory)
        return Kind("vcs", f"direct_url.json names commit {commit[:12]} of {clean}", source)
    if isinstance(archive, dict):
        return _archive(distribution, url, clean, archive, subdirectory, bool(data.get("provenance")))
    if "dir_info" in data:
        path = path_of(url)
        if distribution.installer == "conda" or _is_conda_build(distribution):
            return _index(distribution, f"its direct_url is what a conda build left behind ({clean})")
        return Kind(
            "local-dir",
            f"direct_url.json names the folder {path}",
            Source(path=path, subdirectory=subdirectory),
        )
    return None


def _archive(
    distribution: Distribution,
    url: str,
    clean: str,
    info: dict[str, object],
    subdirectory: str,
    provenance: bool,
) -> Kind:
    hashes = _hashes(info)
    if provenance:
        host = clean.partition("//")[2].partition("/")[0]
        return Kind(
            "index",
            f"provenance_url.json names the file it came from ({host})",
            Source(url=clean, hashes=hashes),
        )
    path = path_of(url)
    if "pypoetry" in path and "artifacts" in path:
        return _index(distribution, "its direct_url is a file of poetry's own cache", hashes)
    from urllib.parse import unquote  # few distributions have a URL

    source = Source(url="" if path else clean, path=path, hashes=hashes, subdirectory=subdirectory)
    return Kind("archive", f"direct_url.json names the file {path or unquote(clean)}", source)


def _by_system(distribution: Distribution) -> Kind | None:
    if distribution.installer.lower() in SYSTEM_INSTALLERS:
        return Kind("system", f"INSTALLER says {distribution.installer}")
    if any(each in distribution.site for each in SYSTEM_FOLDERS) and not distribution.has_record:
        return Kind("system", f"it lies in {distribution.site} and has no RECORD: the operating system's")
    return None


def _index(distribution: Distribution, why: str = "", hashes: tuple[str, ...] = ()) -> Kind:
    said = f"installed by {distribution.installer}" if distribution.installer else "installed"
    flags = () if distribution.has_record else ("no-record",)
    local = distribution.version.partition("+")[2]
    if local:
        flags = (*flags, f"local-version:{local}")
    return Kind(
        "index",
        why or f"{said} by name and version, with no other origin noted",
        Source(hashes=hashes),
        flags,
    )


def _hashes(info: dict[str, object]) -> tuple[str, ...]:
    """`sha256:...` and others, from either form of archive_info."""
    found = info.get("hashes")
    if isinstance(found, dict):
        return tuple(f"{name}:{value}" for name, value in sorted(found.items()))
    old = str(info.get("hash", "") or "")
    return (old.replace("=", ":", 1),) if old else ()


def _sha256(value: str) -> tuple[str, ...]:
    return (f"sha256:{value}",) if value else ()
