"""What core `native` asks the policy, where the extension's tables have no answer: of modules, names and statements.

Loaded with the policy, by the first statement to decide; lazyimp_c/native.pxi and `_native` call it.
"""

import sys

import lazyimp_c
from lazyimp import _native

PROXY, ASK, NO_STORE = 2, 8, 16  # Policy.fill
MODULE_EAGER, UNGUARDED = 1, 4  # Policy.open
PACKAGE, EFFECT_ORDER, WITHIN_TRY = 8, 16, 32  # Policy.decide
PROTECTED, UNUSED, BEFORE_ENVIRON = 1, 2, 32  # lazyimp_c/core.h: flags of a statement

_module = type(sys)
_dict_of = _module.__dict__["__dict__"].__get__
_blocks = lazyimp_c.native_blocks
_open = lazyimp_c.native_open


def open_space(frame, importer):
    """The space of the module whose body `frame` is, or None where it has none."""
    if _gives_copies(frame.f_back):
        return None
    known = sys.modules.get(importer)
    if not _is_plain(known) or _dict_of(known) is not frame.f_globals:
        return None
    if len(_open) > 100:
        for other in [other for other in _open if not _is_running(other)]:
            _open.pop(other, None)
    file = frame.f_globals.get("__file__")
    table, flags = _native._policy.open(importer, file)
    guarded = not flags & UNGUARDED and _is_guarded(frame)
    space = _open[importer] = lazyimp_c.NativeSpace(importer, frame.f_code, file, table, flags, guarded)
    return space


def _is_plain(known):
    """A module that resolves what it is asked for; one of another type may hand out its placeholders as they are."""
    kind = type(known)
    proxy = sys.modules.get("lazyimp._proxy")
    return kind is _module or (proxy is not None and kind in proxy.PROXIES)


def _gives_copies(caller):
    """runpy.run_path and run_module give a copy of the namespace away."""
    if caller is None:
        return False
    file = caller.f_code.co_filename
    if not file.startswith("<frozen runpy>") and not file.endswith(("/runpy.py", "\\runpy.py")):
        return False
    return caller.f_back is None or caller.f_back.f_code.co_name != "_run_module_as_main"


def _is_guarded(frame):
    """What this body imports has to fail where its own import is caught: inside try, here or further up."""
    found = lazyimp_c.importing(frame)
    if found is None:
        return False
    above, inside = found
    if inside:
        return not any(each[0] is above for each in _blocks)
    space = _open.get(above.f_globals.get("__name__"))
    return space is not None and space.code is above.f_code and space.guarded


def _is_running(importer):
    if importer == "__main__":
        return True
    known = sys.modules.get(importer)
    spec = _dict_of(known).get("__spec__") if issubclass(type(known), _module) else None
    return getattr(spec, "_initializing", False)


def fill(space, scope, top):
    """The verdict on imports of `top` and of what is under it by modules like `space`."""
    policy, table = (_native._policy, space.table) if scope is None else scope
    verdict = policy.fill(space.name, space.file, top)
    if not (verdict if type(verdict) is int else verdict[0]) & NO_STORE:
        table[top] = verdict
    return verdict


def ask(space, scope, target, names, flags, offset):
    """Whether a statement is lazy, where no bits say it."""
    return _decide(space, scope, target, names, flags, offset) == "lazy"


def _decide(space, scope, target, names, flags, offset):
    context = flags & 3 | (4 if names is not None else 0)
    if space.file is not None and space.file.endswith(("__init__.py", "__init__.pyc")):
        context |= PACKAGE
    if space.guarded:
        context |= WITHIN_TRY
    if flags & BEFORE_ENVIRON:
        from lazyimp._environ import reads_environment

        if reads_environment(target, space.environ_after(offset)):
            context |= EFFECT_ORDER
    policy = _native._policy if scope is None else scope[0]
    return policy.decide(space.name, space.file, target, names, context)[0]


def scope_of(frame, space):
    """(policy, verdicts) of the innermost `with lazyimp.lazy()` block that `frame` is in, or None."""
    for block, policy, tables in reversed(_blocks):
        if block is frame:
            if space.name not in tables:
                tables[space.name] = policy.open(space.name, space.file)[0]
            return policy, tables[space.name]
    return None


def protected(frame, target):
    """The proxy that a plain import inside try or with gets, or None where it is imported."""
    importer = frame.f_globals.get("__name__")
    space = _open.get(importer)
    if space is None or space.code is not frame.f_code:
        space = _native.open_space(frame, importer)
    if space is None:
        return None
    scope = scope_of(frame, space) if _blocks else None
    if scope is None and (_native.mode is None or space.flags & MODULE_EAGER):
        return None
    bits = lazyimp_c.native_bits(space, scope, target)
    statement = space.statement(frame.f_lasti) if bits & (PROXY | ASK) else None
    if statement is None or not statement[0] & PROTECTED:
        return None
    flags, binds = statement
    if len(binds) != 1 or binds[0][0] is not None:
        return None  # a from-import; whether the name exists is known after the import only
    if bits & ASK or flags & BEFORE_ENVIRON or space.guarded:
        if _decide(space, scope, target, None, flags, frame.f_lasti) != "proxy":
            return None
    elif not bits & PROXY:
        return None
    _native.finder()
    from lazyimp._finder import make_proxy

    made = make_proxy(target, (space.name, binds[0][1], space.code.co_filename, frame.f_lineno))
    _native.proxies += made is not None
    return made
