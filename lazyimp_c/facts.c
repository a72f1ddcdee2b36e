/* Facts: what a module's code object tells without running it: its import statements, the names they bind, and whether those names are read. */
#include "scan.h"

PyObject *
lz_clean_code(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyCode_GetCode(code);
#else
    Py_INCREF(code->co_code);
    return code->co_code;
#endif
}

/* ---- protected ranges ------------------------------------------------------------------------------------------------------------------- */

#if LZ_HAS_EXCEPTION_TABLE
static int
read_varint(const unsigned char **p, const unsigned char *end)
{
    int value = 0, byte = 64;
    while ((byte & 64) && *p < end) {
        byte = *(*p)++;
        value = (value << 6) | (byte & 63);
    }
    return value;
}

/* Calls `each(start, end, target)` in bytes; the table's format is Objects/exception_handling_notes.txt. */
typedef struct { int start, end, target; } Range;

static int
read_range(const unsigned char **p, const unsigned char *end, Range *range)
{
    if (*p >= end) {
        return 0;
    }
    range->start = 2 * read_varint(p, end);
    range->end = range->start + 2 * read_varint(p, end);
    range->target = 2 * read_varint(p, end);
    (void)read_varint(p, end);
    return 1;
}
#endif

/* The handler that protects an instruction, or -1. */
int
lz_handler_of(PyCodeObject *code, int offset)
{
#if LZ_HAS_EXCEPTION_TABLE
    PyObject *table = code->co_exceptiontable;
    const unsigned char *p = (const unsigned char *)PyBytes_AS_STRING(table), *end = p + PyBytes_GET_SIZE(table);
    Range range;
    while (read_range(&p, end, &range)) {
        if (range.start <= offset && offset < range.end) {
            return range.target;
        }
    }
#else
    (void)code;
    (void)offset;
#endif
    return -1;
}

/* ---- statements ------------------------------------------------------------------------------------------------------------------------- */

