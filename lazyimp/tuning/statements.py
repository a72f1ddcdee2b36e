"""Which import statements a program's modules hold, and what a mode decides about each of them.

Read from the modules' code by the extension, in this process, with the policy that the program would have;
the program's import path is put in force for the time of the reading. Only statements of module bodies count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import machinery
from opcode import opmap
from types import CodeType
from typing import TYPE_CHECKING

from lazyimp import _inside, _policy, _recipes, _units, _verdict
from lazyimp.errors import UnsupportedError
from lazyimp.tuning.search import Item

if TYPE_CHECKING:
    from lazyimp._config import Config

    # "EAGER" of the policy's words, and the reason
    Decision = tuple[str, str]

# lazyimp_c/core.h: flags of a statement and of a module
STAR, PATH_WINDOW, BEFORE_ENVIRON, FINALIZER = 8, 16, 32, 64
READS_NAMESPACE, SYS_MODULES_TOP, SYS_MODULES, MENTIONS_NAMESPACE, LISTS_NAMES = 1, 2, 4, 8, 16
STAR_DEPTH = 4
IN_BLOCKS = sys.version_info < (3, 11)  # what stands inside try is known while it runs, not from the code


@dataclass(frozen=True)
class Statement:
    """One import statement: `names` are what `from` takes, None for a plain import."""

    unit: str
    importer: str
    file: str
    line: int
    target: str
    names: tuple[str, ...] | None
    context: int

    @property
    def written(self) -> str:
        """The right-hand side of a profile's row."""
        return f"{self.target}: {', '.join(self.names)}" if self.names else self.target

    @property
    def item(self) -> Item:
        """What the search calls it."""
        return self.unit, self.importer, self.written

    @property
    def is_protected(self) -> bool:
        """It stands inside try or with."""
        return bool(self.context & _verdict.PROTECTED)

    def loads(self, known: Mapping[str, object]) -> list[str]:
        """The modules it loads, among the `known` ones: the target, and submodules that `from` names."""
        wanted = [self.target, *(f"{self.target}.{name}" for name in self.names or ())]
        return [name for name in wanted if name in known]


class OpenAll:
    """A profile that opens every unit, to ask the policy what could be opened at all."""

    def touches(self, importer: str) -> bool:
        """No rows."""
        return False

    def names(self, importer: str, top: str) -> frozenset[str] | None:
        """No rows."""
        return frozenset()

    def decide(self, importer: str, target: str, names: tuple[str, ...] | None) -> None:
        """No rows."""

    def opens(self, unit: str) -> int:
        """Everything but the recipes' rows."""
        return _verdict.OPEN | _verdict.OPEN_TRY | _verdict.OPEN_UNUSED


