/* Collector: fewer garbage collections while modules are imported. What an import makes stays: searching it for garbage again and again finds none. */
#include "state.h"

/* A collection is due after this many new containers (CPython's own: 700 to 2,000). It bounds the garbage that an import can leave lying about. */
#define RARE 10000

static struct {
    PyObject *bootstrap;   /* owned: the import system */
    PyObject *collector;   /* owned: gc, once it is needed */
    PyObject *original;    /* owned: its _find_and_load before us */
    PyObject *replacement; /* owned: ours */
    int depth;             /* imports in progress, over all threads */
    long usual;            /* the program's own threshold while ours holds, or 0 */
} rare;

/* The first generation's threshold; -1 without an error: it cannot be told. */
static long
threshold(void)
{
    if (rare.collector == NULL) {
        int known = PyDict_GetItemString(PyImport_GetModuleDict(), "gc") != NULL; /* the program shall see no module that it did not import */
        rare.collector = PyImport_ImportModuleLevel("gc", NULL, NULL, NULL, 0);    /* by the interpreter's own import, whatever __import__ is */
        if (rare.collector != NULL && !known) {
            (void)PyDict_DelItemString(PyImport_GetModuleDict(), "gc");
        }
    }
    PyObject *all = rare.collector ? PyObject_CallMethod(rare.collector, "get_threshold", NULL) : NULL; /* owned */
    long first = all && PyTuple_Check(all) && PyTuple_GET_SIZE(all) > 0 ? PyLong_AsLong(PyTuple_GET_ITEM(all, 0)) : -1;
    Py_XDECREF(all);
    PyErr_Clear(); /* whatever went wrong, the import goes on as it would without us */
    return first;
}

static void
set_threshold(long first)
{
    PyObject *done = PyObject_CallMethod(rare.collector, "set_threshold", "l", first); /* owned */
    Py_XDECREF(done);
    PyErr_Clear();
}

static PyObject *
find_and_load(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    if (rare.depth++ == 0) {
        long usual = threshold();
        rare.usual = usual > 0 && usual < RARE ? usual : 0; /* 0 means off, and who chose a larger one knows why */
        if (rare.usual) {
            set_threshold(RARE);
        }
    }
    PyObject *module = PyObject_Vectorcall(rare.original, args, nargs, kwnames);
    if (--rare.depth == 0 && rare.usual) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        if (threshold() == RARE) { /* else the program changed it: its wish counts */
            set_threshold(rare.usual);
        }
        rare.usual = 0;
        PyErr_Restore(type, error, trace);
    }
    return module;
}

static PyMethodDef method = {"_find_and_load", (PyCFunction)(void (*)(void))find_and_load, METH_FASTCALL | METH_KEYWORDS, NULL};

/* Begin (1) or end (0) to collect rarely while importing. Somebody who wrapped our function keeps working. */
int
lz_collect_rarely(int on)
{
    if (rare.bootstrap == NULL) {
        PyObject *bootstrap = on ? PyImport_ImportModuleLevel("_frozen_importlib", NULL, NULL, NULL, 0) : NULL; /* owned, kept */
        PyObject *function = bootstrap ? PyCFunction_New(&method, NULL) : NULL;                                /* owned, kept */
        if (function == NULL) {
            Py_XDECREF(bootstrap);
            return on ? -1 : 0;
        }
        rare.bootstrap = bootstrap;
        rare.replacement = function;
    }
    PyObject *now = PyObject_GetAttrString(rare.bootstrap, "_find_and_load"); /* owned */
    int result = now ? 0 : -1;
    if (now != NULL && on && (rare.original == NULL || now == rare.original)) { /* behind a wrapper of ours it would call itself */
        Py_XSETREF(rare.original, Py_NewRef(now));
        result = PyObject_SetAttrString(rare.bootstrap, "_find_and_load", rare.replacement);
    }
    else if (now != NULL && !on && now == rare.replacement) {
        result = PyObject_SetAttrString(rare.bootstrap, "_find_and_load", rare.original);
    }
    Py_XDECREF(now);
    return result;
}
