"""Looks at the user's own code: imports that did not run, and imports that somebody waits for (inside try)."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lazyimp.distributions import Distribution, Environment


class Written(NamedTuple):
    """An import statement as written: the absolute module names it may load, and where it stands."""

    names: tuple[str, ...]
    line: int
    guarded: bool  # inside a try whose handler takes ImportError
    checking: bool  # below `if TYPE_CHECKING:`: for type checkers only
    at_start: bool = True  # not in a function
    relative: tuple[str, ...] = ()  # the same for names with leading dots
    passed: bool = False  # guarded by a handler of nothing but `pass`: whatever uses the name needs it


@functools.lru_cache(maxsize=4096)
def imports_of(path: str) -> tuple[Written, ...]:
    """The import statements of a source file; none where it cannot be read or parsed."""
    try:
        with open(path, "rb") as file:
            return imports_in(file.read())
    except OSError:
        return ()


def imports_in(source: bytes | str) -> tuple[Written, ...]:
    """The import statements of a source text; none where it cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_statements(tree, _Where()))


class _Where(NamedTuple):
    """What is around a statement."""

    guarded: bool = False
    checking: bool = False
    at_start: bool = True
    passed: bool = False


def _statements(node: ast.AST, where: _Where) -> Iterator[Written]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield _written(child, where)
        elif isinstance(child, ast.Try):
            taking = [each for each in child.handlers if _takes_import_error(each)]
            inside = where
            if taking:
                passed = all(isinstance(each.body[0], ast.Pass) for each in taking)
                inside = where._replace(guarded=True, passed=passed and (where.passed or not where.guarded))
            yield from _statements(ast.Module(child.body, []), inside)
            for handler in child.handlers:
                yield from _statements(handler, where)
            yield from _statements(ast.Module(child.orelse, []), inside)
            yield from _statements(ast.Module(child.finalbody, []), where)
        elif isinstance(child, ast.If) and _asks_type_checker(child.test):
            yield from _statements(ast.Module(child.body, []), where._replace(checking=True))
            yield from _statements(ast.Module(child.orelse, []), where)
        elif isinstance(child, ast.With) and _suppresses(child):
            yield from _statements(child, where._replace(guarded=True))
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _statements(child, where._replace(at_start=False))
        else:
            yield from _statements(child, where)


def _written(node: ast.Import | ast.ImportFrom, where: _Where) -> Written:
    names = tuple(alias.name for alias in node.names)
    relative: tuple[str, ...] = ()
    if isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        joined = base + ("." if node.module else "")
        found = (*((base,) if node.module else ()), *(f"{joined}{name}" for name in names))
        names, relative = ((), found) if node.level else (found, ())
    return Written(names, node.lineno, where.guarded, where.checking, where.at_start, relative, where.passed)


def _takes_import_error(handler: ast.ExceptHandler) -> bool:
    """An ImportError ends here: one that is raised again, or turned into another error, does not."""
    if isinstance(handler.body[-1], ast.Raise):
        return False
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


_LETS_PASS = re.compile(r"suppress|(?:try|optional|maybe|soft)_?import", re.IGNORECASE).search


def _suppresses(node: ast.With) -> bool:
    """A context that lets an ImportError pass, by the name of what makes it."""
    made = [item.context_expr for item in node.items]
    names = [each for expression in made for each in ast.walk(expression)]
    return any(_LETS_PASS(getattr(each, "id", getattr(each, "attr", ""))) for each in names)


def _asks_type_checker(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)}


def imported_by(path: str, module: str) -> list[tuple[str, str]]:
    """(module, "file:line") of what module `module`, in that file, imports when it is loaded."""
    package = module if os.path.basename(path) == "__init__.py" else module.rpartition(".")[0]
    found = []
    for each in imports_of(path):
        if not each.at_start or each.checking:
            continue
        place = f"{path}:{each.line}"
        found += [(name, place) for name in each.names]
        for name in each.relative if package else ():
            try:
                found.append((importlib.util.resolve_name(name, package), place))
            except ImportError:  # beyond the top: it fails when it is loaded, too
                continue
    return found


@functools.lru_cache(maxsize=8192)
def is_guarded(path: str, line: int) -> bool:
    """Whoever imports at that line waits for the outcome: inside a try that takes ImportError, or `with suppress`.

    Only the top-level statement around the line is parsed.
    """
    lines = _lines(path)
    if not 0 < line <= len(lines) or stands_at_margin(path, line):
        return False
    first = next((at for at in range(line - 1, -1, -1) if _begins(lines[at])), 0)
    end = next((at for at in range(line, len(lines)) if _begins(lines[at])), len(lines))
    try:
        tree = ast.parse("\n".join(lines[first:end]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return any(each.guarded for each in imports_of(path) if each.line == line)
    return _holds(tree.body, line - first)


def stands_at_margin(path: str, line: int) -> bool:
    """Whatever stands at that line runs whenever the file does; so does what cannot be looked at."""
    lines = _lines(path)
    return not 0 < line <= len(lines) or not lines[line - 1].startswith((" ", "\t"))


def _holds(body: list[ast.stmt], line: int) -> bool:
    """The line is in the body of a try or with among these that lets an ImportError pass, or behind a question.

    That is an `if not available(): return` before it: what follows runs only because something is installed.
    """
    for node in body:
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, ast.If) and node.lineno < line and _leaves_without(node):
                return True
            continue
        if isinstance(node, ast.Try) and any(map(_takes_import_error, node.handlers)):
            # what follows below `else` runs only if it could be imported
            for block in filter(None, (node.body, node.orelse)):
                if block[0].lineno <= line <= (block[-1].end_lineno or 0):
                    return True
        elif isinstance(node, ast.With) and _suppresses(node):
            return True
        blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        blocks += [each.body for each in (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))]
        return any(_holds(block, line) for block in blocks)
    return False


_ASKS_WHETHER = re.compile(r"available|installed|has_|have_|_exists|find_spec", re.IGNORECASE).search


def _leaves_without(node: ast.If) -> bool:
    """`if not available(): return`: the test asks whether something is installed."""
    asked = (getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(node.test))
    return isinstance(node.body[-1], ast.Return) and any(map(_ASKS_WHETHER, asked))


def tried_before(path: str, line: int) -> bool:
    """What is imported at that line the file has tried to import before, inside a try that takes ImportError."""
    written = imports_of(path)
    tops = {name.partition(".")[0] for each in written if each.line == line for name in each.names}
    return any(
        each.guarded
        and each.line < line
        and not tops.isdisjoint(name.partition(".")[0] for name in each.names)
        for each in written
    )


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
    """Top-level names that the files import for good: not for type checkers, and not inside a try that copes."""
    return {
        name.partition(".")[0]
        for path in files
        for each in (imports_of(path) if path.endswith(".py") else ())
        if (each.passed or not each.guarded) and not each.checking
        for name in each.names
    }


def named(files: Iterable[str]) -> dict[str, str]:
    """Modules that the files import, wherever, but for type checkers -> where ("file:line")."""
    found: dict[str, str] = {}
    for path in files:
        for each in imports_of(path) if path.endswith(".py") else ():
            for name in () if each.checking else each.names:
                found.setdefault(name, f"{path}:{each.line}")
    return found


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
