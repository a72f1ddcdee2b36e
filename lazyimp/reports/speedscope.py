"""speedscope's evented JSON: a profile for each thread that imported something; www.speedscope.app opens it."""

from __future__ import annotations

import json
from typing import Any

from lazyimp import __version__
from lazyimp.profile import Node, Profile
from lazyimp.reports.tracks import Track, changes, tracks

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def render(profile: Profile) -> str:
    """The file's text."""
    frames: dict[tuple[str, str, int], int] = {}
    made = [_evented(track, profile, frames) for track in tracks(profile)] or [_nothing(profile)]
    document = {
        "$schema": SCHEMA,
        "name": profile.title,
        "activeProfileIndex": 0,
        "exporter": f"lazyimp@{__version__}",
        "shared": {"frames": [_frame(*key) for key in frames]},
        "profiles": made,
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def _evented(track: Track, profile: Profile, frames: dict[tuple[str, str, int], int]) -> dict[str, Any]:
    events = [
        {"type": "O" if opens else "C", "frame": frames.setdefault(_key(node), len(frames)), "at": at / 1000}
        for opens, node, at in changes(track)
    ]
    return {
        "type": "evented",
        "name": track.name(profile.processes),
        "unit": "microseconds",
        "startValue": min(0.0, events[0]["at"]),
        "endValue": events[-1]["at"],
        "events": events,
    }


def _key(node: Node) -> tuple[str, str, int]:
    return node.name, node.file, node.line


def _frame(name: str, file: str, line: int) -> dict[str, Any]:
    """A frame: the module, and the statement that asked for it."""
    place: dict[str, Any] = {"file": file} if file else {}
    return {"name": name, **place, **({"line": line} if file and line > 0 else {})}


def _nothing(profile: Profile) -> dict[str, Any]:
    """The profile of a run without imports; the format wants one."""
    shown = {"name": "main thread", "unit": "microseconds", "startValue": 0, "endValue": profile.end_s * 1e6}
    return {"type": "evented", **shown, "events": []}
