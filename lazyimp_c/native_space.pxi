# Core native's spaces: which module's body runs, and what is known about it meanwhile.

cdef int MOST_OPEN = 100  # then those whose body has ended are forgotten


cdef class NativeSpace:
    """What is known about a module while its body runs."""
    cdef readonly object name, code, file
    cdef readonly object table    # of the policy's verdicts; None: the policy was not asked
    cdef readonly int flags       # Policy.open
    cdef readonly bint guarded    # imported by a statement inside try: what fails has to fail there
    cdef object facts             # None: not read yet, or they rule out every statement
    cdef bint unread
    cdef object source, found     # the Answers looked in, what they have on this module, or None (answers.pxi)
    cdef Lesson lesson

    def __init__(self, name, code, file, table, int flags, bint guarded):
        self.name, self.code, self.file, self.table = name, code, file, table
        self.flags, self.guarded = flags, guarded
        self.unread = not flags & MODULE_EAGER

    def take_verdicts(self, table, int flags):
        """Take what Policy.open says of the module."""
        self.table, self.flags = table, flags

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


cdef NativeSpace space_at(LzSite *site, importer):
    """The space of the module whose body runs at `site`, or None where imports stay eager."""
    cdef NativeSpace space = open_modules.get(importer)
    if space is not None and space.code is <object><PyObject *>site.code:
        return space
    if not lz_runs_module(site) or lz_paused():
        return None
    frame = <object><PyObject *>site.frame
    if not (deferring or any([block[0] is frame for block in blocks])) or not (begun or helper.begin()):
        return None
    if not is_openable(frame, <object>site.globals, importer):
        return None
    if len(open_modules) > MOST_OPEN:
        for other in [other for other in open_modules if not is_running(other)]:
            del open_modules[other]
    space = answered_space(site, importer)
    if space is None:
        space = helper.open_space(frame, importer)
        if space is not None:
            lesson_of(space)  # that it stays eager is an answer, too
    if space is not None:
        open_modules[importer] = space
    return space


cdef bint is_openable(frame, namespace, importer) except -1:
    """The namespace is that of a plain module, and nobody takes a copy of it."""
    if gives_copies(frame.f_back):
        return False
    known = PyDict_GetItemWithError(<object>lz.modules, importer)
    if known == NULL or (type(<object>known) is not ModuleType and not helper.is_plain(<object>known)):
        return False
    return PyModule_GetDict(<object>known) == <PyObject *>namespace


cdef bint gives_copies(caller) except -1:
    """runpy.run_path and run_module give a copy of the namespace away."""
    if caller is None:
        return False
    file = caller.f_code.co_filename
    if not file.startswith("<frozen runpy>") and not file.endswith(("/runpy.py", "\\runpy.py")):
        return False
    return caller.f_back is None or caller.f_back.f_code.co_name != "_run_module_as_main"


cdef bint is_guarded(frame) except -1:
    """What this body imports has to fail where its own import is caught: inside try, here or further up."""
    cdef NativeSpace space
    found = lz_importing(frame)
    if found is None:
        return False
    above, inside = found
    if inside:
        return not any([block[0] is above for block in blocks])
    space = open_modules.get(above.f_globals.get("__name__"))
    return space is not None and space.code is above.f_code and space.guarded


def native_guarded(frame):
    """What the module body `frame` imports has to fail where its own import is caught."""
    return is_guarded(frame)


cdef bint is_running(importer) except -1:
    if importer == "__main__":
        return True
    known = (<dict>lz.modules).get(importer)
    return lz_is_initializing(known) == 1


cdef object scope_of(frame, NativeSpace space):
    """(policy, verdicts) of the innermost `with lazyimp.lazy()` block that `frame` is in, or None."""
    for block, policy, tables in reversed(blocks):
        if block is frame:
            if space.name not in tables:
                tables[space.name] = policy.open(space.name, space.file)[0]
            return policy, tables[space.name]
    return None
