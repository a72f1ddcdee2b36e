"""Core `native` (CPython 3.15 and later): the interpreter defers, lazyimp's policy says which statements.

`sys.set_lazy_imports("all")` makes every module-level import outside `try` ask `_filter`, which looks at the
statement in the frame below it and answers for it alone. Imports inside `try` and `with` are not the
interpreter's to defer: where the policy says so, `_find_spec` hands them a proxy while they search. The
policy and the finder are loaded when the first statement has to be decided.
"""

import _frozen_importlib as _bootstrap
import sys
from _thread import get_ident

name = "native"
policy_factory = None  # set by `with lazyimp.lazy()` where nothing was enabled

LAZY, PROXY, UNUSED_TOO, ASK, NO_STORE = 1, 2, 4, 8, 16  # Policy.fill
MODULE_EAGER, MODULE_OWN = 1, 2  # Policy.open
# lazyimp_c/core.h: flags of a statement
PROTECTED, UNUSED, STAR, PATH_WINDOW, BEFORE_ENVIRON, FINALIZER, ASYNC = 1, 2, 8, 16, 32, 64, 128
NEVER = STAR | PATH_WINDOW | FINALIZER
OWN = 256  # ours, beside a statement's flags: it stands in the user's own code

_module = type(sys)
_dict_of = _module.__dict__["__dict__"].__get__
_FINDING = (
    _bootstrap._find_spec.__code__,
    _bootstrap._find_and_load_unlocked.__code__,
    _bootstrap._find_and_load.__code__,
)
_OURS = ("lazyimp.", "lazyimp_c")
_RUNNERS = ("<frozen importlib", "<frozen runpy>", "<frozen zipimport>")

Lazy = None  # the interpreter's type of placeholders
finder = None  # lazyimp._finder.finder, once it is needed
repair = None  # lazyimp._native_repair, likewise
recorder = [None]  # lazyimp._proxy.recorder, likewise
_space_of = None  # lazyimp._native_space, likewise
mode = None
deferred = 0
proxies = 0
declared = {}  # (module, bound name) -> (target, file, line, flags), for each binding deferred by the filter
late = {}  # module name -> (bound name, file, line) of the first statement that deferred it

_policy = None
_before = None  # (mode, filter) of the interpreter before ours
_open = {}  # name -> Space of a module that is being executed
_scopes = []  # (frame, policy, verdict tables) of open `with lazyimp.lazy()` blocks
_busy = set()  # threads that load our own parts: eager
_seen_path = []  # sys.path as the last deferred statement saw it
_path = ()  # the same, shared by all statements that saw it
_paths = {}  # top-level name -> that tuple


class _Starter:
    """Stands first on sys.meta_path until the finder is needed."""


_starter = _Starter()


# -- the filter ----------------------------------------------------------------------------------------------


def _filter(importer, target, names):
    """What the interpreter asks at each statement that it could defer."""
    known = sys.modules.get(target)
    if known is not None and (names is None or _all_present(known, names)):
        return False  # nothing to defer
    if importer is None or importer.startswith(_OURS):
        return False
    if importer == "<lazyimp>":
        return True  # `_native_repair.plant` makes a placeholder
    try:
        return _decide(sys._getframe(1), importer, target, names)
    except Exception:
        _debug()
        return False


def _all_present(known, names):
    """The names of a from-import are in the namespace of the module `known`."""
    if type(known) is not _module:
        return False
    space = _dict_of(known)
    for attr in names:
        if attr not in space or type(space[attr]) is Lazy:
            break
    else:
        return True
    return False


def _decide(frame, importer, target, names):
    if _says_lazy(frame, target):
        return _before is None or _before[1] is None or _before[1](importer, target, names)
    space = _space(frame, importer)
    if space is None:
        return False
    bits, policy = _bits(frame, space, target, names)
    if not bits & (LAZY | UNUSED_TOO | ASK) or finder.at_work():
        return False
    statement = space.statement(frame.f_lasti)
    if statement is None:
        return False
    flags, binds = statement
    if _space_of.verdict(frame, space, policy, bits, target, names, flags) != LAZY:
        return False
    if _space_of.for_effect(frame, space, target, names, flags, binds[0][1]):
        return False
    if "." in target and not repair.note_submodules(target, frame):
        return False
    _remember(frame, space, target, names, flags, binds)
    return True


def _says_lazy(frame, target):
    """The program itself says `lazy import`, or lists the module in `__lazy_modules__`."""
    if frame.f_code.co_code[frame.f_lasti + 1] & 1:
        return True
    listed = frame.f_globals.get("__lazy_modules__")
    return listed is not None and target in listed


