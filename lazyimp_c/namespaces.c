/* Namespaces: whether code that reads a namespace as a dict may meet what an import statement of its module binds. Core native asks: its placeholders are
 * plain values of the dict. Listing names, writing, and looking up other names meet none. */
#include "scan.h"

static int
is_imported(Scan *scan, PyObject *key)
{
    if (key == NULL || !PyUnicode_CheckExact(key)) {
        return 0;
    }
    for (int i = 0; i < scan->facts->n_binds; i++) {
        if (PyUnicode_Compare(scan->facts->binds[i].store, key) == 0) {
            return 1;
        }
    }
    return 0;
}

static int
is_item_store(int op)
{
    return op == STORE_SUBSCR || op == DELETE_SUBSCR;
}

/* `r` stands on the only instruction of a key, and an item is stored or deleted under it. */
static int
stores_item(Reader r, PyCodeObject *code)
{
    int simple = r.op == LOAD_CONST || lz_is_local_load(r.op) || name_read(&r, code->co_names) != NULL;
    return simple && read_next(&r) && is_item_store(r.op);
}

/* The names alone are taken: `for name in ns`, `[*ns]`, `{*ns}`, `set(ns)`, `name in ns`. */
static int
lists_names(Reader r, PyObject *before)
{
    static const char *const takers[] = {"set", "list", "sorted", "tuple", "frozenset", "len", "iter", NULL};
    if (r.op == CONTAINS_OP || r.op == GET_ITER || r.op == LIST_EXTEND || r.op == SET_UPDATE) {
        return 1;
    }
#ifdef CALL
    if (r.op == CALL) {
        return r.arg == 1 && is_any(before, takers);
    }
#endif
    return 0;
}

/* `eval(text, globals(), locals())` and its like: code reads its names as code does. */
static int
runs_code(Reader r, PyObject *names)
{
    static const char *const runners[] = {"eval", "exec", "__import__", NULL};
    if (!is(name_read(&r, names), "locals")) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (is_any(PyTuple_GET_ITEM(names, i), runners)) {
            return 1;
        }
    }
    return 0;
}

static int meets(Scan *scan, Reader r, PyCodeObject *code, PyObject *before, int kept);

/* One instruction pushes two local variables: its argument tells which. */
static int
is_pair_load(int op)
{
#ifdef LOAD_FAST_BORROW_LOAD_FAST_BORROW
    if (op == LOAD_FAST_BORROW_LOAD_FAST_BORROW) {
        return 1;
    }
#endif
#ifdef LOAD_FAST_LOAD_FAST
    if (op == LOAD_FAST_LOAD_FAST) {
        return 1;
    }
#endif
    return 0;
}

/* `ns = globals()` in a function: some use of the variable may meet one. */
static int
variable_meets(Scan *scan, PyCodeObject *code, PyObject *bytes, int variable)
{
    Reader r = reader_of(bytes);
    int found = 0;
    PyObject *before = NULL; /* borrowed */
    while (!found && read_next(&r)) {
        Reader behind = r;
        int pair = is_pair_load(r.op), last = pair ? r.arg & 15 : r.arg;
        if ((pair || lz_is_local_load(r.op)) && last == variable) {
            found = !read_next(&behind) || meets(scan, behind, code, before, 1);
        }
        else if (pair && r.arg >> 4 == variable) { /* `ns[key] = value`; of `ns[key]` it is not known what it reads */
            found = !read_next(&behind) || !is_item_store(behind.op);
        }
        before = lz_is_null_push(r.op) ? before : name_read(&r, code->co_names);
    }
    return found;
}

static int
meets_in_variable(Scan *scan, PyCodeObject *code, int variable)
{
    PyObject *bytes = lz_clean_code(code); /* owned */
    if (bytes == NULL) {
        PyErr_Clear();
        return 1;
    }
    int found = variable_meets(scan, code, bytes, variable);
    Py_DECREF(bytes);
    return found;
}

static int
meets(Scan *scan, Reader r, PyCodeObject *code, PyObject *before, int kept)
{
    static const char *const writes[] = {"update", "__setitem__", "__contains__", "keys", NULL};
    static const char *const reads[] = {"get", "pop", "setdefault", "__getitem__", NULL};
    PyObject *method = attribute_read(&r, code->co_names);
    if (method != NULL) {
        int by_key = is_any(method, reads) && read_next(&r) && r.op == LOAD_CONST;
        return by_key ? is_imported(scan, name_at(code->co_consts, r.arg)) : !is_any(method, writes);
    }
    if (lists_names(r, before) || stores_item(r, code) || runs_code(r, code->co_names) || (kept && is_item_store(r.op))) {
        return 0;
    }
    if (is(code->co_name, "__getattr__") && lz_is_local_load(r.op) && r.arg == 0) {
        return 0; /* it is asked for what the namespace has not */
    }
    if (!kept && r.op == STORE_FAST) {
        return meets_in_variable(scan, code, r.arg);
    }
    PyObject *key = r.op == LOAD_CONST ? name_at(code->co_consts, r.arg) : NULL;
    return key == NULL || !read_next(&r) || !lz_is_subscript(r.op) || is_imported(scan, key);
}

int
lz_meets_imports(Scan *scan, Reader r, PyCodeObject *code, PyObject *before)
{
    return meets(scan, r, code, before, 0);
}

/* The namespace of a function or a frame, or the finders. */
int
lz_exposing_flags(Scan *scan, Reader here, PyCodeObject *code, PyObject *name)
{
    static const char *const namespaces[] = {"__globals__", "f_globals", NULL};
    if (is_any(name, namespaces)) {
        return read_next(&here) && !lz_meets_imports(scan, here, code, NULL) ? 0 : LZ_EXPOSES;
    }
    return is(name, "getclosurevars") ? LZ_EXPOSES : is(name, "meta_path") ? LZ_TOUCHES_FINDERS : 0;
}
