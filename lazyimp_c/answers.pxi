# Answers of earlier runs: what the policy said of each import statement, so that a start which repeats need not load it.
# A module's answers are void once its file is another; all are once sys.path or a folder on it is. lazyimp._answers has the files.

cdef extern from "native.h":
    int lz_stamp(object path, long long *stamp) except -1  # 1: when it was changed (ns) and how long it is, 0: there is no such file

cdef extern from "core.h":
    Py_ssize_t Py_SIZE(object code)
    int UNGUARDED "LZ_MODULE_UNGUARDED"
    int EAGER "LZ_EAGER"
    int LAZY "LZ_LAZY"
    int PROXY "LZ_PROXY"

cdef enum:
    MOST_PATHS = 4      # a program that changes sys.path all the time has no use for answers
    LAST_INDEX = 65535

cdef struct Head:       # of a module's answers, which are kept as bytes
    long long stamp[2]
    int code, names     # sizes of the code's instructions and of its table of names
    int flags, guarded  # as in NativeSpace
    int rows, indexes   # how many rows follow, and behind them how many indexes of names

cdef struct Row:        # a statement
    int offset, line
    unsigned short flags
    unsigned short first       # of its indexes of bound names
    unsigned short count       # of bound names
    unsigned short conditions  # 1 + index into the module's conditions; 0: none
    int answer

cdef object keeper = None      # lazyimp._answers, once there is a statement to decide
cdef object answers = None     # the Answers in use; None: none are
cdef int paths_seen = 0


cdef class Answers:
    """What is known from earlier runs under one sys.path, and what this run adds."""
    cdef readonly object file, key, path, folder, environment
    cdef readonly dict found   # module -> bytes, or (bytes, conditions)
    cdef dict fresh            # module -> Lesson
    cdef dict stamps           # of distributions, as conditions name them -> whether they are still so

    def __init__(self, file, key, path, folder, environment, dict found):
        self.file, self.key, self.path, self.folder, self.found = file, key, path, folder, found
        self.environment = environment  # variables that the answers depend on
        self.fresh, self.stamps = {}, {}

    def added(self):
        """{module: its answers} where this run found some that were not known."""
        return {name: (<Lesson>lesson).whole() for name, lesson in self.fresh.items()}


cdef class Lesson:
    """A module's answers while they are gathered."""
    cdef Head head
    cdef dict rows             # offset -> Row as bytes; the last one counts
    cdef list indexes, conditions

    def __init__(self):
        self.rows, self.indexes, self.conditions = {}, [], []

    cdef int add(self, int offset, int line, int flags, int answer, bound, conditions) except -1:
        cdef Row row
        if len(self.indexes) + len(bound) > LAST_INDEX or len(self.conditions) >= LAST_INDEX or any([index > LAST_INDEX for index in bound]):
            return 0
        row.offset, row.line, row.flags, row.answer = offset, line, <unsigned short>flags, answer
        row.first, row.count, row.conditions = <unsigned short>len(self.indexes), <unsigned short>len(bound), 0
        self.indexes += bound
        if conditions:
            self.conditions.append(conditions)
            row.conditions = <unsigned short>len(self.conditions)
        self.rows[offset] = PyBytes_FromStringAndSize(<const char *>&row, sizeof(Row))
        return 0

    cdef object whole(self):
        self.head.rows, self.head.indexes = len(self.rows), len(self.indexes)
        tail = b"".join([(<int>index).to_bytes(2, sys.byteorder) for index in self.indexes])
        data = PyBytes_FromStringAndSize(<const char *>&self.head, sizeof(Head)) + b"".join(self.rows.values()) + tail
        return (data, tuple(self.conditions)) if self.conditions else data


def native_keeper(module):
    """Take the module that has the files."""
    global keeper
    keeper = module


def native_answers(made):
    """Use these Answers, or with None no more of any."""
    global answers
    answers = made


cdef Answers in_use():
    """The Answers for sys.path as it is now, or None."""
    global paths_seen
    if answers is None:
        return None
    now = lz_sys_list(lz_names.sys_path)
    if now == NULL:
        return None
    if not lz_same_items(<object>now, (<Answers>answers).path):
        paths_seen += 1
        keeper.recall(paths_seen < MOST_PATHS)
    elif (<Answers>answers).folder is not None and not keeper.is_same_folder((<Answers>answers).folder):
        native_answers(None)
    return answers


# -- of a module ---------------------------------------------------------------------------------------------------------------------------------


cdef const Head *head_of(found) except? NULL:
    data = found[0] if type(found) is tuple else found
    if type(data) is not bytes or len(data) < <Py_ssize_t>sizeof(Head):
        return NULL
    cdef const Head *head = <const Head *><const char *>data
    cdef Py_ssize_t rows = head.rows, indexes = head.indexes
    if rows < 0 or indexes < 0 or len(data) != <Py_ssize_t>sizeof(Head) + rows * <Py_ssize_t>sizeof(Row) + indexes * 2:
        return NULL
    return head


