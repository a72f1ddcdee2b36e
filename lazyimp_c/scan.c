/* Scan: the names that code reads, and whether it takes its namespace whole, asks sys.modules, or touches sys.path and os.environ. */
#include "scan.h"

/* After the load of a callable: move to the instruction that follows its call without arguments; 0 when it is not called so. */
static int
skip_empty_call(Reader *r)
{
    while (read_next(r)) {
#ifdef PUSH_NULL
        if (r->op == PUSH_NULL) {
            continue;
        }
#endif
#ifdef PRECALL
        if (r->op == PRECALL) {
            continue;
        }
#endif
#ifdef CALL_FUNCTION
        if (r->op == CALL_FUNCTION) {
            return r->arg == 0 && read_next(r);
        }
#endif
#ifdef CALL
        if (r->op == CALL) {
            return r->arg == 0 && read_next(r);
        }
#endif
        return 0;
    }
    return 0;
}

int
lz_is_subscript(int op)
{
    /* 3.14 made subscription a binary operation */
#ifdef BINARY_SUBSCR
    if (op == BINARY_SUBSCR) {
        return 1;
    }
#endif
#if PY_VERSION_HEX >= 0x030E0000
    if (op == BINARY_OP) {
        return 1;
    }
#endif
    return op == STORE_SUBSCR || op == DELETE_SUBSCR;
}

/* ---- the namespace as a whole, sys.modules, sys.path, os.environ ------------------------------------------------------------------------ */

static const char *const BY_KEY[] = {"get", "setdefault", "update", "pop", "__contains__", "__getitem__", "__setitem__", NULL};
static const char *const TAKES[] = {"globals", "locals", "vars", "dir", NULL};
static const char *const ENVIRON_WRITES[] = {"setdefault", "update", "pop", "__setitem__", NULL};

/* The instruction after a namespace was taken: a key for a subscript, a method that takes a key, or `in`. */
static int
by_key(Reader *r, PyObject *names)
{
    PyObject *method = attribute_read(r, names);
    if (method != NULL) {
        return is_any(method, BY_KEY);
    }
#ifdef LOAD_FAST_BORROW
    if (r->op == LOAD_FAST_BORROW) {
        return 1;
    }
#endif
#ifdef LOAD_SMALL_INT
    if (r->op == LOAD_SMALL_INT) {
        return 1;
    }
#endif
    return r->op == CONTAINS_OP || r->op == LOAD_CONST || r->op == LOAD_FAST || name_read(r, names) != NULL;
}

/* globals()[key], globals().get(key) and `key in globals()` see through an armed key; whatever takes the dict as a whole does not. */
static int
namespace_flags(Scan *scan, Reader here, PyCodeObject *code, PyObject *name, PyObject *before, int top)
{
    if (!is_any(name, TAKES) || (!top && !is(name, "globals"))) {
        return 0;
    }
    if (!skip_empty_call(&here)) {
        return 0;
    }
    if (is(name, "dir")) {
        return LZ_LISTS_NAMES;
    }
    return (by_key(&here, code->co_names) ? 0 : LZ_READS_NAMESPACE) | (lz_meets_imports(scan, here, code, before) ? LZ_MEETS_IMPORTS : 0);
}

/* What the instruction at `offset` gave is used as a whole at once: walked, copied, handed on. Kept in a variable it mostly serves look-ups. */
int
lz_follows_whole(PyCodeObject *code, PyObject *bytes, int offset)
{
    static const char *const whole[] = {"items", "values", "copy", NULL};
    Reader r = reader_of(bytes);
    r.next = offset;
    if (!read_next(&r)) {
        return 0;
    }
#ifdef PRECALL
    if (r.op == PRECALL && !read_next(&r)) { /* 3.11 calls a builtin function from here, and passes its CALL by */
        return 0;
    }
#endif
    if (!read_next(&r)) {
        return 0;
    }
    PyObject *method = attribute_read(&r, code->co_names);
#ifdef PRECALL
    if (r.op == PRECALL) {
        return 1;
    }
#endif
#ifdef CALL
    if (r.op == CALL) {
        return 1;
    }
#endif
#ifdef CALL_FUNCTION
    if (r.op == CALL_FUNCTION || r.op == CALL_METHOD) {
        return 1;
    }
#endif
    return is_any(method, whole) || r.op == GET_ITER || r.op == DICT_UPDATE || r.op == DICT_MERGE;
}

