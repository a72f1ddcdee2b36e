"""`lazyimp status`: what lazyimp would do in this interpreter."""

import argparse
import json
import os
import sys

from lazyimp import __version__, _startup
from lazyimp.cli.startup_file import is_active

FORMAT = 1


class ShowStatus:
    """Show which core this interpreter gets, and whether the start-up line is in place."""

    name = "status"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare --json."""
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Print the facts."""
        facts = gather()
        if options.json:
            print(json.dumps({"format": FORMAT, **facts}, indent=2, sort_keys=True))
        else:
            print("\n".join(f"{key.replace('_', ' '):<13} {_text(value)}" for key, value in facts.items()))
        return 0


def gather() -> dict[str, object]:
    """What is true of this interpreter."""
    try:
        unsupported = _startup.unsupported(sure=True)
        core = None if unsupported else (_startup.core or _startup.choose()).name
    except _startup.Refused as reason:
        unsupported, core = str(reason), None
    return {
        "version": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "core": core,
        "extension": _startup.has_extension(),
        "startup_line": is_active(),
        "mode": _startup.mode,
        "refusal": unsupported or _startup.refusal,
        "recipes": recipes(),
        "profiles": profiles(core),
    }


def recipes() -> int | str:
    """How many recipes there are; in words where the build has not made them."""
    try:
        from lazyimp.recipes._table import RECIPES
    except ImportError:
        return "never built: mode deep is closed inside every distribution"
    return len(RECIPES)


def profiles(core: str | None) -> dict[str, str]:
    """The tuned profiles in this folder, and whether they would be used here."""
    from lazyimp import _profile

    found = {}
    for name in sorted(entry for entry in os.listdir() if entry.endswith(".lazyimp.toml")):
        try:
            found[name] = _profile.read(name).changed(core or "", __version__) or "fits"
        except (_profile.Damaged, OSError) as fault:
            found[name] = str(fault)
    return found


def _text(value: object) -> str:
    """A value for people."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {each}" for key, each in value.items()) or "none here"
    return (
        {None: "none", True: "yes", False: "no"}.get(value, str(value))
        if value in (None, True, False)
        else str(value)
    )