class Reader:
    """The statements of a program's modules (`modules`: name -> file), and the policies to ask about them."""

    def __init__(self, modules: Mapping[str, str | None], path: Sequence[str], config: Config | None) -> None:
        try:
            from lazyimp_c import analyse
        except ImportError:
            message = "reading import statements needs the extension, and this installation has none"
            raise UnsupportedError(message) from None
        self.modules = modules
        self._analyse = analyse
        self._path = list(path)
        self._config = config
        self._units = _units.Units()
        self._recipes: _recipes.Recipes | None = None
        self._imports: dict[str, list[tuple[str, tuple[str, ...], Statement | None]]] = {}
        self._loaders: dict[str, tuple[str, Statement | None]] = {}
        self._stores: dict[str, frozenset[str] | None] = {}
        with self._program_path():
            self._plain = {
                mode: _policy.Policy(mode, config, self._units) for mode in _policy.MODES if mode != "all"
            }
            self._plain["all"] = _policy.Policy("all", config, self._units)
            self._open = _policy.Policy("deep", config, self._units, profile=OpenAll())
            self.statements = list(self._read())

    @contextmanager
    def _program_path(self) -> Iterator[None]:
        before = sys.path[:]
        sys.path[:] = [*self._path, *(entry for entry in before if entry not in self._path)]
        try:
            yield
        finally:
            sys.path[:] = before

    # -- what may be lazy -------------------------------------------------------------------------------

    def deferred(self, mode: str) -> list[Statement]:
        """The statements that `mode` defers."""
        with self._program_path():
            return [each for each in self.statements if self._decide(self._plain[mode], each)[0] != "eager"]

    def openable(self, native: bool) -> dict[Statement, str]:
        """Those that mode deep keeps eager and a profile may defer, with deep's reason.

        They loaded something in the eager run, so what they import is there. Core `native` cannot defer a
        `from` inside try, nor what a package imports of itself without naming it; no core can defer a dotted
        import inside try.
        """
        found = {}
        with self._program_path():
            for each in self.statements:
                if not each.loads(self.modules):
                    continue
                if each.is_protected and (
                    (native or not self._has_names(each)) if each.names else "." in each.target
                ):
                    continue
                if native and _is_for_effect(each):
                    continue
                decision, reason = self._decide(self._plain["deep"], each)
                if decision == "eager" and self._can_open(each):
                    found[each] = reason
        return found

    def _can_open(self, each: Statement) -> bool:
        if self._decide(self._open, each)[0] != "eager":
            return True
        # inside try or with, and the eager run found what is imported there: nothing is left to catch
        kind = self._units.of_top(each.target.partition(".")[0])[0]
        free = each.context & ~_verdict.PROTECTED
        return (
            each.is_protected
            and kind is not _units.OWN
            and self._units.of_module(each.importer, each.file)[0] is not _units.STDLIB
            and self._decide(self._open, each, free)[0] != "eager"
        )

    def _decide(self, policy: _policy.Policy, each: Statement, context: int | None = None) -> Decision:
        where = each.context if context is None else context
        flags = policy.open(each.importer, each.file)[1]
        if flags & _verdict.MODULE_EAGER:
            return "eager", "the whole module stays eager"
        return policy.decide(each.importer, each.file, each.target, each.names, where)

    def tree(self) -> dict[str, tuple[str, Statement | None]]:
        """module -> (the module that had it loaded first, by which statement), as far as code tells."""
        if not self._loaders:
            self._follow("__main__")
        return self._loaders

    def effect(self, module: str) -> str | None:
        """What the module's body does beyond binding names, told from its code, or None."""
        with self._program_path():
            return _inside.effect_of(module, self._units.same)

    def closed_around(self, each: Statement) -> str:
        """The distribution that a recipe closes if the statement is inside it, or ""."""
        recipes = self._recipes = self._recipes or _recipes.Recipes(self._units)
        inside = self._units.same(each.importer.partition(".")[0], each.target.partition(".")[0])
        return each.unit if inside and recipes.closed(each.unit) else ""

    # -- who loads whom ----------------------------------------------------------------------------------

    def leading_to(self, item: Item) -> Iterator[Item]:
        """The statements that had the item's module loaded, from there back to the program."""
        loaders = self.tree()
        module, seen = item[1], set[str]()
        while module in loaders and module not in seen:
            seen.add(module)
            module, statement = loaders[module]
            if statement is not None:
                yield statement.item

    def _follow(self, root: str) -> None:
        """Note who would load each module first, were all statements executed in their order."""
        self._loaders[root] = ("", None)
        running = [(root, iter(self._imports.get(root, ())))]
        while running:
            module, statements = running[-1]
            for target, names, statement in statements:
                new = [each for each in self._loaded_by(target, names) if each not in self._loaders]
                self._loaders.update(dict.fromkeys(new, (module, statement)))
                # the last to be pushed runs first: packages before what is in them
                running += [(each, iter(self._imports.get(each, ()))) for each in reversed(new)]
                if new:
                    break
            else:
                running.pop()

    def _loaded_by(self, target: str, names: Iterable[str]) -> list[str]:
        """The modules that a statement loads, in order: packages, the target, submodules."""
        parts = target.split(".")
        found = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        return [each for each in (*found, *(f"{target}.{name}" for name in names)) if each in self.modules]

    # -- reading ----------------------------------------------------------------------------------------

    def _read(self) -> Iterator[Statement]:
        for name, file in self.modules.items():
            if file is None or not file.endswith(".py"):
                continue
            kind, unit, dotted = self._units.of_module(name, file)
            if kind is not _units.STDLIB:
                code = code_of(name, file)
                if code is not None:
                    rows = list(self._of_code(unit, dotted, file, code, kind is _units.OWN))
                    self._imports[name] = rows
                    yield from (statement for _, _, statement in rows if statement is not None)

    def _of_code(
        self, unit: str, name: str, file: str, code: CodeType, own: bool
    ) -> Iterator[tuple[str, tuple[str, ...], Statement | None]]:
        """(target, names, the statement if it can be deferred at all) of each import statement."""
        facts = self._analyse(code)
        asks = SYS_MODULES if own else SYS_MODULES_TOP
        stays = bool(facts.flags & (READS_NAMESPACE | LISTS_NAMES | asks))
        guarded = guarded_lines(file) if IN_BLOCKS else frozenset()
        is_package = _units.is_init(file)
        package = name if is_package else name.rpartition(".")[0]
        lines = None
        for offset, (written, level, attributes) in zip(import_offsets(code), facts.imports(), strict=True):
            found = facts.statement(offset)
            target = absolute(written, level, package)
            if found is None or target is None or target == "__future__":
                continue
            flags, binds = found
            if stays or not binds or flags & (STAR | PATH_WINDOW | BEFORE_ENVIRON | FINALIZER):
                yield target, attributes, None
                continue
            is_from = bool(flags & _verdict.FROM)
            names = tuple(attr for attr, _ in binds if attr is not None) if is_from else None
            context = flags & 7 | (_verdict.PACKAGE if is_package else 0)
            lines = lines or list(code.co_lines())
            line = line_at(lines, offset)
            context |= _verdict.PROTECTED if line in guarded else 0
            yield target, names or (), Statement(unit, name, file, line, target, names, context)

    # -- whether a from inside try finds its names ------------------------------------------------------

    def _has_names(self, each: Statement) -> bool:
        """Every name is a loaded submodule or is bound by the target's body on every way through it."""
        return all(
            f"{each.target}.{name}" in self.modules or name in (self._bound(each.target) or ())
            for name in each.names or ()
        )

    def _bound(self, module: str, depth: int = 0) -> frozenset[str] | None:
        if module not in self._stores:
            self._stores[module] = None  # a cycle of star imports adds nothing
            file = self.modules.get(module)
            if file is not None and file.endswith(".py") and depth < STAR_DEPTH:
                package = module if _units.is_init(file) else module.rpartition(".")[0]
                self._stores[module] = self._bound_by(file, package, depth)
        return self._stores[module]

    def _bound_by(self, file: str, package: str, depth: int) -> frozenset[str] | None:
        try:
            with open(file, "rb") as stream:
                tree = ast.parse(stream.read())
        except (OSError, SyntaxError, ValueError):
            return None
        found: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                target = absolute(node.module or "", node.level, package)
                found.update(self._bound(target, depth + 1) or () if target else ())
            else:
                found.update(_names_bound(node))
        deleted = {
            name.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Delete)
            for name in node.targets
            if isinstance(name, ast.Name)
        }
        return frozenset(found - deleted)