static int
grow(void **items, int count, size_t size)
{
    if (count & (count - 1)) {
        return 0; /* room is doubled whenever the count reaches a power of two */
    }
    void *more = PyMem_Realloc(*items, (count ? 2 * (size_t)count : 1) * size);
    if (more == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *items = more;
    return 0;
}

static int
add_bind(LzFacts *f, PyObject *attr, PyObject *store)
{
    if (grow((void **)&f->binds, f->n_binds, sizeof(LzBind)) < 0) {
        return -1;
    }
    f->binds[f->n_binds++] = (LzBind){attr, store};
    return 0;
}

static int
is_store(int op)
{
    return op == STORE_NAME || op == STORE_GLOBAL;
}

/* `r` stands on IMPORT_NAME. Reads what follows as far as the statement goes. */
static int
read_statement(LzFacts *f, Reader r, PyCodeObject *code)
{
    if (grow((void **)&f->statements, f->n_statements, sizeof(LzStatement)) < 0) {
        return -1;
    }
    PyObject *names = code->co_names;
    LzStatement *s = &f->statements[f->n_statements++];
    *s = (LzStatement){r.offset, 0, f->n_binds, 0, 0, 0, name_at(names, r.arg >> LZ_IMPORT_NAME_SHIFT)};
    if (lz_handler_of(code, r.offset) >= 0) {
        s->flags |= LZ_PROTECTED;
    }
    PyObject *attr = NULL;
    int stored = 0;
    while (read_next(&r)) {
        if (r.op == IMPORT_FROM) {
            attr = name_at(names, r.arg);
            s->chain++;
        }
        else if (is_store(r.op)) {
            if (add_bind(f, attr, name_at(names, r.arg)) < 0) {
                return -1;
            }
            s->count++;
            stored = 1;
            /* `import a.b as c` ends with one store; `from a import b, c` goes on: the next instruction tells */
            Reader ahead = r;
            if (attr == NULL || !read_next(&ahead) || (ahead.op != IMPORT_FROM && ahead.op != POP_TOP)) {
                break;
            }
        }
        else if (r.op == POP_TOP) {
            /* `import a.b as c` pops the package before it goes on (or ends); `from` pops the module last */
            if (stored) {
                break;
            }
        }
#ifdef IMPORT_STAR
        else if (r.op == IMPORT_STAR) {
            s->flags |= LZ_STAR;
            break;
        }
#endif
#ifdef CALL_INTRINSIC_1 /* 3.12: INTRINSIC_IMPORT_STAR of pycore_intrinsics.h */
        else if (r.op == CALL_INTRINSIC_1 && r.arg == 2) {
            s->flags |= LZ_STAR;
            break;
        }
#endif
#ifdef SWAP
        else if (r.op == SWAP) {
            continue;
        }
#else
        else if (r.op == ROT_TWO) {
            continue;
        }
#endif
        else {
            break;
        }
    }
    return 0;
}

/* The number an instruction pushes, or 0. */
static int
number_loaded(Reader *r, PyCodeObject *code)
{
#ifdef LOAD_SMALL_INT
    if (r->op == LOAD_SMALL_INT) {
        return r->arg;
    }
#endif
    PyObject *value = r->op == LOAD_CONST ? name_at(code->co_consts, r->arg) : NULL;
    return value && PyLong_CheckExact(value) ? (int)PyLong_AsLong(value) : 0;
}

static int
read_statements(LzFacts *f, PyCodeObject *code)
{
    Reader r = reader_of(f->bytes);
    Reader one = r, two = r; /* the instruction before, and the one before that */
    while (read_next(&r)) {
        if (r.op == IMPORT_NAME) {
            if (read_statement(f, r, code) < 0) {
                return -1;
            }
            LzStatement *s = &f->statements[f->n_statements - 1];
            PyObject *fromlist = one.op == LOAD_CONST ? name_at(code->co_consts, one.arg) : NULL;
            s->level = number_loaded(&two, code);
            s->flags |= fromlist != NULL && fromlist != Py_None ? LZ_FROM : 0;
        }
        two = one;
        one = r;
    }
    return 0;
}

static int
scan_module(Scan *scan, PyCodeObject *code)
{
    Reader r = reader_of(scan->facts->bytes);
    while (read_next(&r)) {
        PyObject *name = name_read(&r, code->co_names);
        if (name != NULL) {
            lz_mark(&scan->marks, name, LZ_READ);
        }
    }
    if (lz_needs_effect_scan(code->co_names, 1) && lz_scan_effects(scan, code, 1) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *item = PyTuple_GET_ITEM(code->co_consts, i);
        if (PyCode_Check(item) && lz_scan_nested(scan, (PyCodeObject *)item, 0, 0) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
last_environ_write(LzFacts *f)
{
    Py_ssize_t n = PyList_GET_SIZE(f->environ_keys);
    return n ? (int)PyLong_AsLong(PyTuple_GET_ITEM(PyList_GET_ITEM(f->environ_keys, n - 1), 0)) : -1;
}

static void
finish_flags(Scan *scan)
{
    LzFacts *f = scan->facts;
    int environ_at = last_environ_write(f);
    for (int i = 0; i < f->n_statements; i++) {
        LzStatement *s = &f->statements[i];
        int used = 0;
        for (int k = s->first; k < s->first + s->count; k++) {
            int seen = lz_marked(&scan->marks, f->binds[k].store);
            used |= seen & LZ_READ;
            s->flags |= (seen & LZ_READ_LATE ? LZ_FINALIZER : 0) | (seen & LZ_READ_ASYNC ? LZ_ASYNC : 0);
        }
        s->flags |= used ? 0 : LZ_UNUSED;
        if (scan->path_first < s->offset && s->offset < scan->path_last && scan->path_first >= 0) {
            s->flags |= LZ_PATH_WINDOW;
        }
        if (s->offset < environ_at) {
            s->flags |= LZ_BEFORE_ENVIRON;
        }
        if (s->chain > 0 && s->count == 1 && is(s->name, "sys") && is(f->binds[s->first].attr, "modules")) {
            f->flags |= LZ_SYS_MODULES | LZ_SYS_MODULES_TOP;
        }
    }
}

/* ---- the Facts object ------------------------------------------------------------------------------------------------------------------- */

static void
facts_dealloc(PyObject *self)
{
    LzFacts *f = (LzFacts *)self;
    Py_XDECREF(f->code);
    Py_XDECREF(f->bytes);
    Py_XDECREF(f->environ_keys);
    PyMem_Free(f->statements);
    PyMem_Free(f->binds);
    Py_TYPE(self)->tp_free(self);
}

PyTypeObject LzFacts_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "lazyimp_c.Facts",
    .tp_doc = PyDoc_STR("What a module's code object tells without running it."),
    .tp_basicsize = sizeof(LzFacts),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = facts_dealloc,
};

PyObject *
lz_analyse(PyObject *code)
{
    if (!PyCode_Check(code)) {
        PyErr_Format(PyExc_TypeError, "analyse() takes a code object, not %.100s", Py_TYPE(code)->tp_name);
        return NULL;
    }
    LzFacts *f = (LzFacts *)LzFacts_Type.tp_alloc(&LzFacts_Type, 0); /* owned, returned */
    Scan scan = {f, {0}, -1, -1};
    if (f == NULL) {
        return NULL;
    }
    Py_INCREF(code);
    f->code = code;
    int ok = (f->bytes = lz_clean_code((PyCodeObject *)code)) && (f->environ_keys = PyList_New(0)) && read_statements(f, (PyCodeObject *)code) == 0
             && lz_marks_begin(&scan.marks, f) == 0 && scan_module(&scan, (PyCodeObject *)code) == 0;
    if (ok) {
        finish_flags(&scan);
    }
    lz_marks_end(&scan.marks);
    if (!ok) {
        Py_DECREF(f);
        return NULL;
    }
    return (PyObject *)f;
}

LzStatement *
lz_statement(LzFacts *f, int offset)
{
    int low = 0, high = f->n_statements;
    while (low < high) {
        int middle = (low + high) / 2;
        if (f->statements[middle].offset < offset) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < f->n_statements && f->statements[low].offset == offset ? &f->statements[low] : NULL;
}

PyObject *
lz_facts_statement(PyObject *self, int offset)
{
    LzFacts *f = (LzFacts *)self;
    LzStatement *s = lz_statement(f, offset);
    if (s == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *binds = PyTuple_New(s->count); /* owned, moved into the result */
    for (int i = 0; binds != NULL && i < s->count; i++) {
        LzBind *b = &f->binds[s->first + i];
        PyObject *row = PyTuple_Pack(2, b->attr ? b->attr : Py_None, b->store);
        if (row == NULL) {
            Py_CLEAR(binds);
            break;
        }
        PyTuple_SET_ITEM(binds, i, row);
    }
    return binds ? Py_BuildValue("(iN)", s->flags, binds) : NULL;
}

PyObject *
lz_facts_imports(PyObject *self)
{
    LzFacts *f = (LzFacts *)self;
    PyObject *rows = PyList_New(0); /* owned, returned */
    for (int i = 0; rows != NULL && i < f->n_statements; i++) {
        LzStatement *s = &f->statements[i];
        PyObject *attrs = PyTuple_New(s->flags & LZ_FROM ? s->count : 0); /* owned, moved */
        for (int k = 0; attrs != NULL && k < PyTuple_GET_SIZE(attrs); k++) {
            PyObject *attr = f->binds[s->first + k].attr;
            PyTuple_SET_ITEM(attrs, k, Py_NewRef(attr ? attr : Py_None));
        }
        PyObject *row = attrs ? Py_BuildValue("(OiN)", s->name, s->level, attrs) : NULL; /* owned */
        if (row == NULL || PyList_Append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
        Py_XDECREF(row);
    }
    return rows;
}
