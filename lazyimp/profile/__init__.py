"""Profiles: what a record means. `build_profile` turns one Record into one Profile; reporters take it from there."""

from lazyimp.profile.values import (
    FAILED,
    NEVER,
    REIFIED,
    Batch,
    DeferralRow,
    FileRow,
    Finding,
    MarkRow,
    Node,
    Package,
    PhaseRow,
    Process,
    Profile,
)

__all__ = [
    "FAILED",
    "NEVER",
    "REIFIED",
    "Batch",
    "DeferralRow",
    "FileRow",
    "Finding",
    "MarkRow",
    "Node",
    "Package",
    "PhaseRow",
    "Process",
    "Profile",
]
