/* Lacking: an attribute that a package does not have, while imports are pending. `P.sub` may be a submodule that another module imports, whose own
 * import is deferred: `import PIL; import matplotlib.pyplot; PIL.Image`. The modules' own slot is the one place that every such read passes, and only
 * one that fails costs anything: names that are there are specialised by the interpreter, or found first. Core native leaves the slot alone: 3.15 tells
 * by it whether an attribute that waits for itself is an error. */
#include "native.h"
#include "state.h"

static struct {
    getattrofunc plain;               /* the modules' own, or NULL: never replaced */
    PyInterpreterState *interpreter;  /* the one that defers */
    int on;
} lacking;

/* Whether `name` of a package may be a submodule that the eager order has loaded by now: something is pending, and `P.name` is being read. */
static int
may_be_awaited(PyObject *self, PyObject *name)
{
    if (!PyModule_CheckExact(self) || !PyUnicode_CheckExact(name) || PyInterpreterState_Get() != lacking.interpreter
        || (PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_')) {
        return 0;
    }
    if (!lz.active || lz.deferred <= lz.reified) {
        return 0;
    }
    lz.quiet++;
    int package = PyDict_Contains(PyModule_GetDict(self), lz_names.path) > 0;
    lz.quiet--;
    /* a package whose body runs is looked at by the type it wears meanwhile */
    return package && lz_is_attribute_load() && !lz_in_importlib() && !lz_is_initializing(self);
}

static PyObject *
getattro(PyObject *self, PyObject *name)
{
    PyObject *result = lacking.plain(self, name); /* owned, returned */
    if (result != NULL || !lacking.on || !PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return result;
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    if (may_be_awaited(self, name)) {
        PyObject *own = PyDict_GetItemWithError(PyModule_GetDict(self), lz_names.name); /* borrowed */
        if (own != NULL) {
            Py_INCREF(own);
            result = lz_ask("missing", "(OOi)", own, name, 0);
            Py_DECREF(own);
        }
        if (result == Py_NotImplemented) {
            Py_CLEAR(result);
        }
    }
    if (result == NULL && !PyErr_Occurred()) {
        PyErr_Restore(type, error, trace);
        return NULL;
    }
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return result;
}

/* Begin, or end. Types made meanwhile have our function for good: it only passes on. */
void
lz_lacking(int on)
{
    if (on && PyModule_Type.tp_getattro != getattro) {
        lacking.plain = PyModule_Type.tp_getattro;
        PyModule_Type.tp_getattro = getattro;
        PyType_Modified(&PyModule_Type);
    }
    else if (!on && PyModule_Type.tp_getattro == getattro) {
        PyModule_Type.tp_getattro = lacking.plain;
        PyType_Modified(&PyModule_Type);
    }
    lacking.interpreter = PyInterpreterState_Get();
    lacking.on = on;
}