/* sys.modules[__name__] is a module asking for itself; 2: and not for an attribute, or to put something else there. */
static int
asks_for_itself(Reader here, PyObject *names)
{
    if (!read_next(&here) || !is(name_read(&here, names), "__name__") || !read_next(&here) || !lz_is_subscript(here.op)) {
        return 0;
    }
    if (here.op == STORE_SUBSCR || here.op == DELETE_SUBSCR || !read_next(&here)) {
        return 1;
    }
    return here.op == STORE_ATTR || (attribute_read(&here, names) && !is(attribute_read(&here, names), "__dict__")) ? 1 : 2;
}

static int
note_environ_write(Scan *scan, Reader here, PyCodeObject *code)
{
    int at = here.offset;
    PyObject *key = Py_None;
    if (!read_next(&here)) {
        return 0;
    }
    if (here.op == LOAD_CONST) {
        key = name_at(code->co_consts, here.arg);
        if (key == NULL || !read_next(&here) || (here.op != STORE_SUBSCR && here.op != DELETE_SUBSCR)) {
            return 0;
        }
    }
    else if (!is_any(attribute_read(&here, code->co_names), ENVIRON_WRITES)) {
        return 0;
    }
    else if (read_next(&here) && here.op == LOAD_CONST) {
        key = name_at(code->co_consts, here.arg);
    }
    PyObject *row = Py_BuildValue("(iO)", at, key ? key : Py_None);
    if (row == NULL) {
        return -1;
    }
    int failed = PyList_Append(scan->facts->environ_keys, row);
    Py_DECREF(row);
    return failed;
}

/* One pass over a code object for what it does to the process around it. */
int
lz_scan_effects(Scan *scan, PyCodeObject *code, int top)
{
    PyObject *names = code->co_names, *bytes = lz_clean_code(code);
    if (bytes == NULL) {
        return -1;
    }
    Reader r = reader_of(bytes);
    PyObject *before = NULL; /* borrowed: the name the instruction before read, but for one that pushes NULL */
    int failed = 0;
    while (!failed && read_next(&r)) {
        PyObject *name = name_read(&r, names), *attr = attribute_read(&r, names);
        if (name != NULL) {
            scan->facts->flags |= namespace_flags(scan, r, code, name, before, top);
        }
        if (name != NULL || attr != NULL) {
            scan->facts->flags |= lz_exposing_flags(scan, r, code, attr ? attr : name);
        }
        if (attr != NULL && is(before, "sys") && is(attr, "modules")) {
            int itself = asks_for_itself(r, names);
            scan->facts->flags |= itself ? (top && itself == 2 ? LZ_HANDS_ITSELF_OUT : 0) : LZ_SYS_MODULES | (top ? LZ_SYS_MODULES_TOP : 0);
        }
        if (attr != NULL && top && ((is(before, "sys") && is(attr, "path")) || (is(before, "os") && is(attr, "chdir")))) {
            if (scan->path_first < 0) {
                scan->path_first = r.offset;
            }
            scan->path_last = r.offset;
        }
        if (top && (is(attr, "environ") || is(name, "environ"))) {
            failed = note_environ_write(scan, r, code) < 0;
        }
        before = lz_is_null_push(r.op) ? before : name;
    }
    Py_DECREF(bytes);
    return failed ? -1 : 0;
}

/* Every name a nested code object mentions counts as read: too many rather than too few. */
int
lz_scan_nested(Scan *scan, PyCodeObject *code, int in_async, int in_finalizer)
{
    PyObject *consts = code->co_consts, *names = code->co_names;
    in_async = in_async || (code->co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR));
    in_finalizer = in_finalizer || is(code->co_name, "__del__");
    if (is(code->co_name, "find_spec") || is(code->co_name, "exec_module")) {
        scan->facts->flags |= LZ_READS_NAMESPACE | LZ_TOUCHES_FINDERS; /* a finder or a loader must not wait for itself */
    }
    int how = LZ_READ | (in_async ? LZ_READ_ASYNC : 0) | (in_finalizer ? LZ_READ_LATE : 0);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        lz_mark(&scan->marks, PyTuple_GET_ITEM(names, i), how);
    }
    if (lz_needs_effect_scan(names, 0) && lz_scan_effects(scan, code, 0) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(consts); i++) {
        PyObject *item = PyTuple_GET_ITEM(consts, i);
        if (PyCode_Check(item) && lz_scan_nested(scan, (PyCodeObject *)item, in_async, in_finalizer) < 0) {
            return -1;
        }
    }
    return 0;
}
