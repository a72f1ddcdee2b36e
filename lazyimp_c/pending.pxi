# Pending: what is not loaded yet, over all namespaces: listed, asked for, imported, made reachable from its package.

def pending():
    """[(module, bound name, "target" or "target:attribute", line)] of what is not loaded yet."""
    cdef Placeholder p
    found = []
    for space, key, p in pending_placeholders():
        target = p.module if p.attr is None else f"{p.module}:{p.attr}"
        found.append(((<Space>space).name, key, target, line_at(p.code, p.offset)))
    return found


cdef public int lz_settle_guarded(Py_ssize_t before) except -1:
    """Import what the modules from `before` on in the list, and those they load, put off inside their own distribution."""
    cdef Space space
    cdef list guarded = <list>lz.guarded
    at = before
    try:
        while at < len(guarded):
            space = guarded[at]
            at += 1
            for key in names_within(space):
                lz_take(space, key)
    finally:
        del guarded[before:]
    return 0


cdef list names_within(Space space):
    """Pending names of a namespace whose target is of the same distribution, or the user's own as the namespace is."""
    cdef Placeholder p
    unit = (<str>space.name).partition(".")[0]
    found = []
    for key, armed in list(space.keys.items()):
        p = pending_under(space, armed)
        if p is not None:
            top = (<str>p.module).partition(".")[0]
            if top == unit or (space.flags & OWN_CODE and (<object>lz_helper()).is_own(top)):
                found.append(key)
    return found


cdef Placeholder pending_under(Space space, object armed):
    value = space.dict.get(armed)
    return value if type(value) is Placeholder else None


def waits(module, name):
    """Whether what `name` is bound to in `module` is not imported yet; imports nothing."""
    cdef PyObject *held
    if type(module) is not LazyNamespaceModule:
        return False
    cdef void *found = lz_space_of(PyModule_GetDict(module))
    if found == NULL or name not in (<Space><object><PyObject *>found).keys:
        return False
    held = lz_raw(<Space><object><PyObject *>found, name)
    return held != NULL and type(<object>held) is Placeholder


def pending_targets():
    """The modules that pending bindings lead into."""
    cdef Placeholder p
    found = set()
    for _, _, p in pending_placeholders():
        found.add(p.module)
    return found


def resolve_pending(wanted=None):
    """Import what is pending, all of it or where `wanted(module's flags, statement's flags)` says so; (count, [(name, error)])."""
    cdef Space space
    count, failures = 0, []
    for space, key in pending_names(wanted):
        try:
            lz_take(space, key)
            count += 1
        except Exception as error:
            failures.append((f"{space.name}.{key}", error))
    return count, failures


cdef list pending_names(wanted):
    """(space, name) of what is pending; placeholders must not be held, or they count as copied (reify.c)."""
    cdef Placeholder p
    return [
        (space, key)
        for space, key, p in pending_placeholders()
        if wanted is None or wanted((<Space>space).flags, p.flags)
    ]


def plant_children(module, exists):
    """`module` was loaded: what deferred statements imported below it becomes reachable; `exists(name)` asks the finders."""
    children = (<dict>lz.pending_subs).pop(module.__name__, None) or {}
    for child, (importer, code, offset) in children.items():
        full = f"{module.__name__}.{child}"
        if full not in sys.modules and lz_plant(module, child, full, importer, code, offset) == 0 and exists(full):
            # The package binds the name itself, and the submodule's body may want that object: load it as `import a.b` would.
            try:
                __import__(full)
            except Exception:
                pass  # whoever uses it gets the error


cdef int line_at(code, int offset):
    if code is not None:
        for start, end, line in code.co_lines():
            if start <= offset < end:
                return line or 0
    return 0


cdef list pending_placeholders():
    cdef Space space
    found = []
    for space in all_spaces():
        if space.frozen:
            found.extend([(space, key, value) for key, value in space.dict.items() if type(value) is Placeholder])
            continue
        for key, armed in list(space.keys.items()):
            value = pending_under(space, armed)
            if value is not None:
                found.append((space, key, value))
    return found
