"""What a target's own code names at module level, followed from file to file without running or installing anything.

A name is the project's own where its file lies in the project, the standard library's where this Python has it,
and a package in every other case, so that a hook gives the same answer in an environment of its own.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lazyimp.gate.loaded import OURS, Step, shown
from lazyimp.syntax import module_level
from lazyimp.tuning.statements import absolute


@dataclass(frozen=True)
class Named:
    """Where a package is named first: file, line, column, and how one gets to that file from the target."""

    package: str
    module: str
    file: str
    line: int
    column: int
    chain: tuple[Step, ...]


@dataclass
class Survey:
    """All packages that are named, the own modules that were read, and the files that could not be."""

    packages: dict[str, Named] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)  # module -> file
    unread: list[str] = field(default_factory=list)

    def matching(self, test: Iterable[str]) -> list[Named]:
        """The packages among `test`, in the order in which they are named."""
        wanted = set(test)
        return [named for top, named in self.packages.items() if top in wanted]


@dataclass(frozen=True)
class _Module:
    name: str
    package: str
    file: str
    source: bytes
    chain: tuple[Step, ...]


def survey(words: Sequence[str], roots: Sequence[str]) -> Survey:
    """What the program that `words` start (as behind the interpreter) names; `roots` are where own code lies."""
    found = Survey()
    waiting = [each for each in (_start(words, roots),) if each is not None]
    while waiting:
        module = waiting.pop(0)
        found.own[module.name] = module.file
        try:
            tree = ast.parse(module.source)
        except (SyntaxError, ValueError) as error:
            found.unread.append(f"{shown(module.file)}: {error}")
            continue
        for target, node in _named(tree, module.package):
            waiting += _follow(target, node, module, roots, found)
    return found


def _follow(
    target: str, node: ast.stmt, module: _Module, roots: Sequence[str], found: Survey
) -> Iterator[_Module]:
    """The own modules that a name leads to and that were not read yet; a package is noted."""
    top = target.partition(".")[0]
    step = Step(shown(module.file), node.lineno, target, is_own=True)
    parts = target.split(".")
    files = [(".".join(parts[:count]), _file_of(parts[:count], roots)) for count in range(1, len(parts) + 1)]
    if all(file is None for _, file in files):
        if top not in sys.stdlib_module_names and top not in OURS and top not in found.packages:
            place = (shown(module.file), node.lineno, node.col_offset + 1)
            found.packages[top] = Named(top, target, *place, (*module.chain, step))
        return
    for name, file in files:
        if file and name not in found.own:
            found.own[name] = file
            source = _read(file)
            if source is not None:
                package = name if os.path.basename(file) == "__init__.py" else name.rpartition(".")[0]
                yield _Module(name, package, file, source, (*module.chain, step))


def _start(words: Sequence[str], roots: Sequence[str]) -> _Module | None:
    """The module that the program starts with."""
    if words[0] == "-c":
        return _Module("__main__", "", "<string>", words[1].encode(), ())
    if words[0] == "-m":
        parts = words[1].split(".")
        file = _file_of([*parts, "__main__"], roots) or _file_of(parts, roots)
        package = (
            words[1] if file and os.path.basename(file) == "__main__.py" else words[1].rpartition(".")[0]
        )
    else:
        file = words[0]
        if os.path.isdir(file):
            file = os.path.join(file, "__main__.py")
        package = ""
    source = _read(file) if file else None
    return None if source is None or file is None else _Module("__main__", package, file, source, ())


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _file_of(parts: Sequence[str], roots: Sequence[str]) -> str | None:
    """The file of an own module; "" for a folder without one that holds modules, None for what is not ours."""
    for root in roots:
        base = os.path.join(root, *parts)
        for path in (os.path.join(base, "__init__.py"), f"{base}.py"):
            if os.path.isfile(path):
                return path
        # a folder of data or logs may be called like a package that is installed
        if os.path.isdir(base) and any(name.endswith(".py") for name in os.listdir(base)):
            return ""
    return None


# -- import statements of a module's body ------------------------------------------------------------------


def _named(tree: ast.Module, package: str) -> Iterator[tuple[str, ast.stmt]]:
    """(absolute name, statement) for all that is imported outside functions, in order; from-names, too."""
    for node, _, _ in module_level(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node.module, node.level, package)
            if base:
                yield base, node
                for alias in node.names:
                    if alias.name != "*":
                        yield f"{base}.{alias.name}", node
