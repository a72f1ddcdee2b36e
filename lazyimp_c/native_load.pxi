# What core native does before and after each import (around.c calls it): finders that moved, proxies inside try, a package's name for a submodule, random
# states, notes on late failures, callbacks. Its tables are native.pxi's.


cdef public object lz_native_begin(object name, LzNativeLoad *load):
    global late_loads
    cdef Py_ssize_t dot
    load.late, load.rebound, load.unplanted, load.kept, load.held, load.seen = 0, 0, 0, NULL, NULL, NULL
    try:
        if quiet_finders is not None and not is_quiet() and not lz_paused():
            helper.look_around()
        dot = (<str>name).rfind(".")
        if dot >= 0:
            look_at_package(name, dot, load)
        else:
            if name in begins and not lz_paused():
                helper.begins(name)
            proxy = instead_of(name)
            if proxy is not None:
                return proxy
        if name in late:
            seen = filters.pop(name, None)
            moved = seen is not None and lz_filters_moved(<PyObject *>seen)
            if late_loads == 0 and seen is not None:
                lz.late_order = seen[2]
                if not moved:
                    Py_INCREF(seen)
                    load.seen = <PyObject *>seen
            if late_loads == 0 and (moved or has_generators()):
                kept = helper.keep_random(seen if moved else None, name)
                Py_INCREF(kept)
                load.kept = <PyObject *>kept
            load.late = 1
            late_loads += 1
    except Exception:
        helper.debug()
    return None


cdef bint is_quiet() except -1:
    """`sys.meta_path` is what it was when the helper looked last."""
    now = lz_sys_list(lz_names.meta_path)
    return now == NULL or lz_same_items(<object>now, quiet_finders)


cdef object instead_of(name):
    """What a statement inside try or with gets: a proxy, or None where the module is to be imported; and where that is looked for."""
    cdef LzSite site
    if (deferring or blocks) and not lz_paused() and lz_site(&site):
        try:
            if lz_imports_protected(&site):
                proxy = protected_proxy(&site, name)
                if proxy is not None:
                    return proxy
        finally:
            lz_site_clear(&site)
    seen = paths.get(name)
    now = lz_sys_list(lz_names.sys_path)
    if seen is not None and now != NULL and not lz_same_items(<object>now, seen):
        helper.finder().paths.setdefault(name, seen)
    return None


cdef object protected_proxy(LzSite *site, target):
    """The proxy that a plain import inside try or with gets, or None where it is imported."""
    cdef NativeSpace space = space_at(site, (<dict><object>site.globals).get("__name__"))
    if space is None:
        return None
    scope = scope_of(<object><PyObject *>site.frame, space) if blocks else None
    if scope is None and (not deferring or space.flags & MODULE_EAGER):
        return None
    cdef const Row *row = row_at(space, site.offset) if scope is None else NULL
    if row != NULL and (row.answer == EAGER or is_usual(target)):
        return helper.proxy(space, target, bound_of(space, row)[0], row.line) if row.answer == PROXY else None
    if space.table is None and not helper.complete(space):
        return None
    bound, flags, is_kept = decider.protected(space, scope, target, site.offset)
    if is_kept:
        learn(space, site.offset, flags, EAGER if bound is None else PROXY, () if bound is None else (bound,), None)
    return None if bound is None else helper.proxy(space, target, bound, lz_line_at(space.code, site.offset))


cdef int look_at_package(str name, Py_ssize_t dot, LzNativeLoad *load) except -1:
    """What a package has under the name of a submodule that is about to be loaded.

    A placeholder of ours goes: while a submodule's body runs, its package has no such name. What the package bound since, or that it
    deleted the name, is kept: the import system will bind the submodule, and in the eager order that came before.
    """
    known = (<dict>lz.modules).get(name[:dot])
    if not PyModule_Check(known):
        return 0
    namespace, child = <dict>PyModule_GetDict(known), name[dot + 1:]
    held = namespace.get(child)
    ours = planted.get(name)
    if ours is not None and held is ours:
        del namespace[child]
        load.unplanted = 1
    elif ours is not None or (type(held) is lazy_type and is_of_another(name[:dot], child, name)):
        load.rebound = 1
        if child in namespace:
            Py_INCREF(held)
            load.held = <PyObject *>held
    return 0


cdef bint is_of_another(package, child, name) except -1:
    """A from-import of the package's own gave it the name for something that the submodule is not."""
    known = declared.get((package, child))
    return known is not None and known[1] is not None and f"{known[0]}.{known[1]}" != name


cdef int put_binding_back(str name, module, LzNativeLoad *load) except -1:
    """Undo what `look_at_package` found undone by the import system; `module`: None where that failed."""
    parent, _, child = name.rpartition(".")
    held = None if load.held == NULL else <object>load.held
    was_bound = load.held != NULL
    Py_CLEAR(load.held)
    known = (<dict>lz.modules).get(parent)
    if PyModule_Check(known):
        namespace = <dict>PyModule_GetDict(known)
        if load.unplanted:
            if module is None and child not in namespace and name in planted:
                namespace[child] = planted[name]
        elif module is not None and namespace.get(child) is module:
            if was_bound:
                namespace[child] = held
            else:
                del namespace[child]
    return 0


cdef bint has_generators() except -1:
    """Modules with a random state of their own are loaded."""
    modules = <dict>lz.modules
    return "random" in modules or "numpy.random.mtrand" in modules or "torch" in modules


cdef int put_back(LzNativeLoad *load) except -1:
    global late_loads
    if load.late:
        late_loads = max(late_loads - 1, 0)  # a fork in between has set it to 0
    if load.seen != NULL:
        seen = <object>load.seen
        Py_CLEAR(load.seen)
        if lz_filters_moved(<PyObject *>seen):
            helper.filters_added(seen)
    if load.kept != NULL:
        kept = <object>load.kept
        Py_DECREF(kept)
        load.kept = NULL
        helper.put_back_random(kept)
    return 0


cdef public void lz_native_failed(object name, object error, LzNativeLoad *load) noexcept:
    """Says who asked for a deferred module, on the error that passes."""
    try:
        put_back(load)
        if load.rebound or load.unplanted:
            put_binding_back(name, None, load)
        open_modules.pop(name, None)
        if name in late:
            helper.note(error, name)
    except BaseException:
        helper.debug()


cdef public int lz_native_loaded(object name, object module, LzNativeLoad *load) except -1:
    """A module is there; while its body still runs (a cycle) nothing has ended."""
    try:
        put_back(load)
        if load.rebound or load.unplanted:
            put_binding_back(name, module, load)
        wanted = name in open_modules or name in late or name in planted or name in waiting or name in hooks
        if not wanted or module is None or lz_is_initializing(module):
            return 0
        if PyModule_Check(module) and type(module) is not ModuleType and helper.is_pending(name):
            return 0
        open_modules.pop(name, None)
        late.pop(name, None)
        planted.pop(name, None)
        children = waiting.pop(name, None)
        if children is not None:
            plant(module, children)
        if name in hooks:
            helper.call_back(name, module)
    except Exception:
        helper.debug()
    return 0
