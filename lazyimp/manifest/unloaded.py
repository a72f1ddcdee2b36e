"""What packages import that were put off and never loaded: an eager run loads it, so it counts as if one had.

Only statements at the margin are followed, through the modules of the package's own distribution; these run whenever
the module is loaded. Nothing is imported, and nothing parsed.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from collections.abc import Iterator

from lazyimp.manifest.needed import Needed
from lazyimp.manifest.resolve import Resolver

_AT_MARGIN = re.compile(
    rb"\n(?:import[ \t]+([\w., \t]+)|from[ \t]+([\w.]+)[ \t]+import[ \t]*(?:\(([^)]*)\)|([^\n\\]+)))"
)  # with the newline: it is searched for far faster than the start of a line


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
            for found, line in at_margin(path, module):
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


def at_margin(path: str, module: str) -> list[tuple[str, int]]:
    """(absolute name, line) of what stands at the margin of a file, whole statements or the first line of one."""
    try:
        with open(path, "rb") as file:
            text = b"\n" + file.read()
    except OSError:
        return []
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    found: list[tuple[str, int]] = []
    line, at = 0, 0
    for match in _AT_MARGIN.finditer(text):
        line, at = line + text.count(b"\n", at, match.start() + 1), match.start() + 1
        plain, base, several, one = match.groups()
        if plain is not None:
            found += [(each, line) for each in _names(plain)]
            continue
        start = base.decode("ascii", "replace")
        if start.startswith("."):
            try:
                start = importlib.util.resolve_name(start, package)
            except ImportError:  # beyond the top: it fails when it is loaded, too
                continue
        found.append((start, line))
        found += [(f"{start}.{each}", line) for each in _names(several or one)]
    return found


def _names(text: bytes) -> list[str]:
    """The names of an import statement, without what they are bound as, and without remarks."""
    plain = re.sub(rb"#[^\n]*", b"", text).decode("ascii", "replace")
    return [words[0] for each in plain.split(",") if (words := each.split()) and words[0] != "*"]
