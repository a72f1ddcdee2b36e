"""The HTML report: one file that needs no network, made from one Profile, or from two that are to be compared.

The page is page/page.html with the style sheet and the scripts beside it, which draw all but the headline from the
packed columns (columns.py) that the page carries. Its policy forbids every request and every script but its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from html import escape
from importlib.resources import files
from string import Template

from lazyimp import __version__
from lazyimp.profile import Profile
from lazyimp.reports.html import words
from lazyimp.reports.html.columns import Texts, profile_tables, row_fields

# In the order in which they build on each other; each says its one job in its first line.
SCRIPTS = (
    *("values", "words", "state", "overview", "icicle", "pointer", "keys"),
    *("why", "tables", "compare", "panes", "export", "start"),
)
# Browsers without DecompressionStream (before 2023) can still show a report of a few hundred imports.
PLAIN_BYTES = 48_000


def render(profile: Profile, other: Profile | None = None) -> str:
    """The whole page; with `other`, how that run (B) differs from `profile` (A). The same bytes for the same runs."""
    style, script = _style(), _script()
    form, data = packed([profile] if other is None else [profile, other])
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    head = words.headline(profile, other)
    texts = {name: escape(text) for name, text in head.items()}
    return Template(_page("page.html")).substitute(
        texts, policy=policy, version=escape(__version__), style=style, script=script, form=form, data=data
    )


def packed(profiles: list[Profile]) -> tuple[str, str]:
    """How the data is written, and the data: JSON where that is short, else compressed by zlib, in base64."""
    texts = Texts()
    tables = [profile_tables(each, texts) for each in profiles]
    data = {"format": 1, "fields": row_fields(), "profiles": tables, "texts": texts.rows}
    plain = json.dumps(data, separators=(",", ":"))
    if len(plain) <= PLAIN_BYTES:
        return "json", plain.replace("<", "\\u003c")  # nothing in it may end the script element
    return "deflate", base64.b64encode(zlib.compress(plain.encode("ascii"), 9)).decode("ascii")


def _page(name: str) -> str:
    return files("lazyimp.reports.html").joinpath("page", name).read_text(encoding="utf-8")


def _script() -> str:
    """All scripts as one, in a scope of its own."""
    lines = "\n".join(_page(f"{name}.js") for name in SCRIPTS).split("\n")
    kept = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("//")]
    return '"use strict";(()=>{\n' + "\n".join(kept) + "\n})();"


def _style() -> str:
    return "\n".join(line.strip() for line in _page("style.css").split("\n") if not line.startswith("/*"))


def _hash(text: str) -> str:
    """What a policy calls an element with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
