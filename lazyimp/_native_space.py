"""What core `native` knows of a module while its body runs: its statements, and what rules out deferring.

Loaded with the first statement to decide.
"""

import sys

import lazyimp_c
from lazyimp import _native

MODULE_EAGER, MODULE_OWN, UNGUARDED = _native.MODULE_EAGER, _native.MODULE_OWN, 4  # Policy.open
PACKAGE, EFFECT_ORDER, WITHIN_TRY = 8, 16, 32  # Policy.decide
# lazyimp_c/core.h: flags of a module
READS_NAMESPACE, SYS_MODULES_TOP, SYS_MODULES, MENTIONS_NAMESPACE = 1, 2, 4, 8

_EXPOSING = frozenset(("__globals__", "f_globals", "getclosurevars", "meta_path"))
_DELETE_NAME = compile("del a", "?", "exec", dont_inherit=True).co_code[2:3]
_module, _dict_of = _native._module, _native._dict_of


class Space:
    """What is known about a module while its body runs."""

    __slots__ = ("code", "deleted", "facts", "file", "flags", "guarded", "name", "table", "unread")

    def __init__(self, importer, frame, policy):
        self.name = importer
        self.code = frame.f_code
        self.file = frame.f_globals.get("__file__")
        self.table, self.flags = policy.open(importer, self.file)
        self.deleted = None  # low indices of the names that the code deletes, once somebody asks
        self.facts = None  # None: rules out every statement
        self.unread = not self.flags & MODULE_EAGER
        self.guarded = not self.flags & UNGUARDED and _is_guarded(frame)

    def statement(self, offset):
        """(flags, names bound) of the import statement at `offset`; None where it has to run at once."""
        if self.unread:
            self.unread = False
            self.read()
        found = self.facts.statement(offset) if self.facts is not None else None
        return found if found is not None and found[1] and not found[0] & _native.NEVER else None

    def read(self):
        """Analyse the code; the interpreter's placeholders show where a namespace is read as a dict."""
        facts = lazyimp_c.analyse(self.code)
        asks = SYS_MODULES if self.flags & MODULE_OWN else SYS_MODULES_TOP
        if facts.flags & (READS_NAMESPACE | MENTIONS_NAMESPACE | asks):
            return
        if not (_exposed(self.code) or _hands_itself_out(self.code)):
            self.facts = facts

    def deletes(self, bound):
        """The module's own code deletes a name (or another one of the same low index)."""
        code = self.code
        if bound not in code.co_names:
            return False
        if self.deleted is None:
            codes = code.co_code
            operations, arguments = codes[::2], codes[1::2]
            self.deleted = set()
            at = operations.find(_DELETE_NAME)
            while at >= 0:
                self.deleted.add(arguments[at])
                at = operations.find(_DELETE_NAME, at + 1)
        return bool(self.deleted) and code.co_names.index(bound) & 255 in self.deleted


def _hands_itself_out(code):
    """The body reads `sys.modules[__name__]`: whoever gets the module may walk its namespace."""
    return {"sys", "modules", "__name__"}.issubset(code.co_names)


def _exposed(code):
    """The code reads functions' or frames' namespaces, or is a finder's and must not wait for itself."""
    if code.co_name == "find_spec" or not _EXPOSING.isdisjoint(code.co_names):
        return True
    return any(_exposed(each) for each in code.co_consts if type(each) is type(code))


def _mentions(code, attr):
    """The code, or code inside it, has the name of a variable or an attribute."""
    if attr in code.co_names:
        return True
    return any(_mentions(each, attr) for each in code.co_consts if type(each) is type(code))


def _is_guarded(frame):
    """What this body imports has to fail where its own import is caught: inside try, here or further up."""
    found = lazyimp_c.importing(frame)
    if found is None:
        return False
    above, inside = found
    if inside:
        return not _native._in_scope(above)
    space = _native._open.get(above.f_globals.get("__name__"))
    return space is not None and space.code is above.f_code and space.guarded


def is_running(importer):
    if importer == "__main__":
        return True
    known = sys.modules.get(importer)
    spec = _dict_of(known).get("__spec__") if isinstance(known, _module) else None
    return getattr(spec, "_initializing", False)


def for_effect(frame, space, target, names, flags, bound):
    """Inside a package: a submodule never named, one whose name it deletes, a name of its own __getattr__."""
    package = frame.f_globals.get("__package__")
    if not package or not (target == package or target.startswith(package + ".")):
        return False
    if names is not None and target == space.name and "__getattr__" in frame.f_globals:
        return True  # the package's own function may be what answers
    if flags & _native.UNUSED and (names is None or target == package):
        return True
    if (
        names is None
        and bound == target.partition(".")[0]
        and not _mentions(space.code, target.rpartition(".")[2])
    ):
        return True
    return target != package and space.deletes(target[len(package) + 1 :])


def verdict(frame, space, policy, bits, target, names, flags):
    """LAZY, PROXY or 0 (eager) for one statement: the policy's answer."""
    if flags & _native.PROTECTED and _native._in_scope(frame):
        flags &= ~_native.PROTECTED  # `with lazyimp.lazy():`
    if bits & _native.ASK or flags & _native.BEFORE_ENVIRON or space.guarded:
        return ask(policy, space, target, names, flags, frame.f_lasti)
    if flags & _native.PROTECTED:
        return _native.PROXY if bits & _native.PROXY and names is None else 0
    return _native.LAZY if bits & (_native.UNUSED_TOO if flags & _native.UNUSED else _native.LAZY) else 0


def ask(policy, space, target, names, flags, offset):
    """The policy's answer where bits cannot say it: LAZY, PROXY or 0."""
    context = flags & 3 | (4 if names is not None else 0)
    if space.file is not None and space.file.endswith(("__init__.py", "__init__.pyc")):
        context |= PACKAGE
    if space.guarded:
        context |= WITHIN_TRY
    if flags & _native.BEFORE_ENVIRON:
        from lazyimp._armed import _reads_environment

        if _reads_environment(target, [key for at, key in space.facts.environ_keys if at > offset]):
            context |= EFFECT_ORDER
    answer = policy.decide(space.name, space.file, target, names, context)[0]
    return _native.LAZY if answer == "lazy" else _native.PROXY if answer == "proxy" else 0
