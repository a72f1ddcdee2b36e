"""The import statements of one file that run while it is imported, and where each stands."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from dataclasses import dataclass

from lazyimp.migrate.source import Source
from lazyimp.syntax import first_line, module_level
from lazyimp.tuning.statements import absolute

LIST = "__lazy_modules__"


@dataclass(frozen=True)
class Statement:
    """One import statement: `targets` are the modules it names, absolute; `names` what `from` takes, else None."""

    line: int
    end_line: int
    column: int  # as editors count
    offset: int  # of its first byte
    targets: tuple[str, ...]
    names: tuple[str, ...] | None
    bound: tuple[str, ...]
    place: str
    top_line: int  # of the statement of the module's body that it is, or is in
    is_lazy: bool = False  # `lazy` stands before it

    @property
    def written(self) -> str:
        """What it imports, for people."""
        if self.names is None:
            return ", ".join(self.targets)
        return f"{', '.join(self.names)} from {self.targets[0]}"


@dataclass(frozen=True)
class Declared:
    """A `__lazy_modules__` of the file: the names in it, and where one more can be put; None: it is no literal."""

    names: frozenset[str]
    insert_at: int | None
    is_empty: bool


def module_name(path: str) -> tuple[str, str]:
    """(dotted name, package) of a file, by the __init__.py files above it."""
    folder, file = os.path.split(os.path.abspath(path))
    parts = [] if file == "__init__.py" else [file.removesuffix(".py")]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        parts.insert(0, name)
    name = ".".join(parts)
    return name, name if file == "__init__.py" else name.rpartition(".")[0]


def statements_of(source: Source) -> list[Statement]:
    """The statements in their order; those in functions and under TYPE_CHECKING are not among them."""
    package = module_name(source.path)[1]
    found = []
    for node, place, top in module_level(source.tree.body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            statement = _statement(source, node, place, top, package)
            if statement is not None:
                found.append(statement)
    return found


def _statement(
    source: Source, node: ast.Import | ast.ImportFrom, place: str, top: int, package: str
) -> Statement | None:
    offset = source.offset(node.lineno, node.col_offset)
    names: tuple[str, ...] | None = None
    if isinstance(node, ast.Import):
        targets = tuple(alias.name for alias in node.names)
        bound = tuple(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    else:
        base = absolute(node.module, node.level, package)
        if base is None:
            return None  # dots that lead nowhere: it raises
        targets, names = (base,), tuple(alias.name for alias in node.names)
        bound = tuple(alias.asname or alias.name for alias in node.names)
    is_lazy = offset in source.lazy_offsets
    column = source.column(node.lineno, node.col_offset)
    end = node.end_lineno or node.lineno
    return Statement(node.lineno, end, column, offset, targets, names, bound, place, top, is_lazy)


def declared(source: Source) -> Declared | None:
    """The file's `__lazy_modules__`, or None."""
    for node in source.tree.body:
        targets: Sequence[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(each, ast.Name) and each.id == LIST for each in targets):
            return _declared(source, getattr(node, "value", None))
    return None


def _declared(source: Source, value: ast.expr | None) -> Declared:
    if not isinstance(value, ast.List | ast.Tuple | ast.Set):
        return Declared(frozenset(), None, False)
    names = [
        each.value for each in value.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if len(names) < len(value.elts):
        return Declared(frozenset(names), None, False)
    if not value.elts:
        return Declared(frozenset(), source.offset(value.lineno, value.col_offset) + 1, True)
    last = value.elts[-1]
    assert last.end_lineno is not None and last.end_col_offset is not None
    return Declared(frozenset(names), source.offset(last.end_lineno, last.end_col_offset), False)


def line_for_list(source: Source, first: Statement) -> int:
    """The line of the statement that a `__lazy_modules__` for `first` and what follows it should precede."""
    for node in source.tree.body:
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
            return min(node.lineno, first.top_line)
    return first.top_line


def place_for_list(source: Source, line: int) -> int | None:
    """Where a `__lazy_modules__` can go, before the module's statement on `line`.

    None where that statement shares its line with a docstring or a directive, which have to come first.
    """
    body = source.tree.body
    at = next(number for number, node in enumerate(body) if first_line(node) == line)
    while at and (body[at - 1].end_lineno or 0) == first_line(body[at]):
        at -= 1
    first = body[at]
    if isinstance(first, ast.ImportFrom) and first.module == "__future__":
        return None
    if at == 0 and isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
        return None
    return source.starts[first_line(first) - 1]
