"""What a syntax tree tells about the statements that run while a module is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# Where a statement stands
PLAIN, IN_TRY, IN_WITH, IN_CLASS = "", "try", "with", "class"


def module_level(
    body: Iterable[ast.stmt], place: str = PLAIN, top: int = 0
) -> Iterator[tuple[ast.stmt, str, int]]:
    """(statement, where it stands, the line of the module's statement around it), also inside if, for and class.

    Functions, and what is for type checkers only, are left out.
    """
    for node in body:
        line = top or first_line(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and is_type_checking(node.test):
            yield from module_level(node.orelse, place, line)
            continue
        yield node, place, line
        inner = place or _kind(node)
        for name in ("body", "orelse", "finalbody"):
            yield from module_level(getattr(node, name, ()), inner, line)
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from module_level(part.body, inner, line)


def _kind(node: ast.stmt) -> str:
    if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":  # 3.11 and later have that
        return IN_TRY
    if isinstance(node, ast.With | ast.AsyncWith):
        return IN_WITH
    return IN_CLASS if isinstance(node, ast.ClassDef) else PLAIN


def first_line(node: ast.stmt) -> int:
    """Where a statement begins, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def is_type_checking(test: ast.expr) -> bool:
    """`TYPE_CHECKING` or `typing.TYPE_CHECKING`."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def is_main_block(test: ast.expr) -> bool:
    """`__name__ == "__main__"`, either way round."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
    return sides == {"__name__", "'__main__'"}
