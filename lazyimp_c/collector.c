/* Collector: fewer garbage collections while modules are imported. What an import makes stays: searching it for garbage again and again finds none. */
#include "state.h"

/* A collection is due after this many new containers (CPython's own: 700 to 2,000). It bounds the garbage that an import can leave lying about. */
#define RARE 10000

static struct {
    PyObject *collector; /* owned: gc, once it is needed */
    int depth;           /* imports in progress, over all threads */
    long usual;          /* the program's own threshold while ours holds, or 0 */
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

void
lz_rare_begin(void)
{
    if (rare.depth++ == 0) {
        long usual = threshold();
        rare.usual = usual > 0 && usual < RARE ? usual : 0; /* 0 means off, and who chose a larger one knows why */
        if (rare.usual) {
            set_threshold(RARE);
        }
    }
}

void
lz_rare_end(void)
{
    if (--rare.depth == 0 && rare.usual) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        if (threshold() == RARE) { /* else the program changed it: its wish counts */
            set_threshold(rare.usual);
        }
        rare.usual = 0;
        PyErr_Restore(type, error, trace);
    }
}
