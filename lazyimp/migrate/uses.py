"""Where a file reads the names that its imports bind: while it is imported, in functions, in annotations."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lazyimp.syntax import is_main_block, is_type_checking


@dataclass(frozen=True)
class Uses:
    """How one name is used.

    `now`: the first line that reads it while the module is imported, 0 for none; `always`: the first one that is in
    no branch, and so runs whatever the program is told. `functions`: the outermost
    functions that read it. `annotated`: annotations name it. `rebound`: something else binds it, too.
    `exported`: others are meant to take it from here.
    """

    now: int = 0
    always: int = 0
    functions: tuple[str, ...] = ()
    annotated: bool = False
    rebound: bool = False
    exported: bool = False

    @property
    def is_never_named(self) -> bool:
        """Nothing in the file needs it."""
        return not (self.now or self.functions or self.annotated or self.exported)


class Reader(ast.NodeVisitor):
    """Reads one module's tree; `of` answers for its names."""

    def __init__(self, tree: ast.Module, is_package: bool) -> None:
        self._is_package = is_package
        self._now: dict[str, int] = {}
        self._always: dict[str, int] = {}
        self._branches = 0  # around what is being visited
        self._functions: dict[str, dict[str, None]] = defaultdict(dict)
        self._annotated: set[str] = set()
        self._rebound: set[str] = set()
        self._exported: set[str] = set()
        self._scopes: list[frozenset[str]] = []  # names local to the functions around
        self._function = ""
        self.are_strings = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )
        self._is_annotation = self._is_class = False
        self.visit(tree)

    def of(self, name: str) -> Uses:
        """How a name of the module is used."""
        return Uses(
            self._now.get(name, 0),
            self._always.get(name, 0),
            tuple(self._functions.get(name, ())),
            name in self._annotated,
            name in self._rebound,
            name in self._exported or (self._is_package and not name.startswith("_")),
        )

    # -- names -------------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        """A name is read or bound."""
        if any(node.id in scope for scope in self._scopes):
            return
        if not isinstance(node.ctx, ast.Load):
            if not self._function and not self._is_class:
                self._rebound.add(node.id)
        elif self._is_annotation:
            self._annotated.add(node.id)
        elif self._function:
            self._functions[node.id][self._function] = None
        else:
            self._now.setdefault(node.id, node.lineno)
            if not self._branches:
                self._always.setdefault(node.id, node.lineno)

    def visit_Global(self, node: ast.Global) -> None:
        """A function binds names of the module."""
        self._rebound.update(node.names)

    def visit_alias(self, node: ast.alias) -> None:
        """`import x as x` says that it is for others."""
        if node.asname == node.name:
            self._exported.add(node.name)

    def visit_Assign(self, node: ast.Assign) -> None:
        """`__all__` says what is for others."""
        if any(isinstance(each, ast.Name) and each.id == "__all__" for each in node.targets):
            self._export(node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """`__all__ += [...]`."""
        if isinstance(node.target, ast.Name) and node.target.id == "__all__":
            self._export(node.value)
        self.generic_visit(node)

    def _export(self, value: ast.expr) -> None:
        for node in ast.walk(value):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._exported.add(node.value)

    # -- scopes ------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Decorators and defaults run now, the body when it is called."""
        if not self._function and not self._is_class:
            self._rebound.add(node.name)
        self._visit_all(node.decorator_list)
        arguments = node.args
        self._visit_all([*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)])
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        for each in (*(each.annotation for each in every if each is not None), node.returns):
            self._annotation(each)
        self._enter(node.name, locals_of(node), node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # the visitor's naming

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its body runs when it is called."""
        arguments = node.args
        self._visit_all([*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)])
        self._enter("a lambda", locals_of(node), [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """All of it runs now but its methods."""
        if not self._function and not self._is_class:
            self._rebound.add(node.name)
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        before, self._is_class = self._is_class, True
        self._visit_all(node.body)
        self._is_class = before

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """An annotation in a module or class may be looked at while it is made; in a function it never is."""
        if self._is_class and not self._function and not self.are_strings:
            self._string(node.annotation)
            self.visit(node.annotation)
        else:
            self._annotation(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        """What is for type checkers does not run, and what is for the main program runs last, in it alone."""
        if is_type_checking(node.test):
            self.visit(node.test)
            self._visit_all(node.orelse)
        elif is_main_block(node.test) and not self._function:
            self._enter("the main block", frozenset(), node.body)
            self._visit_all(node.orelse)
        else:
            self.visit(node.test)
            self._branch((*node.body, *node.orelse))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """One of two values is made."""
        self.visit(node.test)
        self._branch((node.body, node.orelse))

    def visit_While(self, node: ast.While) -> None:
        """Its body may never run."""
        self.visit(node.test)
        self._branch((*node.body, *node.orelse))

    def visit_For(self, node: ast.For) -> None:
        """Its body may never run."""
        self._visit_all((node.target, node.iter))
        self._branch((*node.body, *node.orelse))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """It runs where something fails."""
        self._branch((*([node.type] if node.type is not None else []), *node.body))

    def visit_match_case(self, node: ast.match_case) -> None:
        """One of several runs."""
        self.visit(node.pattern)
        self._branch((*([node.guard] if node.guard is not None else []), *node.body))

    def _branch(self, nodes: Iterable[ast.AST]) -> None:
        self._branches += 1
        self._visit_all(nodes)
        self._branches -= 1

    def _enter(self, name: str, local: frozenset[str], body: Iterable[ast.AST]) -> None:
        before = self._function, self._is_class, self._is_annotation
        self._function = self._function or name
        self._is_class = self._is_annotation = False
        self._scopes.append(local)
        self._visit_all(body)
        self._scopes.pop()
        self._function, self._is_class, self._is_annotation = before

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    # -- annotations -------------------------------------------------------------------------------------

    def _annotation(self, node: ast.expr | None) -> None:
        if node is None:
            return
        self._string(node)
        before, self._is_annotation = self._is_annotation, True
        self.visit(node)
        self._is_annotation = before

    def _string(self, node: ast.expr) -> None:
        """Names in quotes."""
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                try:
                    inner = ast.parse(each.value, mode="eval")
                except (SyntaxError, ValueError):
                    continue
                self._annotated.update(name.id for name in ast.walk(inner) if isinstance(name, ast.Name))


def locals_of(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """The names that a function binds for itself."""
    arguments = function.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    found = {each.arg for each in every if each is not None}
    outer: set[str] = set()
    waiting: list[ast.AST] = list(function.body) if not isinstance(function, ast.Lambda) else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda | ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
            continue
        if isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        waiting += list(ast.iter_child_nodes(node))
    return frozenset(found - outer)
