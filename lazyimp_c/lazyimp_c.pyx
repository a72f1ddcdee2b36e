# cython: language_level=3, embedsignature=False, binding=False, auto_pickle=False, freethreading_compatible=False
"""lazyimp's extension: core c (deferred imports by armed keys), attribute resolution of proxies, and facts about code objects."""

from cpython.object cimport PyObject, PyTypeObject, Py_TYPE
from cpython.ref cimport Py_CLEAR, Py_DECREF, Py_INCREF, Py_XINCREF

cdef extern from "core.h":
    object lz_analyse(object code)
    object lz_facts_statement(object facts, int offset)
    object lz_facts_imports(object facts)
    object lz_effects(object code)
    object lz_shared(object code)
    object lz_outline(object code)
    object lz_importing(object frame)
    ctypedef struct LzBind:
        PyObject *attr
        PyObject *store
    ctypedef struct LzStatement:
        int offset, flags, first, count
    ctypedef struct LzFacts:
        int flags
        LzBind *binds
        PyObject *environ_keys
    ctypedef struct LzSite:
        void *code
        PyObject *globals
        void *frame
        int offset
    LzStatement *lz_statement(LzFacts *facts, int offset)
    int lz_site(LzSite *site)
    void lz_site_clear(LzSite *site)
    int lz_runs_module(LzSite *site)
    int PROTECTED "LZ_PROTECTED"
    int UNUSED "LZ_UNUSED"
    int STAR "LZ_STAR"
    int PATH_WINDOW "LZ_PATH_WINDOW"
    int BEFORE_ENVIRON "LZ_BEFORE_ENVIRON"
    int FINALIZER "LZ_FINALIZER"
    int BIT_LAZY "LZ_BIT_LAZY"
    int BIT_UNUSED "LZ_BIT_UNUSED"
    int BIT_UNUSED_FROM "LZ_BIT_UNUSED_FROM"
    int BIT_ASK "LZ_BIT_ASK"
    int MODULE_EAGER "LZ_MODULE_EAGER"
    int OWN_CODE "LZ_MODULE_OWN"

cdef extern from "record.h":
    pass

cdef extern from "state.h":
    ctypedef struct LzCore:
        int active
        int generation
        int reifying, late_order
        Py_ssize_t deferred, reified, failed
        PyObject *spaces
        PyObject *pending_subs
        PyObject *awaited
        PyObject *frozen
        PyObject *open_spaces
        PyObject *guarded
        PyObject *paused
        PyObject *modules
        PyObject *last_paths
        PyObject *last_filters
        PyObject *watches
    LzCore lz
    int lz_setup() except -1
    int lz_turn_on() except -1
    int lz_turn_off() except -1
    int lz_pause(int delta) except -1
    PyObject *lz_helper() except NULL
    object lz_push_scope(object frame)
    int lz_pop_scope(object token) except -1
    int lz_set_proxy_loader(object function) except -1
    int lz_around(int job, int on) except -1
    int lz_settle_awaited(object name) except -1
    int COLLECT_RARELY "LZ_COLLECT_RARELY"
    int NATIVE_JOB "LZ_NATIVE_JOB"
    int lz_watch(object function, object enter, object owner) except -1
    int lz_unwatch(object function) except -1
    object lz_reify(object placeholder)
    PyObject *PyModule_GetDict(object module)
    void *lz_space_of(PyObject *namespace)
    PyTypeObject LzProxy_Type
    PyTypeObject LzModule_Type
    int lz_unpack(object verdict, object target, object fromlist) except -1
    int lz_remember_paths() except -1
    int lz_remember_filters() except -1
    int lz_filters_moved(PyObject *recorded)
    int lz_paused()
    PyObject *lz_sys_list(PyObject *name)
    int lz_same_items(object list, object items)
    ctypedef struct LzNames:
        PyObject *sys_path
        PyObject *meta_path
    LzNames lz_names


from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.pythread cimport PyThread_get_thread_ident
from libc.string cimport strcmp

import sys

cdef object ModuleType = type(sys)

include "standin.pxi"
include "space.pxi"
include "pending.pxi"
include "freeze.pxi"
include "recorder.pxi"
include "native.pxi"
include "native_space.pxi"
include "answers.pxi"
include "search.pxi"
include "native_load.pxi"


cdef object lz_real(Placeholder p):
    return lz_reify(p)


cdef public object lz_placeholder_new(int kind, object module, object attr, object bound, object code, int offset, object paths):
    cdef Placeholder p = Placeholder.__new__(Placeholder)
    p.kind = kind
    p.module = module
    p.attr = attr
    p.bound = bound
    p.code = code
    p.offset = offset
    p.paths = paths
    p.filters = <object>lz.last_filters if lz.last_filters != NULL else None
    p.order = lz.late_order if lz.reifying else <int>lz.deferred
    return p


def analyse(code):
    """Facts about a module's code object: its import statements, and what it does to the process around it."""
    return Facts(code)


def shared(code):
    """({"module.name" stored into, "module.*"}, {names whose attributes or items the body reads}) of a code object."""
    return lz_shared(code)


def effects(code):
    """(what a module's body does to the world around it, or None; names that its functions bind globally)."""
    return lz_effects(code)


def outline(code):
    """([(kind, ...)] of what `code` calls, stores into, derives from and imports, names it reads); see outline.c."""
    return lz_outline(code)


