/* Watches: a Python function that tells of its calls, and is the same object all the while; no frame of ours stands between it and its caller. */
#include "state.h"

/* A watched function has a vectorcall of ours and no version, so that no specialised call of it stays valid; most versions of the interpreter also look
 * at the type of what they call, so there the type is one of ours, too. A call of a class whose __init__ it is was specialised by the class's version,
 * which ends with the watch's beginning. All else comes back with lz_unwatch(). A row holds the function: nobody takes its address meanwhile. */

enum { FUNCTION, ENTER, VERSION, CODE, DEFAULTS, KWDEFAULTS };

#if PY_VERSION_HEX >= 0x030B0000
#define VERSION_OF(f) ((f)->func_version)
#define SET_VERSION(f, v) ((f)->func_version = (uint32_t)(v))
#else
#define VERSION_OF(f) 0
#define SET_VERSION(f, v) ((void)(v))
#endif

static PyObject *
row_of(PyObject *function) /* borrowed, or NULL with or without an error */
{
    PyObject *address = PyLong_FromVoidPtr(function); /* owned */
    PyObject *row = address ? PyDict_GetItemWithError(lz.watches, address) : NULL;
    Py_XDECREF(address);
    return row;
}

/* An Exception in who was told is nobody's business here; Ctrl-C and the like are the program's. */
static int
forgiven(void)
{
    if (PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
        return 1;
    }
    return 0;
}

static PyObject *
tell(PyObject *enter, PyObject *const *args, Py_ssize_t count, PyObject *kwnames)
{
    PyObject *positional = PyTuple_New(count), *named = PyDict_New(), *leave = NULL; /* owned */
    if (positional == NULL || named == NULL) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    }
    for (Py_ssize_t i = 0; kwnames != NULL && i < PyTuple_GET_SIZE(kwnames); i++) {
        if (PyDict_SetItem(named, PyTuple_GET_ITEM(kwnames, i), args[count + i]) < 0) {
            goto done;
        }
    }
    leave = PyObject_CallFunctionObjArgs(enter, positional, named, NULL);
done:
    Py_XDECREF(positional);
    Py_XDECREF(named);
    return leave != NULL || !forgiven() ? leave : Py_NewRef(Py_None);
}

static PyObject *
watched_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *row = row_of(self); /* borrowed */
    if (row == NULL) {
        return PyErr_Occurred() ? NULL : lz.plain_vectorcall(self, args, nargsf, kwnames);
    }
    PyObject *enter = Py_NewRef(PyTuple_GET_ITEM(row, ENTER)); /* owned: it may end the watch */
    PyObject *leave = tell(enter, args, PyVectorcall_NARGS(nargsf), kwnames); /* owned */
    Py_DECREF(enter);
    if (leave == NULL) {
        return NULL;
    }
    PyObject *result = lz.plain_vectorcall(self, args, nargsf, kwnames); /* owned */
    if (leave != Py_None) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        PyObject *done = PyObject_CallNoArgs(leave); /* owned */
        if (done == NULL && !forgiven()) {
            Py_CLEAR(result);
            Py_XDECREF(type);
            Py_XDECREF(error);
            Py_XDECREF(trace);
        }
        else {
            PyErr_Restore(type, error, trace);
        }
        Py_XDECREF(done);
    }
    Py_DECREF(leave);
    return result;
}

int
lz_watch(PyObject *self, PyObject *enter, PyObject *owner)
{
    if (Py_TYPE(self) == &LzTrapped_Type) { /* looking at its code takes the trap away */
        PyObject *code = PyObject_GetAttrString(self, "__code__"); /* owned */
        Py_XDECREF(code);
        if (code == NULL) {
            return -1;
        }
    }
    PyFunctionObject *function = (PyFunctionObject *)self;
    if (!PyFunction_Check(self) || function->vectorcall == watched_vectorcall
        || (lz.plain_vectorcall != NULL && function->vectorcall != lz.plain_vectorcall)) {
        return 0;
    }
    PyObject *none = Py_None;
    PyObject *row = Py_BuildValue("(OOkOOO)", self, enter, (unsigned long)VERSION_OF(function), function->func_code,
                                  function->func_defaults ? function->func_defaults : none,
                                  function->func_kwdefaults ? function->func_kwdefaults : none); /* owned */
    PyObject *address = PyLong_FromVoidPtr(self); /* owned */
    int failed = row == NULL || address == NULL || PyDict_SetItem(lz.watches, address, row) < 0;
    Py_XDECREF(row);
    Py_XDECREF(address);
    if (failed) {
        return -1;
    }
    lz.plain_vectorcall = function->vectorcall;
    function->vectorcall = watched_vectorcall;
    SET_VERSION(function, 0);
    if (PyType_Check(owner)) {
        PyType_Modified((PyTypeObject *)owner);
    }
#if LZ_WATCH_BY_TYPE
    Py_SET_TYPE(self, &LzWatched_Type);
#endif
    return 1;
}

int
lz_unwatch(PyObject *self)
{
    PyObject *row = Py_XNewRef(row_of(self)); /* owned */
    if (row == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyFunctionObject *function = (PyFunctionObject *)self;
    function->vectorcall = lz.plain_vectorcall;
    if (PyTuple_GET_ITEM(row, CODE) == function->func_code
        && PyTuple_GET_ITEM(row, DEFAULTS) == (function->func_defaults ? function->func_defaults : Py_None)
        && PyTuple_GET_ITEM(row, KWDEFAULTS) == (function->func_kwdefaults ? function->func_kwdefaults : Py_None)) {
        SET_VERSION(function, PyLong_AsUnsignedLong(PyTuple_GET_ITEM(row, VERSION)));
    } /* else it is another function to specialised calls, and gets a version of its own */
#if LZ_WATCH_BY_TYPE
    Py_SET_TYPE(self, &PyFunction_Type);
#endif
    PyObject *address = PyLong_FromVoidPtr(self); /* owned */
    int failed = address == NULL || PyDict_DelItem(lz.watches, address) < 0;
    Py_XDECREF(address);
    Py_DECREF(row);
    return failed ? -1 : 1;
}

/* pickle and copy know a function by its exact type; to them it is its name, as ever. */
static PyObject *
watched_reduce(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_GetAttrString(self, "__qualname__");
}

static PyMethodDef watched_methods[] = {
    {"__reduce_ex__", watched_reduce, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject LzWatched_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "function", /* what a program prints of it is what it prints of a function */
    .tp_base = &PyFunction_Type,
    .tp_methods = watched_methods,
};
