"""What a job waited for between being asked for and its command, in words."""

from __future__ import annotations

from typing import Any

from lazyimp.ship.channels.talk import printable


def queue_remark(state: dict[str, Any]) -> str:
    """Where the job waited until its command began."""
    if state.get("slurm"):
        number, node = printable(str(state["slurm"])), printable(str(state.get("node", "a node")))
        return f"in Slurm's queue (job {number}), until the command began on {node}"
    return "until the command began"
