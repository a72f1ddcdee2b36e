"""Manifests: the smallest set of dependencies that runs a program elsewhere, each with its kind and its reason.

The module itself makes one of a record: `lazyimp.manifest("run.jsonl")`, or `of`, which is the same.
`lazyimp.manifest.outputs` writes it for those that install.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
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
    from collections.abc import Callable

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


class CallableModule(ModuleType):
    """The class of this module: `lazyimp.manifest(record)` is `lazyimp.manifest.of(record)`."""

    of: Callable[..., Manifest]  # for checkers, to whom no module can be called

    def __call__(self, record: Record | str | os.PathLike[str], **options: Any) -> Manifest:
        """The manifest of a record, or of the one in a file; see `of`."""
        return of(record, **options)


sys.modules[__name__].__class__ = CallableModule
