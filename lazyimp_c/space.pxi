# Space: what is known about a module's namespace while imports in it are pending; the C files use its fields.

cdef extern from "state.h":
    void lz_space_gone(Space space)
    int lz_take(Space space, object name) except -1
    int lz_plant(object parent, object child, object full, object importer, object code, int offset) except -1
    int lz_prune() except -1
    PyObject *lz_raw(Space space, object name) except? NULL


cdef public class Space [object LzSpace, type LzSpace_Type]:
    """A module's namespace with pending imports: its keys, its module, the policy's verdicts for its unit."""
    cdef object dict, keys, module, name, file, package, table, facts, logical
    cdef int flags, armed, running, frozen, cold, guarded, generation, awaits
    cdef void *address  # of the namespace: `dict` may be cleared before we die

    def __dealloc__(self):
        lz_space_gone(self)


cdef public Space lz_space_new(object namespace, object module, object name):
    cdef Space space = Space.__new__(Space)
    space.dict = namespace
    space.address = <void *>namespace
    space.module = module
    space.name = name
    space.keys = {}
    space.logical = {}
    return space


cdef list all_spaces():
    """Every Space alive, strongly held."""
    cdef list found = []
    lz_prune()
    for pointer in list((<dict>lz.spaces).values()):
        found.append(<object><PyObject *><size_t>pointer)
    return found
