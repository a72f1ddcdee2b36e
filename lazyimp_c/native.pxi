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
    int lz_line_at(object code, int offset)
    int lz_says_lazy(PyObject *code, int offset)
    int lz_imports_protected(LzSite *site)
    int lz_is_initializing(object module)
    int lz_native_facts(object facts, int flags)
    int lz_mentions(object code, object name) except -1
    object lz_placeholder_code(object full, object file, int line)
    object lz_run(object code, object namespace)

cdef object helper = None         # lazyimp._native
cdef object decider = None        # lazyimp._native_space, once there is a policy
cdef object lazy_type = None      # the interpreter's type of placeholders
cdef bint deferring = False       # imports are deferred, not only in blocks
cdef list quiet_finders = None    # sys.meta_path as the helper knows it; None: there is no policy yet
cdef Py_ssize_t deferrals = 0
cdef int late_loads = 0           # imports of deferred statements' modules in progress, over all threads

native_blocks = []    # (frame, policy, verdict tables) of open `with lazyimp.lazy()` blocks
native_open = {}      # name -> NativeSpace of a module that is being executed
native_declared = {}  # (module, bound name) -> (target, attribute or None, file, line, flags): bindings that the filter deferred
native_late = {}      # module name -> (bound name, file, line) of the first statement that deferred it
native_paths = {}     # top-level name -> sys.path as that statement saw it
native_filters = {}   # module name -> (warnings.filters, its items) as that statement saw it
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


cdef class NativeSpace:
    """What is known about a module while its body runs."""
    cdef readonly object name, code, file, table
    cdef readonly int flags       # Policy.open
    cdef readonly bint guarded    # imported by a statement inside try: what fails has to fail there
    cdef object facts             # None: not read yet, or they rule out every statement
    cdef bint unread

    def __init__(self, name, code, file, table, int flags, bint guarded):
        self.name, self.code, self.file, self.table = name, code, file, table
        self.flags, self.guarded = flags, guarded
        self.unread = not flags & MODULE_EAGER

    cdef LzStatement *at(self, int offset) except? NULL:
        """The statement at a byte offset; NULL where it has to run at once."""
        cdef LzStatement *found
        if self.unread:
            self.unread = False
            facts = lz_analyse(self.code)
            if lz_native_facts(facts, self.flags):
                self.facts = facts
        if self.facts is None:
            return NULL
        found = lz_statement(<LzFacts *><PyObject *>self.facts, offset)
        return found if found != NULL and found.count > 0 and not found.flags & NEVER else NULL

    cdef object bound(self, LzStatement *s, int index):
        """(attribute or None, bound name) of one of the names that a statement binds."""
        cdef LzBind *bind = &(<LzFacts *><PyObject *>self.facts).binds[s.first + index]
        return (None if bind.attr == NULL else <object>bind.attr), <object>bind.store

    def statement(self, int offset):
        """(flags, ((attribute or None, bound name), ...)) of the statement at a byte offset; None where it has to run at once."""
        return lz_facts_statement(self.facts, offset) if self.at(offset) != NULL else None

    def environ_after(self, int offset):
        """Environment variables that the module's own code sets after the statement at `offset`."""
        return environ_after(self.facts, offset)


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
    global lazy_type
    lazy_type = kind


def native_defer(bint on):
    """Imports are deferred from now on, or only in blocks."""
    global deferring
    deferring = on


def native_around(on):
    """Stand around each import, or no longer."""
    lz_around(NATIVE_JOB, 1 if on else 0)


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
    scope = decider.scope_of(<object><PyObject *>site.frame, space) if blocks else None
    if scope is None and (not deferring or space.flags & MODULE_EAGER):
        return False
    cdef int bits = verdict_bits(space, scope, target, names)
    cdef int unused = BIT_UNUSED if names is None else BIT_UNUSED_FROM
    if not bits & (BIT_LAZY | unused | BIT_ASK) or lz_paused():
        return False
    cdef LzStatement *s = space.at(site.offset)
    if s == NULL:
        return False
    cdef int flags = s.flags if scope is None else s.flags & ~PROTECTED
    if bits & BIT_ASK or flags & BEFORE_ENVIRON or space.guarded:
        if not decider.ask(space, scope, target, names, flags, site.offset):
            return False
    elif flags & PROTECTED or not bits & (unused if flags & UNUSED else BIT_LAZY):
        return False
    if is_for_effect(space, <object>site.globals, target, names, s):
        return False
    if "." in target and not note_submodules(space, site.offset, target):
        return False
    remember(space, s, flags, target, names)
    return True


cdef NativeSpace space_at(LzSite *site, importer):
    """The space of the module whose body runs at `site`, or None where imports stay eager."""
    cdef NativeSpace space = open_modules.get(importer)
    if space is not None and space.code is <object><PyObject *>site.code:
        return space
    if not lz_runs_module(site) or lz_paused():
        return None
    return helper.open_space(<object><PyObject *>site.frame, importer)


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


cdef remember(NativeSpace space, LzStatement *s, int flags, str target, names):
    """Note where the statement stands and which sys.path it saw."""
    global deferrals
    cdef int i, line = lz_line_at(space.code, s.offset)
    file = space.code.co_filename
    if space.flags & OWN_CODE:
        flags |= OWN_STATEMENT
    for i in range(s.count):
        attribute, bound = space.bound(s, i)
        declared[space.name, bound] = (target, None if names is None else attribute, file, line, flags)
        deferrals += 1
        if lz_recording:
            helper.record(space.name, bound, target, None if names is None else attribute, file, line, 0, space.name)
    if target not in late:
        late[target] = (space.bound(s, 0)[1], file, line)
        if lz_remember_filters(late_loads > 0) == 0 and lz.last_filters != NULL:
            filters[target] = <object>lz.last_filters
    top, _, _ = target.partition(".")
    if top not in paths and lz_remember_paths() == 0 and lz.last_paths != NULL:
        paths[top] = <object>lz.last_paths


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
            helper.load_if_found(full)
    return 0
