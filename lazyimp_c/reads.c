/* Reads: which pending names code reads. Where deferring stops this is asked for every function there is, so what mentions none of them is let go first,
 * without a look at its instructions. */
#include "scan.h"

/* The code, or code nested in it, has a name of these, or one that may read them all. */
static int
mentions(PyCodeObject *code, PyObject *keys)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_names); i++) {
        PyObject *name = PyTuple_GET_ITEM(code->co_names, i);
        int found = lz_may_read_all(name) ? 1 : PyDict_Contains(keys, name);
        if (found) {
            return found;
        }
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *item = PyTuple_GET_ITEM(code->co_consts, i);
        int found = PyCode_Check(item) ? mentions((PyCodeObject *)item, keys) : 0;
        if (found) {
            return found;
        }
    }
    return 0;
}

/* Adds the names to the list, each once; 1: code takes its namespace whole. */
static int
collect(PyCodeObject *code, PyObject *keys, int after, PyObject *names)
{
    PyObject *bytes = lz_clean_code(code); /* owned */
    if (bytes == NULL) {
        return -1;
    }
    Reader r = reader_of(bytes);
    int result = 0;
    while (!result && read_next(&r)) {
        PyObject *name = name_read(&r, code->co_names); /* borrowed */
        if (name != NULL) {
            int pending = PyDict_Contains(keys, name);
            int known = pending > 0 ? PySequence_Contains(names, name) : 1;
            result = pending < 0 || (!known && PyList_Append(names, name) < 0) ? -1 : lz_may_read_all(name);
        }
        else if (r.op == LOAD_CONST && r.offset > after) {
            PyObject *item = name_at(code->co_consts, r.arg); /* borrowed */
            result = item != NULL && PyCode_Check(item) ? collect((PyCodeObject *)item, keys, -1, names) : 0;
        }
    }
    Py_DECREF(bytes);
    return result;
}

PyObject *
lz_pending_reads(PyObject *code, PyObject *keys, int after)
{
    int found = mentions((PyCodeObject *)code, keys);
    if (found <= 0) {
        return found < 0 ? NULL : Py_NewRef(Py_None);
    }
    PyObject *names = PyList_New(0), *result = NULL; /* owned; owned, returned */
    found = names ? collect((PyCodeObject *)code, keys, after, names) : -1;
    if (found >= 0) {
        result = found ? PySequence_Tuple(keys) : PyList_GET_SIZE(names) ? PyList_AsTuple(names) : Py_NewRef(Py_None);
    }
    Py_XDECREF(names);
    return result;
}
