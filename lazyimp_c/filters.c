/* Filters: what `warnings.filters` held when a statement was deferred. What its module adds while it is loaded late belongs below what was added since. */
#include "state.h"

/* borrowed: the list in force, or NULL without an error where there is none */
static PyObject *
in_force(void)
{
    PyObject *warnings = PyDict_GetItemWithError(lz.modules, lz_names.warnings); /* borrowed */
    if (warnings == NULL) { /* nobody has needed it so far; its list is there */
        warnings = PyDict_GetItemWithError(lz.modules, lz_names.c_warnings);
    }
    if (warnings == NULL || !PyModule_Check(warnings)) {
        PyErr_Clear();
        return NULL;
    }
    lz.quiet++;
    PyObject *filters = PyDict_GetItemWithError(PyModule_GetDict(warnings), lz_names.filters); /* borrowed */
    lz.quiet--;
    if (filters == NULL) {
        PyErr_Clear();
    }
    return filters != NULL && PyList_CheckExact(filters) ? filters : NULL;
}

/* `recorded`, a pair of the list and its items, tells of another list than the one in force, or of other items. */
int
lz_filters_moved(PyObject *recorded)
{
    PyObject *now = recorded && PyTuple_CheckExact(recorded) ? in_force() : NULL; /* borrowed */
    if (now == NULL) {
        return 0;
    }
    return PyTuple_GET_ITEM(recorded, 0) != now || !lz_same_items(now, PyTuple_GET_ITEM(recorded, 1));
}

/* lz.last_filters is the list in force and its items. -1: error */
int
lz_remember_filters(void)
{
    if (lz.last_filters != NULL && !lz_filters_moved(lz.last_filters)) {
        return 0;
    }
    PyObject *now = in_force(); /* borrowed */
    if (now == NULL) {
        return 0;
    }
    PyObject *items = PyList_AsTuple(now), *pair = items ? PyTuple_Pack(2, now, items) : NULL; /* owned */
    Py_XDECREF(items);
    if (pair == NULL) {
        return -1;
    }
    Py_XSETREF(lz.last_filters, pair);
    return 0;
}

/* Ask the Python half, of the warning filters when a placeholder's statement ran and of the statement's order, or of None where they have not
 * moved; and of the module. New reference. */
PyObject *
lz_ask_with_filters(const char *question, LzPlaceholder *p, int moved)
{
    PyObject *seen = p->filters; /* borrowed: a pair, as in lz.last_filters, or None */
    if (!moved || !PyTuple_CheckExact(seen)) {
        return lz_ask(question, "(OO)", Py_None, p->module);
    }
    return lz_ask(question, "((OOi)O)", PyTuple_GET_ITEM(seen, 0), PyTuple_GET_ITEM(seen, 1), p->order, p->module);
}

/* A module changed the warning filters while it was loaded late; the error in progress stays. */
void
lz_filters_added(LzPlaceholder *p)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *done = lz_ask_with_filters("filters_added", p, 1); /* owned */
    Py_XDECREF(done);
    PyErr_Restore(type, error, trace);
}
