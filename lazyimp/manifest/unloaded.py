"""What packages import that were put off and never loaded: an eager run loads it, so it counts as if one had.

Only statements that run whenever the module is loaded are followed, through the modules of the package's own
distribution. Nothing is imported, and nothing parsed.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from collections.abc import Callable, Iterator

from lazyimp.manifest.needed import Needed
from lazyimp.manifest.resolve import Resolver

_STATEMENT = rb"(?:import[ \t]+([\w., \t]+)|from[ \t]+([\w.]+)[ \t]+import[ \t]*(?:\(([^)]*)\)|([^\n\\]+)))"
# with the newline: it is searched for far faster than the start of a line
_IMPORT_AT_MARGIN = re.compile(rb"\n" + _STATEMENT)
_IMPORT_INSIDE = re.compile(rb"\n([ \t]+)" + _STATEMENT)
# `if X_AVAILABLE:` and the like at the margin: the block runs if what it imports is there, and here it is
_IF_THERE = re.compile(
    rb"\n(?:el)?if[ \t][^\n]*(?:available|installed|\bhas_|\bhave_|_exists\b|_greater_equal)[^\n]*:[ \t]*(?:#[^\n]*)?"
    rb"(?=\n+([ \t]+))((?:\n[ \t][^\n]*|\n(?=\n))+)",
    re.IGNORECASE,
)


class Unloaded:
    """Walks the modules of one run that were never loaded; each once. `loaded` are the names of those that were."""

    def __init__(self, resolver: Resolver, needed: Needed, loaded: set[str]) -> None:
        self.resolver, self.needed, self.loaded = resolver, needed, loaded
        self.done: set[str] = set()
        self.known = {*sys.stdlib_module_names, *(name.partition(".")[0] for name in loaded)}

    def from_(self, name: str) -> Iterator[tuple[str, str]]:
        """(module, "file:line") of the modules of other packages that loading `name` comes to."""
        top = name.partition(".")[0]
        waiting = [name]
        while waiting:
            module = waiting.pop()
            path = self.resolver.file_of(module)
            if not path.endswith(".py") or module in self.loaded or module in self.done:
                continue
            self.done.add(module)
            above = module.rpartition(".")[0]
            if above:
                self.needed.note(self.resolver.file_of(above), [(path, 0)])
                waiting.append(above)
            for found, line in at_margin(path, module, self.resolver.has):
                other = found.partition(".")[0]
                if other == top:
                    self.needed.note(self.resolver.file_of(found), [(path, line)])
                    waiting.append(found)
                elif other not in self.known and _is_meant(path, line):
                    self.known.add(other)
                    yield found, f"{path}:{line}"


def _is_meant(path: str, line: int) -> bool:
    """The statement runs: what stands at the margin of a text in three quotes is an example."""
    with open(path, "rb") as file:
        before = b"".join(itertools.islice(file, line - 1))
    return not any(before.count(quotes) % 2 for quotes in (b'"""', b"'''"))


def at_margin(path: str, module: str, is_there: Callable[[str], bool]) -> list[tuple[str, int]]:
    """(absolute name, line) of what a file imports whenever it is loaded, as far as lines tell.

    That is what stands at the margin, and in blocks there that ask whether something is installed; such a block does
    not run where a package that it imports is not there, as `is_there` says of its name.
    """
    try:
        with open(path, "rb") as file:
            text = b"\n" + file.read()
    except OSError:
        return []
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    found: list[tuple[str, int]] = []
    line, at = 0, 0
    for match in _IMPORT_AT_MARGIN.finditer(text):
        line, at = line + text.count(b"\n", at, match.start() + 1), match.start() + 1
        found += [(each, line) for each in _imported(match, package)]
    for block in _IF_THERE.finditer(text) if b"if " in text else ():
        indent, inside = block.groups()
        matches = [match for match in _IMPORT_INSIDE.finditer(inside) if match.group(1) == indent]
        names = [_imported(match, package) for match in matches]
        if not all(is_there(each.partition(".")[0]) for several in names for each in several):
            continue
        for match, several in zip(matches, names, strict=True):
            line = text.count(b"\n", 0, block.start(2) + match.start() + 1)
            found += [(each, line) for each in several]
    return found


def _imported(match: re.Match[bytes], package: str) -> list[str]:
    """The absolute names of what a statement imports."""
    plain, base, several, one = match.groups()[-4:]
    if plain is not None:
        return _names(plain)
    start = base.decode("ascii", "replace")
    if start.startswith("."):
        try:
            start = importlib.util.resolve_name(start, package)
        except ImportError:  # beyond the top: it fails when it is loaded, too
            return []
    return [start, *(f"{start}.{each}" for each in _names(several or one))]


def _names(text: bytes) -> list[str]:
    """The names of an import statement, without what they are bound as, and without remarks."""
    plain = re.sub(rb"#[^\n]*", b"", text).decode("ascii", "replace")
    return [words[0] for each in plain.split(",") if (words := each.split()) and words[0] != "*"]