def _space(frame, importer):
    """The Space of the module whose body `frame` is, or None where imports stay eager."""
    space = _open.get(importer)
    if space is not None and space.code is frame.f_code:
        return space
    if not _runs_module(frame) or get_ident() in _busy or (mode is None and not _in_scope(frame)):
        return None
    if not _ready():
        return None
    known = sys.modules.get(importer)
    if not isinstance(known, _module) or _dict_of(known) is not frame.f_globals:
        return None
    for other in list(_open):
        if not _space_of.is_running(other):
            _open.pop(other, None)
    finder.keep_first()
    space = _open[importer] = _space_of.Space(importer, frame, _policy)
    return space


def _runs_module(frame):
    """A module's body is called by the import system or by runpy, the main program by nobody.

    Code from exec() of a string, a notebook's cell or a test runner's loader stays eager, and so does what
    runpy.run_path and run_module run: they give a copy of the namespace away.
    """
    back = frame.f_back
    if back is None:
        return True
    file = back.f_code.co_filename
    if file.startswith("<frozen runpy>") or file.endswith(("/runpy.py", "\\runpy.py")):
        return back.f_back is not None and back.f_back.f_code.co_name == "_run_module_as_main"
    return file.startswith(_RUNNERS)


def _bits(frame, space, target, names):
    """The verdict bits for a statement, and the policy that gave them."""
    policy, table = _policy, space.table
    for scope, scope_policy, tables in reversed(_scopes):
        if scope is frame:
            policy = scope_policy
            if space.name not in tables:
                tables[space.name] = policy.open(space.name, space.file)[0]
            table = tables[space.name]
            break
    else:
        if mode is None or space.flags & MODULE_EAGER:
            return 0, policy
    top = target.partition(".")[0]
    verdict = table.get(top)
    if verdict is None:
        verdict = policy.fill(space.name, space.file, top)
        if not (verdict if type(verdict) is int else verdict[0]) & NO_STORE:
            table[top] = verdict
    if type(verdict) is int:
        return verdict, policy
    return verdict[0] | (ASK if _is_named(verdict[1], target, names) else 0), policy


def _is_named(listed, target, names):
    """Whether a verdict's names hold the target, a dotted prefix of it, or one of its from-list."""
    part = target
    while part:
        if part in listed:
            return True
        part = part.rpartition(".")[0]
    return names is not None and any(f"{target}.{each}" in listed for each in names)


def _remember(frame, space, target, names, flags, binds):
    """Note where the statement stands and which sys.path it saw."""
    global deferred, _path, _seen_path
    file, line = space.code.co_filename, frame.f_lineno
    if space.flags & MODULE_OWN:
        flags |= OWN
    for attr, bound in binds:
        what = target if names is None else f"{target}:{attr}"
        declared[space.name, bound] = (what, file, line, flags)
        deferred += 1
        if recorder[0] is not None:
            recorder[0].deferred(space.name, bound, target, attr, file, line, 0, space.name)
    if target not in late:
        late[target] = (binds[0][1], file, line)
    if sys.path != _seen_path:
        _seen_path = list(sys.path)
        _path = tuple(_seen_path)
    _paths.setdefault(target.partition(".")[0], _path)


# -- imports inside try and with, and late failures ----------------------------------------------------------


def _find_spec(name, path=None, target=None):
    """What the finder's `find_spec` does under this core: proxies and the place of a late error, too."""
    first = sys._getframe(1)
    if (path is None and mode is not None) or _scopes:
        asker = _asker(first)
        if asker is not None and "." not in name:
            spec = _protected(asker, name)
            if spec is not None:
                return spec
    if finder is None:
        return None
    seen = _paths.get(name)
    if seen is not None and list(seen) != sys.path:
        finder.paths.setdefault(name, seen)
    spec = finder._decide(name, path, target)
    place = late.get(name)
    if place is not None and _asks_to_load(first):
        return repair.noting(name, spec or finder.search(name, path, target), place)
    return spec


def _asks_to_load(frame):
    return frame.f_code is _FINDING[0] and frame.f_back.f_code is _FINDING[1]


def _asker(frame):
    """The frame of the module body whose own statement searches, or None."""
    for code in _FINDING:
        if frame is None or frame.f_code is not code:
            return None
        frame = frame.f_back
    if frame is None or frame.f_code.co_name != "<module>" or frame.f_code.co_flags & 3:
        return None
    return frame


