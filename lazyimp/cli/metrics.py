"""The figures of a start in one flat table, for dashboards and scripts."""

from __future__ import annotations

from typing import Any

from lazyimp.profile import REIFIED, Profile
from lazyimp.running.until import before_zero_s, modules

AFTER = "first-batch"
MARKS = {"ttff_s": "first fetch", "ttfs_s": "first step"}


def metrics(profile: Profile) -> dict[str, Any]:
    """Seconds, counts and bytes; None where the run did not come to it.

    ttfb, ttff and ttfs are the times to the first batch, the first fetch and the end of the first step.
    """
    batch = profile.batch
    before = [phase for phase in profile.phases if phase.name != AFTER]
    main = [node for node in profile.nodes if node.process == 0 and node.before_batch]
    late = [node for node in main if node.hidden and not node.parent and not node.thread]
    reified = [
        row for row in profile.deferrals if row.verdict == REIFIED and row.before_batch and not row.process
    ]
    to_end = profile.ttfb_s if batch is None else None
    return {
        "program": profile.title,
        "mode": profile.environment.get("mode"),
        "ttfb_s": _rounded(profile.ttfb_s) if batch is not None else None,
        "ttfb_cpu_s": _rounded(profile.ttfb_cpu_s) if batch is not None else None,
        "end_s": _rounded(to_end if to_end is not None else profile.end_s),
        "end_cpu_s": _rounded(profile.end_cpu_s),
        **{key: _at(profile, name) for key, name in MARKS.items()},
        "first_step_excess_s": _rounded(profile.first_step_excess_s),
        "imports_s": _rounded(imports_s(profile)),
        "imports_cpu_s": _rounded(sum(phase.imports_cpu_s for phase in before)),
        "hidden_imports_s": _rounded(sum(node.wall_s for node in late)),
        "modules": modules(profile),
        "deferred": profile.counts.get("deferred", 0),
        "never_used": profile.counts.get("never", 0),
        "reified_before_first_batch": len(reified),
        "maxrss_at_first_batch": batch.rss_bytes if batch is not None else None,
        "major_faults": batch.major_faults if batch is not None else None,
        "read_bytes": batch.read_bytes if batch is not None else None,
        "rule": batch.rule if batch is not None else None,
        "confidence": batch.confidence if batch is not None else None,
        "t0_source": profile.environment.get("t0_source"),
        "rank": profile.processes[0].rank if profile.processes else None,
    }


def imports_s(profile: Profile) -> float:
    """What imports took on the way to the first batch, one inside another counted once."""
    return sum(phase.imports_wall_s for phase in profile.phases if phase.name != AFTER)


def _at(profile: Profile, name: str) -> float | None:
    """When a mark came, from T0."""
    at = next((mark.at_s for mark in profile.marks if mark.name == name), None)
    return None if at is None else _rounded(at + before_zero_s(profile))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