cdef class Facts:
    """What a module's code tells without running it; flags as in core.h."""
    cdef object _facts
    cdef readonly int flags

    def __cinit__(self, code):
        self._facts = lz_analyse(code)
        self.flags = (<LzFacts *><PyObject *>self._facts).flags

    def statement(self, int offset):
        """(flags, ((attribute or None, bound name), ...)) of the import statement at a byte offset, or None."""
        return lz_facts_statement(self._facts, offset)

    def imports(self):
        """[(name as written, level, (attribute, ...))] of the module's import statements, in their order."""
        return lz_facts_imports(self._facts)

    @property
    def environ_keys(self):
        """[(offset, name or None)] of the environment variables that the module's own code sets."""
        return list(<object>(<LzFacts *><PyObject *>self._facts).environ_keys)


def environ_after(facts, int offset):
    """Environment variables that the module's own code sets after the statement at `offset`; None where the name is not written there."""
    return [key for at, key in <object>(<LzFacts *><PyObject *>facts).environ_keys if at > offset]


cdef object armed():
    """The Python half; loading it defers nothing."""
    return <object>lz_helper()


name = "c"
wish = None  # (mode, policy_factory) of the last enable(); lazyimp._armed takes it from here when it is first needed


def enable(mode, policy_factory):
    """Defer imports from now on; the policy is made when the first import has to be decided."""
    global wish
    wish = (mode, policy_factory)
    lz_turn_on()


def disable(resolve=False):
    """Stop deferring; (number of names resolved, [(name, error)])."""
    return armed().disable(resolve)


def is_enabled():
    """Whether imports are being deferred."""
    return lz.active != 0


def turn_off():
    """Take our __import__ back; what is pending stays pending."""
    lz_turn_off()


def settle_awaited(name):
    """The body of the module `name` has ended: what own modules take from it by `from` is bound now."""
    lz_settle_awaited(name)


def shut_down():
    """The interpreter ends: hold no module alive, so that they go in the order they always did."""
    lz_turn_off()
    (<list>lz.open_spaces).clear()
    (<list>lz.frozen).clear()
    (<dict>lz.awaited).clear()


def after_fork_in_child():
    """Only this thread is left: pauses of others are over."""
    held = <dict>lz.paused
    for thread in list(held):
        if thread != PyThread_get_thread_ident():
            del held[thread]


def pause():
    """From here on this thread imports eagerly; nests."""
    lz_pause(1)


def resume():
    """Undo one pause()."""
    lz_pause(-1)


def push_scope(frame, mode):
    """The with block that `frame` is entering defers its imports in `mode`; returns a token for pop_scope()."""
    return armed().push_scope(frame, mode)


def pop_scope(token):
    """End a scope begun by push_scope()."""
    armed().pop_scope(token)


def enter_block(frame):
    """Imports that stand directly in the with block `frame` is entering count as unprotected; returns a token."""
    return lz_push_scope(frame)


def leave_block(token):
    """End what enter_block() began."""
    lz_pop_scope(token)


def new_policy():
    """Modules ask the policy anew."""
    lz.generation += 1


def set_proxy_loader(function):
    """`function(module)` executes a proxy at its first attribute access."""
    lz_set_proxy_loader(function)


def collect_rarely(on):
    """Collect garbage less often while a module is imported, or as usual again."""
    lz_around(COLLECT_RARELY, 1 if on else 0)


def watch(function, enter, owner=None):
    """`enter(args, kwargs)` is called before each call of a Python function, and what it returns, unless None, after it; False: it cannot be.

    `owner` is the class that has the function, if one has.
    """
    return lz_watch(function, enter, owner) == 1


def unwatch(function):
    """End what watch() began; False: it was not watched."""
    return lz_unwatch(function) == 1


def watched():
    """The functions that are watched."""
    return [row[0] for row in (<dict>lz.watches).values()]


def importing(frame):
    """(frame, whether its statement is inside try or with) of the import that runs a module's body, or None."""
    return lz_importing(frame)


def generator_memory(capsule, Py_ssize_t size):
    """The first `size` bytes of what a NumPy bit generator keeps; numpy/random/bitgen.h: the state comes first."""
    cdef void **generator = <void **>PyCapsule_GetPointer(capsule, b"BitGenerator")
    return PyBytes_FromStringAndSize(<const char *>generator[0], size)


def random_memory(generator):
    """The bytes in which a `random.Random` keeps its state; Modules/_randommodule.c: int index; uint32_t state[624]."""
    cdef PyTypeObject *kind = <PyTypeObject *>Py_TYPE(generator)
    while kind != NULL and strcmp(kind.tp_name, b"_random.Random") != 0:
        kind = kind.tp_base
    if kind == NULL:
        return None
    return PyBytes_FromStringAndSize(<const char *><void *>generator + sizeof(PyObject), kind.tp_basicsize - sizeof(PyObject))


def proxy_pending(module):
    """Whether `module` is a proxy that was not executed yet."""
    return type(module) is ProxyType


def counts():
    """How many bindings were deferred, reified, and failed so far."""
    return {"deferred": lz.deferred, "reified": lz.reified, "failed": lz.failed}


if lz_setup() < 0:
    raise ImportError("lazyimp_c could not be set up")
ProxyType = <object><PyObject *>&LzProxy_Type
LazyNamespaceModule = <object><PyObject *>&LzModule_Type
