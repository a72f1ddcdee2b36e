"""Looks at the user's own code: imports that did not run, and imports that somebody waits for (inside try)."""

from __future__ import annotations

import ast
import functools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lazyimp.distributions import Distribution, Environment


@dataclass(frozen=True, slots=True)
class Written:
    """An import statement as written: the absolute module names it may load, and where it stands."""

    names: tuple[str, ...]
    line: int
    guarded: bool  # inside a try whose handler takes ImportError
    checking: bool  # below `if TYPE_CHECKING:`: for type checkers only


@functools.lru_cache(maxsize=4096)
def imports_of(path: str) -> tuple[Written, ...]:
    """The import statements of a source file; none where it cannot be read or parsed."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_statements(tree, False, False))


def _statements(node: ast.AST, guarded: bool, checking: bool) -> Iterator[Written]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield Written(tuple(alias.name for alias in child.names), child.lineno, guarded, checking)
        elif isinstance(child, ast.ImportFrom) and not child.level and child.module:
            names = (child.module, *(f"{child.module}.{alias.name}" for alias in child.names))
            yield Written(names, child.lineno, guarded, checking)
        elif isinstance(child, ast.Try):
            caught = guarded or any(_takes_import_error(each) for each in child.handlers)
            yield from _statements(ast.Module(child.body, []), caught, checking)
            for handler in child.handlers:
                yield from _statements(handler, guarded, checking)
            yield from _statements(ast.Module([*child.orelse, *child.finalbody], []), guarded, checking)
        elif isinstance(child, ast.If) and _asks_type_checker(child.test):
            yield from _statements(ast.Module(child.body, []), guarded, True)
            yield from _statements(ast.Module(child.orelse, []), guarded, checking)
        elif isinstance(child, ast.With) and any("suppress" in ast.dump(item) for item in child.items):
            yield from _statements(child, True, checking)
        else:
            yield from _statements(child, guarded, checking)


def _takes_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def _asks_type_checker(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)}


def is_guarded(path: str, line: int) -> bool:
    """The import statement at that line waits for its outcome. Only the top-level statement around it is parsed."""
    lines = _lines(path)
    if not 0 < line <= len(lines) or lines[line - 1].startswith(("import ", "from ")):
        return False
    first = next((at for at in range(line - 1, -1, -1) if _begins(lines[at])), 0)
    end = next((at for at in range(line, len(lines)) if _begins(lines[at])), len(lines))
    try:
        tree = ast.parse("\n".join(lines[first:end]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return any(each.guarded for each in imports_of(path) if each.line == line)
    return any(each.guarded for each in _statements(tree, False, False) if each.line == line - first)


@functools.lru_cache(maxsize=256)
def _lines(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return []


def _begins(line: str) -> bool:
    """A statement begins at the margin, and goes on with nothing that belongs to the one before."""
    return line[:1].strip() not in ("", "#", ")", "]", "}") and not line.startswith(
        ("else", "elif", "except", "finally")
    )


def wanted(files: Iterable[str]) -> set[str]:
    """Top-level names that the files import for good: not inside try, not for type checkers."""
    return {
        name.partition(".")[0]
        for path in files
        for each in (imports_of(path) if path.endswith(".py") else ())
        if not each.guarded and not each.checking
        for name in each.names
    }


def unobserved(files: Iterable[str], observed: Iterable[str]) -> dict[str, str]:
    """Top-level names that the files import and that were not observed -> where ("file:line")."""
    loaded = {name.partition(".")[0] for name in observed}
    found: dict[str, str] = {}
    for path in sorted(files):
        for each in imports_of(path) if path.endswith(".py") else ():
            for top in () if each.checking else {name.partition(".")[0] for name in each.names}:
                if top not in loaded and top not in sys.stdlib_module_names:
                    found.setdefault(top, f"{os.path.basename(path)}:{each.line}")
    return found


def provider(name: str, environment: Environment) -> Distribution | None:
    """The distribution that installs the top-level module `name`, without importing it."""
    for site in environment.sites:
        for tail in (os.path.join(name, "__init__.py"), f"{name}.py"):
            owners = environment.owners(os.path.join(site, tail))
            if owners:
                return owners[0]
    return next((each for each in environment.distributions if name in each.top_level), None)
