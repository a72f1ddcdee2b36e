"""pylock.toml (PEP 751): every distribution with the file it comes from; only what is known of files is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import tomli_w
from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageVcs,
    PackageWheel,
    Pylock,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from lazyimp import __version__
from lazyimp.manifest.index import IndexFile
from lazyimp.manifest.outputs.lines import version_of
from lazyimp.manifest.values import Manifest, Requirement


def render(manifest: Manifest, files: dict[str, list[IndexFile]] | None = None) -> str:
    """The text. `files`: name -> the files an index has of it (`lazyimp manifest --index` asks)."""
    return tomli_w.dumps(dict(lock(manifest, files or {}).to_dict()))


def lock(manifest: Manifest, files: dict[str, list[IndexFile]]) -> Pylock:
    """The same as packaging's value, validated."""
    version = ".".join(manifest.target.python.split(".")[:2])
    packages = [_package(each, files.get(each.name, [])) for each in manifest.requirements]
    made = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(f"python_version == '{version}'")],
        requires_python=SpecifierSet(f"=={version}.*"),
        created_by=f"lazyimp {__version__}",
        packages=[each for each in packages if each is not None],
    )
    made.validate()
    return made


def unlocked(manifest: Manifest, files: dict[str, list[IndexFile]]) -> list[Requirement]:
    """Those of which no file is known, so that an installer could not get them from the lock."""
    return [each for each in manifest.requirements if _package(each, files.get(each.name, [])) is None]


def _package(each: Requirement, files: Iterable[IndexFile]) -> Package | None:
    source = each.source
    common: dict[str, Any] = {
        "name": canonicalize_name(each.name),
        "dependencies": [{"name": name} for name in each.requires] or None,
    }
    if each.kind == "vcs":
        kind, _, url = source.url.partition("+")
        vcs = PackageVcs(
            type=kind,
            url=url,
            commit_id=source.commit,
            requested_revision=source.requested or None,
            subdirectory=source.subdirectory or None,
        )
        return Package(**common, vcs=vcs)
    if each.kind in ("editable", "local-dir"):
        return Package(
            **common, directory=PackageDirectory(path=source.path, editable=each.kind == "editable")
        )
    if each.kind == "archive" and source.hashes:
        where: dict[str, Any] = {"path": source.path} if source.path else {"url": source.url}
        return Package(**common, archive=PackageArchive(**where, hashes=_hashes(source.hashes)))
    wheels = [
        PackageWheel(name=file.name, url=file.url, hashes=_hashes(file.hashes), size=file.size_bytes or None)
        for file in files
        if file.name.endswith(".whl") and file.hashes
    ]
    if not wheels and source.url.endswith(".whl") and source.hashes:
        wheels = [
            PackageWheel(name=os.path.basename(source.url), url=source.url, hashes=_hashes(source.hashes))
        ]
    version = parse_wheel_filename(wheels[0].name or "")[1] if wheels else Version(version_of(each))
    return Package(**common, version=version, index=_index(source.url), wheels=wheels) if wheels else None


def _index(url: str) -> str | None:
    """The index's URL; a folder of files is none."""
    return url if "://" in url else None


def _hashes(hashes: Iterable[str]) -> dict[str, str]:
    return {name: value for name, _, value in (each.partition(":") for each in hashes)}
