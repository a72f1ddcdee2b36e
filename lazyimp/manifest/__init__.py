"""Manifests: the smallest set of dependencies that runs a program elsewhere, each with its kind and its reason."""

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
]
