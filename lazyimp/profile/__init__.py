"""Profiles: what a record means. `build_profile` turns one Record into one Profile; reporters take it from there.

`merge` does so for the records of a job's ranks, `compare` puts profiles side by side, `why` asks one about a module.
"""

from lazyimp.profile.building import build_profile
from lazyimp.profile.comparison import Change, Comparison, Side, compare
from lazyimp.profile.ranks import ProfileError, merge
from lazyimp.profile.spread import Verdict, judge
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
    Rank,
    Request,
)
from lazyimp.profile.why import Asked, Step, Why, why
from lazyimp.record import RUNNING

__all__ = [
    "FAILED",
    "NEVER",
    "REIFIED",
    "RUNNING",
    "Asked",
    "Batch",
    "Change",
    "Comparison",
    "DeferralRow",
    "FileRow",
    "Finding",
    "MarkRow",
    "Node",
    "Package",
    "PhaseRow",
    "Process",
    "Profile",
    "ProfileError",
    "Rank",
    "Request",
    "Side",
    "Step",
    "Verdict",
    "Why",
    "build_profile",
    "compare",
    "judge",
    "merge",
    "why",
]
