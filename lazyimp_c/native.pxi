# Core native's half in C: the filter that the interpreter asks at each statement it could defer, and what it remembers.
# The policy, and whatever is rare, is lazyimp._native's: `native_setup` takes that module.

cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object, object) except? NULL
    int PyModule_Check(object)  # of its type; isinstance() believes what an object says of itself
    PyObject *PyModule_GetDict(object)

cdef extern from "native.h":
    ctypedef struct LzNativeLoad:
        int late, rebound, unplanted
        PyObject *kept
        PyObject *held
        PyObject *seen
    int lz_line_at(object code, int offset)
    int lz_says_lazy(PyObject *code, int offset)
    int lz_imports_protected(LzSite *site)
    int lz_is_initializing(object module)
    int lz_native_facts(object facts, int flags)
    int lz_mentions(object code, object name) except -1
    object lz_placeholder_code(object full, object file, int line)
    object lz_run(object code, object namespace)
    int lz_native_waits
    PyObject *lz_native_kind

cdef extern from "state.h":
    void lz_lacking(int on)
    void lz_lacking_after_fork()

cdef object helper = None         # lazyimp._native
cdef object decider = None        # lazyimp._native_space, once there is a policy
cdef object lazy_type = None      # the interpreter's type of placeholders
cdef bint begun = False           # all is prepared for statements to be decided
cdef bint deferring = False       # imports are deferred, not only in blocks
cdef list quiet_finders = None    # sys.meta_path as the helper knows it; None: there is no policy yet
cdef Py_ssize_t deferrals = 0
cdef int late_loads = 0           # imports of deferred statements' modules in progress, over all threads

native_blocks = []    # (frame, policy, verdict tables) of open `with lazyimp.lazy()` blocks
native_open = {}      # name -> NativeSpace of a module that is being executed
native_declared = {}  # (module, bound name) -> (target, attribute or None, file, line, flags): bindings that the filter deferred
native_late = {}      # module name -> (bound name, file, line) of the first statement that deferred it
native_paths = {}     # top-level name -> sys.path as that statement saw it
native_filters = {}   # module name -> (warnings.filters, its items, the statement's order) as that statement saw it
native_waiting = {}   # package not loaded yet -> {submodule: (importer, file, line)} imported below it
native_planted = {}   # submodule not loaded yet -> the placeholder that its package got for it
after_exec = {}       # module name -> [callback(module)], called once when it was loaded
native_before_load = {}      # top-level name -> callback(): the first import of one of them calls it, and the others are forgotten

cdef list blocks = native_blocks
cdef dict open_modules = native_open
cdef dict declared = native_declared
cdef dict late = native_late
cdef dict paths = native_paths
cdef dict filters = native_filters
cdef dict waiting = native_waiting
cdef dict planted = native_planted
cdef dict hooks = after_exec
cdef dict begins = native_before_load

cdef int NEVER = STAR | PATH_WINDOW | FINALIZER
cdef int OWN_STATEMENT = 256      # ours, beside a statement's flags: it stands in the user's own code


# -- what lazyimp._native calls ------------------------------------------------------------------------------------------------------------------


def native_setup(module):
    """Take the module that answers what is asked here."""
    global helper
    helper = module


def native_decider(module):
    """Take the module that asks the policy."""
    global decider
    decider = module


def native_lazy(kind):
    """Take the interpreter's type of placeholders."""
    global lazy_type, lz_native_kind
    lazy_type = kind
    lz_native_kind = <PyObject *>kind


def native_defer(bint on):
    """Imports are deferred from now on, or only in blocks."""
    global deferring
    deferring = on


def native_begun(bint on):
    """The helper is prepared, or has to prepare itself before the next statement."""
    global begun
    begun = on


def native_around(on):
    """Stand around each import and what a package lacks, or no longer."""
    lz_around(NATIVE_JOB, 1 if on else 0)
    lz_lacking(1 if on else 0)


def native_after_fork():
    """In a child: what other threads were at is over."""
    global late_loads
    late_loads = 0
    lz_lacking_after_fork()
    after_fork_in_child()


def native_quiet(list finders):
    """`sys.meta_path` needs no look while it is this; None: there is no policy yet."""
    global quiet_finders
    quiet_finders = finders


