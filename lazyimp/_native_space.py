"""What core `native` asks the policy, where the extension's tables have no answer: of modules, names and statements.

Loaded with the policy, by the first statement to decide; lazyimp_c/native.pxi and `_native` call it.
"""

import sys

import lazyimp_c
from lazyimp import _native

PROXY, ASK, NO_STORE = 2, 8, 16  # Policy.fill
UNGUARDED = 4  # Policy.open
PACKAGE, EFFECT_ORDER, WITHIN_TRY = 8, 16, 32  # Policy.decide
SETTLED, OWN_CODE, LOADED = 0, 1, 2  # Policy.depends_on
PROTECTED, UNUSED, BEFORE_ENVIRON = 1, 2, 32  # lazyimp_c/core.h: flags of a statement


def open_space(frame, importer):
    """The space of the module whose body `frame` is."""
    file = frame.f_globals.get("__file__")
    table, flags = _native._policy.open(importer, file)
    guarded = not flags & UNGUARDED and lazyimp_c.native_guarded(frame)
    return lazyimp_c.NativeSpace(importer, frame.f_code, file, table, flags, guarded)


def fill(space, scope, top):
    """The verdict on imports of `top` and of what is under it by modules like `space`."""
    policy, table = (_native._policy, space.table) if scope is None else scope
    verdict = policy.fill(space.name, space.file, top)
    if not (verdict if type(verdict) is int else verdict[0]) & NO_STORE:
        table[top] = verdict
    return verdict


def ask(space, scope, target, names, flags, offset):
    """Whether a statement is lazy, where no bits say it; on which loaded modules that depends, None: it may change."""
    is_lazy = _decide(space, scope, target, names, flags, offset) == "lazy"
    depends = OWN_CODE if scope is not None else _native._policy.depends_on(space.name, space.file, target)
    if not is_lazy and depends == SETTLED and names is not None and len(names) > 1:
        return _apart(space, target, names, flags, offset)
    if depends == OWN_CODE:
        return is_lazy, None
    if not is_lazy or depends != LOADED:
        return is_lazy, ()
    from lazyimp import _inside

    return is_lazy, _inside.excuses(space.name, target, names)


def _apart(space, target, names, flags, offset):
    """What `ask` gives where some names are modules that may not wait: those are imported, and the others wait."""
    first = [name for name in names if _decide(space, None, target, (name,), flags, offset) != "lazy"]
    others = tuple([name for name in names if name not in first])
    if not others or _decide(space, None, target, others, flags, offset) != "lazy":
        return False, ()
    wanted = [f"{target}.{name}" for name in first]
    if not all(full in sys.modules or _native.finder().find(full) is not None for full in wanted):
        return False, ()  # something else of that name
    for full in wanted:
        __import__(full)
    return True, tuple([f"+{full}" for full in wanted])


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


def protected(space, scope, target, offset):
    """(name that a plain import inside try or with binds to a proxy, or None; its flags; whether that lasts)."""
    bits = lazyimp_c.native_bits(space, scope, target)
    statement = space.statement(offset) if bits & (PROXY | ASK) else None
    if statement is None or not statement[0] & PROTECTED:
        return None, 0, True
    flags, binds = statement
    if len(binds) != 1 or binds[0][0] is not None:
        return None, 0, True  # a from-import; whether the name exists is known after the import only
    lasts = True
    if bits & ASK or flags & BEFORE_ENVIRON or space.guarded:
        lasts = _native._policy.depends_on(space.name, space.file, target) != OWN_CODE
        if _decide(space, scope, target, None, flags, offset) != "proxy":
            return None, 0, lasts
    elif not bits & PROXY:
        return None, 0, True
    return binds[0][1], flags, lasts
