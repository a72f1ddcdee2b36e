"""What the tests of a report in a browser ask it: is it drawn, what is selected, where is a module."""

from __future__ import annotations

from typing import Any

from lazyimp.profile import Node, Profile

ROW, HEAD, LANE = 19, 36, 18  # as in icicle.js


def drawn(page: Any) -> Any:
    """The page once everything is drawn."""
    page.wait_for_selector("html[data-ready=yes], #trouble:not([hidden])", state="attached")
    assert page.inner_text("#trouble") == ""
    return page


def selected(page: Any) -> str:
    """The module that the why-pane is about."""
    return page.inner_text("#why-title")


def named(profile: Profile, name: str) -> Node:
    """The node of a module."""
    return next(node for node in profile.nodes if node.name == name)


def spot(page: Any, profile: Profile, name: str) -> dict[str, float]:
    """Where in the canvas a module of the first thread is drawn before anything was zoomed."""
    node = named(profile, name)
    by_id, depth, above = {n.id: n for n in profile.nodes}, 0, node
    while above.parent in by_id:
        depth, above = depth + 1, by_id[above.parent]
    until = profile.batch.at_s * 1.04
    width = page.evaluate("document.getElementById('icicle').clientWidth")
    return {
        "x": (node.start_s + node.wall_s / 2) / until * width,
        "y": HEAD + LANE + depth * ROW + ROW / 2,
    }