def native_bits(NativeSpace space, scope, target):
    """The policy's bits for `import target`; `scope`: None, or (policy, verdicts) of a block."""
    return verdict_bits(space, scope, target, None)


def native_deferred():
    """How many bindings the filter deferred."""
    return deferrals


# -- the filter ----------------------------------------------------------------------------------------------------------------------------------


def native_filter(importer, target, names):
    """What the interpreter asks at each statement that it could defer."""
    try:
        known = (<dict>lz.modules).get(target)
        if known is not None and (names is None or all_bound(known, names)):
            return False  # nothing to defer
        if type(importer) is not str or importer.startswith(("lazyimp.", "lazyimp_c")):
            return False
        return importer == "<lazyimp>" or is_lazy(importer, target, names)  # `placeholder_of` makes one
    except Exception:
        helper.debug()
        return False


cdef bint all_bound(known, names) except -1:
    """The names of a from-import are in the namespace of the module `known`."""
    if type(known) is not ModuleType:
        return False
    namespace = <object>PyModule_GetDict(known)
    for name in names:
        found = PyDict_GetItemWithError(namespace, name)
        if found == NULL or type(<object>found) is lazy_type:
            return False
    return True


cdef bint is_lazy(importer, target, names) except -1:
    cdef LzSite site
    if not lz_site(&site):
        return False
    try:
        if lz_says_lazy(<PyObject *>site.code, site.offset) or is_listed(<object>site.globals, target):
            return helper.is_lazy_before(importer, target, names)
        return is_deferred(&site, importer, target, names)
    finally:
        lz_site_clear(&site)


cdef bint is_listed(namespace, target) except -1:
    """The program itself says so in `__lazy_modules__`."""
    listed = (<dict>namespace).get("__lazy_modules__")
    return listed is not None and target in listed


cdef bint is_deferred(LzSite *site, importer, target, names) except -1:
    cdef NativeSpace space = space_at(site, importer)
    if space is None:
        return False
    scope = scope_of(<object><PyObject *>site.frame, space) if blocks else None
    if scope is None and (not deferring or space.flags & MODULE_EAGER):
        return False
    cdef const Row *row = row_at(space, site.offset) if scope is None else NULL
    if row == NULL or (row.answer != EAGER and not is_usual(target)):
        return is_lazy_by_policy(site, space, scope, target, names)
    if row.answer != LAZY:
        return False
    cdef int line = row.line, flags = row.flags  # the row goes with the answers, which another sys.path would replace
    bound = bound_of(space, row)
    if lz_paused() or ("." in target and not note_submodules(space, site.offset, target)):
        return False
    remember(space, line, flags, target, names, bound)
    return True


cdef bint is_lazy_by_policy(LzSite *site, NativeSpace space, scope, target, names) except -1:
    if (space.table is None and not helper.complete(space)) or lz_paused():
        return False
    cdef bint is_kept = scope is None
    cdef LzStatement *s = NULL
    cdef int bits = verdict_bits(space, scope, target, names), flags = 0
    cdef int unused = BIT_UNUSED if names is None else BIT_UNUSED_FROM
    cdef bint is_lazy = bits & (BIT_LAZY | unused | BIT_ASK)
    conditions = None
    if is_lazy:
        s = space.at(site.offset)
        is_lazy = s != NULL
    if is_lazy:
        flags = s.flags if scope is None else s.flags & ~PROTECTED
        if bits & BIT_ASK or flags & BEFORE_ENVIRON or space.guarded:
            is_lazy, conditions = decider.ask(space, scope, target, names, flags, site.offset)
            is_kept = is_kept and conditions is not None
        else:
            is_lazy = not flags & PROTECTED and bits & (unused if flags & UNUSED else BIT_LAZY)
        is_lazy = is_lazy and not is_for_effect(space, <object>site.globals, target, names, s)
    bound = tuple([space.bound(s, i)[1] for i in range(s.count)]) if is_lazy else ()
    if is_kept:
        learn(space, site.offset, flags, LAZY if is_lazy else EAGER, bound, conditions)
    if not is_lazy or ("." in target and not note_submodules(space, site.offset, target)):
        return False
    remember(space, lz_line_at(space.code, site.offset), flags, target, names, bound)
    return True


