"""`lazyimp explain`: what a message's code means; of a module, what `lazyimp why` says."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from lazyimp import codes
from lazyimp.cli import code_text
from lazyimp.cli.style import Style
from lazyimp.cli.why import Why
from lazyimp.errors import UsageError, unknown_word

if TYPE_CHECKING:
    from lazyimp.codes import Code

SCHEMA = "lazyimp-explain/1"


class Explain(Why):
    """Say what a message's code means (LZ203), or why a module was loaded; without a word, list the codes."""

    name = "explain"
    words = "?"

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Explain the word."""
        word = options.module
        if word is None:
            return told(list(codes.CODES), options.json)
        found = codes.find(word)
        if found is not None:
            return told([found], options.json)
        if codes.looks_like_code(word):
            raise UsageError(unknown_word("code", word, tuple(each.code for each in codes.CODES)))
        return super().run(options, rest)


def told(found: list[Code], in_json: bool) -> int:
    """Print one code at length, or the titles of several."""
    style = Style.of(sys.stdout)
    if in_json:
        rows = [code_text.as_json(each) for each in found]
        print(json.dumps({"schema": SCHEMA, "exit_code": 0, "codes": rows}, indent=2, sort_keys=True))
    elif len(found) == 1:
        print("\n".join(code_text.as_text(found[0], style)))
    else:
        print("\n".join(code_text.overview(style)))
    return 0