def _protected(frame, name):
    """A spec that hands out the proxy of `name`, where a plain import inside try or with gets one."""
    global proxies
    try:
        space = _space(frame, frame.f_globals.get("__name__"))
        if space is None:
            return None
        bits, policy = _bits(frame, space, name, None)
        statement = space.statement(frame.f_lasti) if bits & (PROXY | ASK) else None
        if statement is None or not statement[0] & PROTECTED:
            return None
        if len(statement[1]) != 1 or statement[1][0][0] is not None:
            return None  # a from-import; whether the name exists is known after the import only
        if _space_of.verdict(frame, space, policy, bits, name, None, statement[0]) != PROXY:
            return None
        place = (space.name, statement[1][0][1], space.code.co_filename, frame.f_lineno)
        spec = repair.hand_out(name, place)
        proxies += spec is not None
        return spec
    except Exception:
        _debug()
        return None


# -- the core protocol ---------------------------------------------------------------------------------------


def enable(new_mode, make_policy):
    """Defer imports from now on; the policy is made when the first import has to be decided."""
    global mode, policy_factory, _policy
    if make_policy is not policy_factory or new_mode != mode:
        _policy = None
        _open.clear()
    mode, policy_factory = new_mode, make_policy
    _hook()


def _hook():
    global _before
    if sys.get_lazy_imports_filter() is not _filter:
        _before = (sys.get_lazy_imports(), sys.get_lazy_imports_filter())
        sys.set_lazy_imports_filter(_filter)
        sys.set_lazy_imports("all")
    if finder is not None:
        finder.find_spec = _find_spec
    if finder is None and _starter not in sys.meta_path:
        sys.meta_path.insert(0, _starter)


def _unhook():
    global _before
    if _before is not None:
        if sys.get_lazy_imports_filter() is _filter:
            sys.set_lazy_imports_filter(_before[1])
            sys.set_lazy_imports(_before[0])
        _before = None
    if _starter in sys.meta_path:
        sys.meta_path.remove(_starter)
    _open.clear()


def _ready():
    """Load the finder, the repairs and the policy, once; False while another thread does."""
    global finder, recorder, repair, Lazy, _policy, _space_of
    if _policy is not None:
        return True
    if policy_factory is None or _busy:
        return False
    _busy.add(get_ident())
    try:
        import _types

        from lazyimp import _finder, _native_repair, _native_space

        if finder is None:
            Lazy = _types.LazyImportType
            finder, repair, _space_of = _finder.finder, _native_repair, _native_space
            recorder = _finder._proxy.recorder
            finder.find_spec = _find_spec
            if _starter in sys.meta_path:
                sys.meta_path.remove(_starter)
            finder.install()
            repair.watch()
        finder.install()
        _policy = _made()
    finally:
        _busy.discard(get_ident())
    return _policy is not None


def _made(*scope_mode):
    policy = policy_factory(*scope_mode)
    policy.opens_stdlib = True
    return policy


def disable(resolve=False):
    """Stop deferring; (number of names resolved, [(name, error)]). What is pending stays pending."""
    global mode
    mode = None
    if not _scopes:
        _unhook()
    if repair is None:
        return 0, []
    if not resolve:
        repair.resolve_running()
        return 0, []
    found = repair.resolve_all()
    if not _scopes and not declared:
        finder.__dict__.pop("find_spec", None)  # nothing is left that could fail late
        finder.remove()
    return found


def is_enabled():
    """Whether imports are being deferred."""
    return mode is not None


def pending():
    """[(module, bound name, "target" or "target:attribute", line)] of what is not loaded yet."""
    return repair.pending() if repair is not None else []


def counts():
    """How many bindings were deferred and reified, proxies handed out, and how many of both are pending."""
    waiting = len(pending())
    return {
        "deferred": deferred,
        "reified": max(0, deferred + proxies - waiting),
        "proxies": proxies,
        "pending": waiting,
    }


def push_scope(frame, scope_mode):
    """Defer in `scope_mode` what stands directly in the with block that `frame` is entering."""
    token = (frame, None, {})
    _scopes.append(token)  # so that the policy can be made
    try:
        _hook()
        if not _ready():
            raise RuntimeError("lazyimp is being started by another thread")
        made = (frame, _made(scope_mode), {})
    finally:
        _scopes.remove(token)
    _scopes.append(made)
    return made


def pop_scope(token):
    """End a scope begun by push_scope()."""
    _scopes[:] = [each for each in _scopes if each is not token]
    if mode is None and not _scopes:
        _unhook()


def _in_scope(frame):
    return any(each[0] is frame for each in _scopes)


def _debug():
    from lazyimp import _proxy

    if _proxy.debug[0]:
        sys.excepthook(*sys.exc_info())


_find_spec.__code__ = _find_spec.__code__.replace(co_filename=_FINDING[0].co_filename)
_starter.find_spec = _find_spec