cdef int verdict_bits(NativeSpace space, scope, str target, names) except -1:
    table = space.table if scope is None else scope[1]
    cdef Py_ssize_t dot = target.find(".")
    top = target if dot < 0 else target[:dot]
    verdict = (<dict>table).get(top)
    if verdict is None:
        verdict = decider.fill(space, scope, top)
    return lz_unpack(verdict, target, names)


cdef bint is_for_effect(NativeSpace space, namespace, str target, names, LzStatement *s) except -1:
    """Inside a package: a submodule never named, a name of its own __getattr__."""
    package = (<dict>namespace).get("__package__")
    if not package or not (target == package or target.startswith(package + ".")):
        return False
    if names is not None and target == space.name and "__getattr__" in <dict>namespace:
        return True  # the package's own function may be what answers
    if names is None and s.flags & UNUSED:
        return True
    top, _, _ = target.partition(".")
    return names is None and space.bound(s, 0)[1] == top and not lz_mentions(space.code, target.rpartition(".")[2])


cdef remember(NativeSpace space, int line, int flags, target, names, bound):
    """Note where the statement stands and which sys.path it saw."""
    global deferrals, lz_native_waits
    cdef Py_ssize_t i
    lz_native_waits = 1
    file = space.code.co_filename
    if space.flags & OWN_CODE:
        flags |= OWN_STATEMENT
    for i in range(len(bound)):
        attribute = None if names is None else names[i]
        declared[space.name, bound[i]] = (target, attribute, file, line, flags)
        deferrals += 1
        if lz_recording:
            helper.record(space.name, bound[i], target, attribute, file, line, 0, space.name)
    if target not in late:
        late[target] = (bound[0], file, line)
        if lz_remember_filters() == 0 and lz.last_filters != NULL:
            seen = <tuple>lz.last_filters
            filters[target] = (seen[0], seen[1], lz.late_order if late_loads else <int>deferrals)
    top, _, _ = target.partition(".")
    if top not in paths and lz_remember_paths() == 0 and lz.last_paths != NULL:
        paths[top] = <object>lz.last_paths


cdef public object lz_native_missing(object package, object name, int only_asked):
    return helper.missing(package, name, only_asked)


# -- submodules ----------------------------------------------------------------------------------------------------------------------------------


cdef bint note_submodules(NativeSpace space, int offset, str target) except -1:
    """`import a.b.c` makes `b` and `c` reachable by name; False where the statement must run at once."""
    cdef Py_ssize_t end, dot = target.find(".")
    place = None
    while dot >= 0:
        end = target.find(".", dot + 1)
        full = target if end < 0 else target[:end]
        if full not in <dict>lz.modules:
            if place is None:
                place = (space.name, space.code.co_filename, lz_line_at(space.code, offset))
            known = (<dict>lz.modules).get(target[:dot])
            if known is None:
                waiting.setdefault(target[:dot], {}).setdefault(full[dot + 1:], place)
            elif not offer(known, target[:dot], full[dot + 1:], place):
                return False
        dot = end
    return True


cdef bint offer(known, parent, child, place) except -1:
    """Put a placeholder under the name; False where the package has given the name to something else."""
    if not PyModule_Check(known):
        return True
    namespace = <object>PyModule_GetDict(known)
    held = PyDict_GetItemWithError(namespace, child)
    if held != NULL:
        return type(<object>held) is lazy_type
    importer, file, line = place
    full = f"{parent}.{child}"
    (<dict>namespace)[child] = planted[full] = placeholder_of(full, file, line)
    if lz_recording:
        helper.record(importer, child, full, None, file, line, 2, parent)
    return True


cdef object placeholder_of(full, file, int line):
    """The interpreter's placeholder of submodule `full`, declared at file:line."""
    namespace = {"__name__": "<lazyimp>", "__package__": ""}
    lz_run(lz_placeholder_code(full, file, line), namespace)
    return namespace["z"]


cdef int plant(known, dict children) except -1:
    """A package was executed: what deferred statements imported below it becomes reachable, or is imported.

    `import pkg.name` where the body of `pkg` defines `name` binds the submodule, which is imported after
    the body; the interpreter would leave what the body defined (gh-151208).
    """
    parent = getattr(known, "__name__", None)
    for child, place in children.items():
        full = f"{parent}.{child}"
        if full not in <dict>lz.modules and not offer(known, parent, child, place):
            if helper.finder().find(full) is not None:
                __import__(full)
    return 0