cdef bint is_about(const Head *head, code, file) except -1:
    """The answers are about this very file and code."""
    cdef long long stamp[2]
    if head.code != Py_SIZE(code) or head.names != len(code.co_names) or lz_stamp(file, stamp) == 0:
        return False
    return head.stamp[0] == stamp[0] and head.stamp[1] == stamp[1]


cdef NativeSpace answered_space(LzSite *site, importer):
    """The space of a module all or most of whose answers are known; None: the policy is to be asked."""
    cdef Answers known = in_use()
    cdef const Head *head
    if known is None or blocks or not deferring:
        return None
    found = known.found.get(importer)
    file = (<dict><object>site.globals).get("__file__")
    if found is None or type(file) is not str:
        return None
    head = head_of(found)
    code = <object><PyObject *>site.code
    if head == NULL or not is_about(head, code, file):
        return None
    guarded = not head.flags & UNGUARDED and is_guarded(<object><PyObject *>site.frame)
    if guarded != head.guarded:
        return None
    space = NativeSpace(importer, code, file, None, head.flags, guarded)
    space.source, space.found = known, found
    return space


cdef int attach(NativeSpace space, Answers known) except -1:
    """What these answers say of the module, whose space was made before they came into use."""
    cdef const Head *head
    found = known.found.get(space.name) if type(space.file) is str else None
    space.source, space.found, space.lesson = known, None, None
    if found is not None:
        head = head_of(found)
        if head != NULL and head.guarded == space.guarded and is_about(head, space.code, space.file):
            space.found = found
    return 0


cdef const Row *row_at(NativeSpace space, int offset) except? NULL:
    """The row of a statement whose answer holds here, or NULL."""
    cdef const Head *head
    cdef const Row *row
    cdef int i
    cdef Answers known = in_use()
    if known is None:
        return NULL
    if space.source is not known:
        attach(space, known)
    if space.found is None:
        return NULL
    head = head_of(space.found)
    row = <const Row *>(head + 1)
    for i in range(head.rows):
        if row.offset == offset:
            found = space.found
            is_met = row.conditions == 0 or are_met(known, found[1][row.conditions - 1])
            return row if is_met and space.found is found else NULL
        row += 1
    return NULL


cdef bint are_met(Answers known, conditions) except -1:
    """The distribution is what it was ("="), modules are loaded, and those of the statement that may not wait ("+") are now."""
    for name in conditions:
        if name[0] == "=":
            if name not in known.stamps:
                known.stamps[name] = keeper.is_unchanged(name)
            if not known.stamps[name]:
                return False
        elif name[0] == "+":
            if name[1:] not in <dict>lz.modules:
                __import__(name[1:])
        elif name not in <dict>lz.modules:
            return False
    return True


cdef bint is_usual(str target) except -1:
    """Nobody put an object of his own into sys.modules for it."""
    top, _, _ = target.partition(".")
    known = PyDict_GetItemWithError(<object>lz.modules, top)
    if known == NULL:
        return True
    if not PyModule_Check(<object>known):
        return False
    spec = PyDict_GetItemWithError(<object>PyModule_GetDict(<object>known), "__spec__")
    return spec != NULL and <object>spec is not None


cdef tuple bound_of(NativeSpace space, const Row *row):
    """The names that a statement binds."""
    cdef const Head *head = head_of(space.found)
    cdef const unsigned short *indexes = <const unsigned short *>(<const Row *>(head + 1) + head.rows) + row.first
    cdef int i
    names = space.code.co_names
    if row.first + row.count > head.indexes:
        raise ValueError("a file of answers is damaged")
    return tuple([names[indexes[i]] for i in range(row.count)])


# -- learning ------------------------------------------------------------------------------------------------------------------------------------


cdef Lesson lesson_of(NativeSpace space):
    """Where a module's new answers go, or None where none are kept."""
    cdef Answers known = in_use()
    cdef Lesson lesson
    cdef const Head *head
    cdef const Row *row
    cdef int i
    if known is None or type(space.file) is not str:
        return None
    if space.source is not known:
        attach(space, known)
    if space.lesson is None:
        lesson = Lesson()
        if lz_stamp(space.file, lesson.head.stamp) == 0:
            return None
        lesson.head.code, lesson.head.names = Py_SIZE(space.code), len(space.code.co_names)
        lesson.head.flags, lesson.head.guarded = space.flags, space.guarded
        if space.found is not None:
            head = head_of(space.found)
            row = <const Row *>(head + 1)
            for i in range(head.rows):
                conditions = space.found[1][row.conditions - 1] if row.conditions else None
                lesson.add(row.offset, row.line, row.flags, row.answer, indexes_of(space.code, bound_of(space, row)), conditions)
                row += 1
        if not known.fresh:
            keeper.await_end()
        known.fresh[space.name] = space.lesson = lesson
    return space.lesson


cdef list indexes_of(code, bound):
    names = code.co_names
    return [names.index(name) for name in bound]


cdef int learn(NativeSpace space, int offset, int flags, int answer, bound, conditions) except -1:
    """Keep the answer to a statement."""
    cdef Lesson lesson = lesson_of(space)
    if lesson is None:
        return 0
    lesson.add(offset, lz_line_at(space.code, offset), flags, answer, indexes_of(space.code, bound) if answer != EAGER else (), conditions)
    return 0
