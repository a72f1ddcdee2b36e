/* Proxies: a module object that executes at its first attribute access, and is a plain module from then on. */
#include "state.h"

/* Answered from what the finder already knows, so that scans over modules load nothing. */
static int
answers_at_once(PyObject *name)
{
    static const char *const known[] = {"__name__", "__spec__", "__file__", "__path__", "__package__", "__loader__", "__cached__", "__class__", NULL};
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (text == NULL || text[0] != '_' || text[1] != '_') {
        PyErr_Clear();
        return 0;
    }
    for (const char *const *k = known; *k; k++) {
        if (strcmp(text, *k) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Executes `self`; 0 when its attributes are its own from now on. */
static int
execute(PyObject *self)
{
    if (lz.proxy_loader == NULL) {
        PyErr_SetString(PyExc_ImportError, "lazyimp was shut down before this module was executed");
        return -1;
    }
    PyObject *done = PyObject_CallOneArg(lz.proxy_loader, self); /* owned */
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static PyObject *
proxy_getattro(PyObject *self, PyObject *name)
{
    if (answers_at_once(name)) {
        PyObject *held = PyDict_GetItemWithError(PyModule_GetDict(self), name); /* borrowed */
        if (held != NULL) {
            return Py_NewRef(held);
        }
        return PyErr_Occurred() ? NULL : PyModule_Type.tp_getattro(self, name);
    }
    if (execute(self) < 0) {
        return NULL;
    }
    /* while this very module is being executed by this thread it still is a proxy: what it has so far is what the eager order would show */
    return Py_TYPE(self) == &LzProxy_Type ? PyModule_Type.tp_getattro(self, name) : PyObject_GetAttr(self, name);
}

static int
proxy_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    if (!answers_at_once(name)) {
        if (execute(self) < 0) {
            return -1;
        }
        if (Py_TYPE(self) != &LzProxy_Type) {
            return PyObject_SetAttr(self, name, value);
        }
    }
    return PyModule_Type.tp_setattro(self, name, value);
}

static PyObject *
proxy_repr(PyObject *self)
{
    return PyModule_Type.tp_repr(self);
}

static PyObject *
proxy_dir(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (execute(self) < 0) {
        return NULL;
    }
    return lz_module_dir(self, NULL);
}

int
lz_set_proxy_loader(PyObject *function)
{
    Py_XSETREF(lz.proxy_loader, Py_NewRef(function));
    return 0;
}

static PyMethodDef proxy_methods[] = {
    {"__dir__", proxy_dir, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject LzProxy_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "module", /* what a program prints of it is what it prints of a module */
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_base = &PyModule_Type,
    .tp_getattro = proxy_getattro,
    .tp_setattro = proxy_setattro,
    .tp_repr = proxy_repr,
    .tp_methods = proxy_methods,
};
