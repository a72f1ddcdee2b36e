"""Manifests: the smallest set of dependencies that runs a program elsewhere, each with its kind and its reason.

`of` makes one of a record; `lazyimp.manifest.outputs` writes it for those that install.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lazyimp.manifest.values import (
    KINDS,
    Evidence,
    LocalFile,
    LocalPart,
    Manifest,
    Requirement,
    Source,
    Target,
    Undecided,
)

if TYPE_CHECKING:
    from lazyimp.record import Record

__all__ = [
    "KINDS",
    "Evidence",
    "LocalFile",
    "LocalPart",
    "Manifest",
    "Requirement",
    "Source",
    "Target",
    "Undecided",
    "of",
]


def of(record: Record | str | os.PathLike[str], **options: Any) -> Manifest:
    """The manifest of a record, or of the one in a file.

    `options` are those of `lazyimp.manifest.build.Builder`: `target`, `extra`, `exclude`, `include`, `minimal`,
    `static`, `environment`. Raises RecordError for a file that is no record.
    """
    from lazyimp.manifest.build import Builder
    from lazyimp.record import read_record

    found = read_record(os.fspath(record)) if isinstance(record, (str, os.PathLike)) else record
    return Builder(found, **options).build()