class _Loader(machinery.SourceFileLoader):
    """Reads code, from the cache where it can, and leaves nothing behind."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Write no cache."""


def code_of(name: str, file: str) -> CodeType | None:
    """The code of a module's body, or None."""
    try:
        code = _Loader(name, file).get_code(name)
    except (ImportError, OSError, SyntaxError, ValueError):
        return None
    return code if isinstance(code, CodeType) else None


def guarded_lines(file: str) -> frozenset[int]:
    """The lines of import statements inside try or with, outside functions."""
    try:
        with open(file, "rb") as stream:
            waiting: list[tuple[ast.AST, bool]] = [(ast.parse(stream.read()), False)]
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    found: set[int] = set()
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1) if inside else ())
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            inside = inside or isinstance(node, ast.Try | ast.With)
            waiting += [(child, inside) for child in ast.iter_child_nodes(node)]
    return frozenset(found)


def _is_for_effect(each: Statement) -> bool:
    """A package's import of itself that is never named."""
    package = each.importer if each.context & _verdict.PACKAGE else each.importer.rpartition(".")[0]
    return (
        bool(each.context & _verdict.UNUSED)
        and bool(package)
        and (each.target + ".").startswith(package + ".")
        and (each.names is None or each.target == package)
    )


def absolute(written: str | None, level: int, package: str) -> str | None:
    """The absolute name of a target; None where the dots lead nowhere."""
    if not level:
        return written or None
    parts = package.split(".")
    if not package or level > len(parts):
        return None
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{written}" if written else base


def by_item(statements: Iterable[Statement]) -> dict[Item, Statement]:
    """The statements under the names that the search has for them; the first of equal ones stands for all."""
    found: dict[Item, Statement] = {}
    for each in statements:
        found.setdefault(each.item, each)
    return found


def import_offsets(code: CodeType) -> Iterator[int]:
    """Where IMPORT_NAME stands; caches between instructions read as zeros."""
    operations = code.co_code[::2]
    at = operations.find(opmap["IMPORT_NAME"])
    while at >= 0:
        yield 2 * at
        at = operations.find(opmap["IMPORT_NAME"], at + 1)


def line_at(lines: Sequence[tuple[int, int, int | None]], offset: int) -> int:
    return next((line or 0 for start, end, line in lines if start <= offset < end), 0)


def _names_bound(node: ast.stmt) -> list[str]:
    """What a statement of a module's body binds for certain."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign):
        return [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    if isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []
