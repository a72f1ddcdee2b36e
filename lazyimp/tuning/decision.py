"""What lazyimp decides about the import statements of one line, and by which rule, told again after the run.

The policy is asked as in the program: same mode, configuration, tuned profile and import path. What no policy is
asked about, because the statement stands in a function or its module stays eager, is told from the code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lazyimp import _policy, _units, _verdict
from lazyimp.errors import UnsupportedError
from lazyimp.tuning import statements

if TYPE_CHECKING:
    from lazyimp._config import Config
    from lazyimp._profile import Profile

IN_FUNCTION = "in-function"
# flags of a statement and of a module, with what README.md says of them
OF_STATEMENT = (
    (statements.STAR, "`import *` takes every name at once"),
    (statements.PATH_WINDOW, "sys.path or the working folder changes around it"),
    (statements.FINALIZER, "a __del__ of its module reads the name, when it is too late to import"),
)
OF_MODULE = (
    (statements.READS_NAMESPACE | statements.LISTS_NAMES, "its module takes its own namespace as a whole"),
    (statements.SYS_MODULES, "its module looks into sys.modules"),
)


@dataclass(frozen=True)
class Decided:
    """What was decided about one statement: "lazy", "proxy", "eager" or "in-function", and why."""

    word: str
    reason: str
    target: str
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Place:
    """Where a program ran: what the policy depends on."""

    mode: str
    path: Sequence[str]
    config: Config | None = None
    profile: Profile | None = None
    is_native: bool = False


class Judge:
    """Answers for one program."""

    def __init__(self, place: Place) -> None:
        try:
            from lazyimp_c import analyse
        except ImportError:
            message = "reading import statements needs the extension, and this installation has none"
            raise UnsupportedError(message) from None
        self.mode = place.mode
        self._analyse = analyse
        self._place = place
        self._units = _units.Units()
        with self._program_path():
            self._policy = _policy.Policy(place.mode, place.config, self._units, profile=place.profile)
        self._policy.opens_stdlib = place.is_native

    @contextmanager
    def _program_path(self) -> Iterator[None]:
        before = sys.path[:]
        sys.path[:] = [*self._place.path, *(entry for entry in before if entry not in self._place.path)]
        try:
            yield
        finally:
            sys.path[:] = before

    def of_line(self, importer: str, file: str, line: int, was_deferred: bool) -> list[Decided]:
        """What is decided about the import statements on `line` of the module `importer`, in `file`.

        `was_deferred`: the record says that one of them was.
        """
        code = statements.code_of(importer, file)
        if code is None:
            return []
        kind, _, dotted = self._units.of_module(importer, file)
        facts = self._analyse(code)
        lines = list(code.co_lines())
        guarded = statements.guarded_lines(file) if statements.IN_BLOCKS else frozenset()
        is_package = _units.is_init(file)
        package = dotted if is_package else dotted.rpartition(".")[0]
        found = []
        offsets = statements.import_offsets(code)
        with self._program_path():
            for offset, (written, level, attributes) in zip(offsets, facts.imports(), strict=True):
                if statements.line_at(lines, offset) != line:
                    continue
                target = statements.absolute(written, level, package)
                seen = facts.statement(offset)
                if target is None or target == "__future__" or seen is None:
                    continue
                context = (seen[0] & 7) | (_verdict.PACKAGE if is_package else 0)
                context |= _verdict.PROTECTED if line in guarded else 0
                if seen[0] & statements.BEFORE_ENVIRON and not was_deferred:
                    context |= _verdict.EFFECT_ORDER  # the library reads a variable that is set below it
                names = tuple(attributes) if seen[0] & _verdict.FROM else None
                word, reason = self._ask(importer, file, target, names, context)
                if word != _verdict.EAGER:
                    by_code = _by_code(seen[0], facts.flags, kind is _units.OWN, bool(seen[1]))
                    word, reason = by_code or (word, reason)
                found.append(Decided(word, reason, target, names))
        return found or _in_function(file, line)

    def _ask(
        self, importer: str, file: str, target: str, names: tuple[str, ...] | None, context: int
    ) -> tuple[str, str]:
        stays = self._policy.open(importer, file)[1] & _verdict.MODULE_EAGER
        word, reason = self._policy.decide(importer, file, target, names, context)
        return (_verdict.EAGER if stays else word), reason


def _by_code(flags: int, module: int, is_own: bool, binds: bool) -> tuple[str, str] | None:
    """What the code alone decides, in any mode but `all`'s own terms."""
    for flag, reason in OF_STATEMENT:
        if flags & flag:
            return _verdict.EAGER, reason
    for flag, reason in OF_MODULE:
        asks = flag if is_own or flag != statements.SYS_MODULES else statements.SYS_MODULES_TOP
        if module & asks:
            return _verdict.EAGER, reason
    return None if binds else (_verdict.EAGER, "it binds no name that could wait")


def _in_function(file: str, line: int) -> list[Decided]:
    """The import statements on that line that belong to a function or a class."""
    try:
        with open(file, "rb") as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return []
    reason = "it stands in a function or a class, and runs when it is reached"
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno == line:
            if isinstance(node, ast.Import):
                found += [Decided(IN_FUNCTION, reason, alias.name) for alias in node.names]
            else:
                names = tuple(alias.name for alias in node.names)
                found.append(Decided(IN_FUNCTION, reason, "." * node.level + (node.module or ""), names))
    return found
