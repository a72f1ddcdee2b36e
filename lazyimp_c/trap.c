/* Traps: after disable() a function that reads a pending name resolves it when it is first entered, and is then exactly what it was before. */
#include "reader.h"
#include "state.h"

/* A trapped function has this type and no version, so that no specialised call of it stays valid; both come back with the first call. Whoever looks at
 * its namespace or code (cloudpickle, Numba, inspect) resolves its names too. */

static int
untrap(PyObject *self)
{
    PyObject *address = PyLong_FromVoidPtr(self); /* owned */
    PyObject *row = address ? PyDict_GetItemWithError(lz.traps, address) : NULL; /* borrowed: (names, version) */
    PyFunctionObject *function = (PyFunctionObject *)self;
    if (row == NULL) {
        Py_XDECREF(address);
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_INCREF(row);
    Py_INCREF(self);
    function->vectorcall = lz.plain_vectorcall;
#if PY_VERSION_HEX >= 0x030B0000
    function->func_version = (uint32_t)PyLong_AsUnsignedLong(PyTuple_GET_ITEM(row, 1));
#endif
    Py_SET_TYPE(self, &PyFunction_Type);
    int failed = PyDict_DelItem(lz.traps, address);
    Py_DECREF(address);
    LzSpace *space = failed ? NULL : lz_space_of(function->func_globals); /* borrowed */
    if (space != NULL) {
        Py_INCREF(space);
        PyObject *names = PyTuple_GET_ITEM(row, 0);
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
            if (lz_take(space, PyTuple_GET_ITEM(names, i)) < 0) {
                if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) || PyErr_ExceptionMatches(PyExc_SystemExit)) {
                    failed = -1;
                    break;
                }
                PyErr_Clear(); /* the name may never be used in this call; its stand-in raises if it is */
            }
        }
        Py_DECREF(space);
    }
    Py_DECREF(self);
    Py_DECREF(row);
    return failed;
}

static PyObject *
trapped_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    if (Py_TYPE(self) == &LzTrapped_Type && untrap(self) < 0) {
        return NULL;
    }
    return lz.plain_vectorcall(self, args, nargsf, kwnames);
}

static PyObject *
trapped_getattro(PyObject *self, PyObject *name)
{
    static const char *const told[] = {"__globals__", "__code__", NULL};
    if (PyUnicode_Check(name) && is_any(name, told)) {
        if (untrap(self) < 0) {
            return NULL;
        }
        return PyObject_GetAttr(self, name);
    }
    return PyFunction_Type.tp_getattro(self, name);
}

/* Its version ends with such a change, and must not come back: a call that was specialised for it relies on what it was. */
static int
trapped_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    static const char *const changed[] = {"__code__", "__defaults__", "__kwdefaults__", NULL};
    if (PyUnicode_Check(name) && is_any(name, changed)) {
        return untrap(self) < 0 ? -1 : PyObject_SetAttr(self, name, value);
    }
    return PyFunction_Type.tp_setattro(self, name, value);
}

int
lz_trap(PyObject *self, PyObject *names)
{
    PyFunctionObject *function = (PyFunctionObject *)self;
    if (!PyFunction_Check(self) || (lz.plain_vectorcall != NULL && function->vectorcall != lz.plain_vectorcall)) {
        return 0; /* somebody else's vectorcall */
    }
#if PY_VERSION_HEX >= 0x030B0000
    unsigned long version = function->func_version;
#else
    unsigned long version = 0;
#endif
    PyObject *row = Py_BuildValue("(Ok)", names, version), *address = PyLong_FromVoidPtr(self); /* owned */
    int failed = row == NULL || address == NULL || PyDict_SetItem(lz.traps, address, row) < 0;
    Py_XDECREF(row);
    Py_XDECREF(address);
    if (failed) {
        return -1;
    }
    lz.plain_vectorcall = function->vectorcall;
    function->vectorcall = trapped_vectorcall;
#if PY_VERSION_HEX >= 0x030B0000
    function->func_version = 0;
#endif
    Py_SET_TYPE(self, &LzTrapped_Type);
    return 0;
}

static void
trapped_dealloc(PyObject *self)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *address = PyLong_FromVoidPtr(self); /* owned */
    PyObject *row = address ? PyDict_GetItemWithError(lz.traps, address) : NULL; /* borrowed: (names, version) */
#if PY_VERSION_HEX >= 0x030B0000
    if (row != NULL) { /* the interpreter forgets a function by its version */
        ((PyFunctionObject *)self)->func_version = (uint32_t)PyLong_AsUnsignedLong(PyTuple_GET_ITEM(row, 1));
    }
#endif
    if (row == NULL || PyDict_DelItem(lz.traps, address) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(address);
    PyErr_Restore(type, error, trace);
    Py_SET_TYPE(self, &PyFunction_Type);
    PyFunction_Type.tp_dealloc(self);
}

/* pickle and copy know a function by its exact type; to them it is its name, as ever. */
static PyObject *
trapped_reduce(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_GetAttrString(self, "__qualname__");
}

static PyMethodDef trapped_methods[] = {
    {"__reduce_ex__", trapped_reduce, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject LzTrapped_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "function", /* what a program prints of it is what it prints of a function */
    .tp_base = &PyFunction_Type,
    .tp_getattro = trapped_getattro,
    .tp_setattro = trapped_setattro,
    .tp_dealloc = trapped_dealloc,
    .tp_methods = trapped_methods,
};
