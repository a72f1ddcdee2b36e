# Freeze: what disable() does so that hot code pays nothing. What running code reads is resolved at once; functions that read a pending name resolve it
# when they are first entered (trap.c); every namespace that some function runs in gets a plain table.

cdef extern from "core.h":
    object lz_pending_reads(object code, object keys, int after)
    void lz_settle_for(PyObject *frame)

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(object thing)

cdef extern from "state.h":
    int lz_trap(object function, object names) except -1
    int lz_rebuild(Space space) except -1
    void lz_undress(Space space)
    int lz_disarm_key(Space space, object key) except -1

# Cython's own lambdas and generators have types of their own, so the interpreter's are named by their C names. A program that
# loaded PyTorch has 400,000 objects when the first batch begins: each is only asked for its type's address.
cdef extern from "Python.h":
    PyTypeObject PyFunction_Type, PyGen_Type, PyCoro_Type, PyAsyncGen_Type
    PyObject *PyFunction_GetGlobals(object function)
    PyObject *PyFunction_GetCode(object function)
    int PyGC_Disable()
    int PyGC_Enable()

# CPython 3.12 puts some hundred objects aside itself, none of them a function; gc.freeze() in a program takes thousands.
cdef Py_ssize_t aside_at_start = 1000 if sys.version_info[:2] == (3, 12) else 0


cdef void settle_quietly(Space space, names):
    """Resolve names, or None, now; what fails stays pending and raises at its use."""
    for name in names or ():
        try:
            lz_take(space, name)
        except Exception:
            pass


cdef dict armed_spaces():
    """The namespaces with armed keys, by the address of their dict."""
    cdef Space space
    return {<size_t><PyObject *>space.dict: space for space in all_spaces() if space.armed > 0}


def freeze(bint resolved=False):
    """Stop deferring, and leave no slow table and no armed key where code runs; `resolved`: nothing has to be settled first."""
    import gc
    cdef dict spaces = armed_spaces()
    cdef list frames = [], things = None
    if not spaces or resolved:
        turn_off()
    else:
        before = collections(gc)
        things = survey(gc.get_objects(), frames)
        settle_running(spaces, frames)
        turn_off()
    del frames
    spaces = still_armed()  # while nothing here holds what has gone
    if not spaces or gc.get_freeze_count() > aside_at_start:
        return  # nobody tells of the functions that gc.freeze() put aside: their names stay armed
    if things is None or collections(gc) != before:
        things = gc.get_objects()
    else:  # a look through all objects takes long: what was made since is young, as nobody collected
        things += gc.get_objects(generation=0)
    cdef int collects = PyGC_Disable()  # a row for each trap would have it walk all objects, time and again
    try:
        for space in trap_readers(spaces, things):
            if (<Space>space).armed > 0:
                thaw(space)
    finally:
        if collects:
            PyGC_Enable()


cdef object collections(gc):
    """How often garbage was collected."""
    return sum([row["collections"] for row in gc.get_stats()])


cdef list survey(list things, list frames):
    """The functions among them; adds the frames of suspended generators and coroutines."""
    cdef PyTypeObject *kind
    cdef list functions = []
    for thing in things:
        kind = <PyTypeObject *>Py_TYPE(thing)
        if kind == &PyFunction_Type:
            functions.append(thing)
        elif kind == &PyGen_Type:
            frames.append(thing.gi_frame)
        elif kind == &PyCoro_Type:
            frames.append(thing.cr_frame)
        elif kind == &PyAsyncGen_Type:
            frames.append(thing.ag_frame)
    return functions


cdef void settle_running(dict spaces, list suspended):
    """Resolve what running frames, and suspended ones, read."""
    cdef Space space
    frames = []
    for frame in sys._current_frames().values():
        while frame is not None:
            frames.append(frame)
            frame = frame.f_back
    for function in watched():  # they cannot be trapped
        space = spaces.get(<size_t><PyObject *>function.__globals__)
        if space is not None:
            settle_quietly(space, lz_pending_reads(function.__code__, space.keys, -1))
    for frame in frames + suspended:
        if frame is not None:
            space = spaces.get(<size_t><PyObject *>frame.f_globals)
            if space is not None:
                # functions that a module's body has made already are trapped one by one
                done = frame.f_lasti if frame.f_code.co_name == "<module>" else -1
                lz_settle_for(<PyObject *>frame)
                try:
                    settle_quietly(space, lz_pending_reads(frame.f_code, space.keys, done))
                finally:
                    lz_settle_for(NULL)


cdef dict still_armed():
    """The namespaces with armed keys; those that nobody has any longer are let go."""
    cdef Space space
    for space in list(<list>lz.frozen):
        if sys.modules.get(space.name) is not space.module and Py_REFCNT(space.module) <= 2:
            (<list>lz.frozen).remove(space)  # nobody else has the module
    return armed_spaces()


cdef list trap_readers(dict spaces, list things):
    """Have the functions among them resolve what they read at their first call; the namespaces that functions run in."""
    cdef Space space
    cdef dict used = {}
    cdef PyObject *globals_of
    cdef PyObject *last = NULL
    found = None
    for function in things:
        if <PyTypeObject *>Py_TYPE(function) == &PyFunction_Type:
            globals_of = PyFunction_GetGlobals(function)
            if globals_of != last:  # those of one module lie beside each other
                last, found = globals_of, spaces.get(<size_t>globals_of)
            if found is not None:
                space = found
                used[<size_t><PyObject *>space.dict] = space  # two modules may have one name
                names = lz_pending_reads(<object>PyFunction_GetCode(function), space.keys, -1)
                if names is not None:
                    lz_trap(function, names)
    return list(used.values())


cdef thaw(Space space):
    """Plain keys for everything; what is pending stays as a value that the module's type and the traps know."""
    space.frozen = 2
    lz_rebuild(space)
    for key in list(space.keys.values()):
        lz_disarm_key(space, key)
    space.frozen = 1
    space.cold = sum([1 for value in space.dict.values() if type(value) is Placeholder])
    if space.cold:
        (<list>lz.frozen).append(space)
    else:
        space.frozen = 0
        lz_undress(space)
