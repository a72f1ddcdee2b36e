/* Awaited: a name that the user's module takes by `from` gets its value when the module that has it is loaded, before anybody can put another in its place. */
#include "record.h"
#include "state.h"

/* A statement of the user's own code defers names of `target`; it is told of when that is loaded. */
int
lz_await_module(PyObject *target)
{
    int known = PyDict_Contains(lz.awaited, target);
    if (known != 0) {
        return known < 0 ? -1 : 0;
    }
    PyObject *rows = PyDict_New(); /* owned */
    int failed = rows == NULL || PyDict_SetItem(lz.awaited, target, rows) < 0;
    Py_XDECREF(rows);
    if (!failed && !lz_is_known(target)) {
        PyObject *asked = lz_ask("await_module", "(O)", target); /* owned */
        failed = asked == NULL;
        Py_XDECREF(asked);
    }
    return failed ? -1 : 0;
}

/* `bound`, in this namespace, is pending as a name of `target`. A row holds no placeholder: who holds one counts as a copy. */
int
lz_await_name(LzSpace *space, PyObject *target, PyObject *bound)
{
    PyObject *rows = PyDict_GetItemWithError(lz.awaited, target); /* borrowed */
    if (rows == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *address = PyLong_FromVoidPtr(space->address); /* owned */
    PyObject *row = address ? PyTuple_Pack(2, address, bound) : NULL; /* owned */
    int failed = row == NULL || PyDict_SetItem(rows, row, Py_None) < 0;
    space->awaits = 1;
    Py_XDECREF(address);
    Py_XDECREF(row);
    return failed ? -1 : 0;
}

static LzSpace *
space_at(PyObject *address)
{
    PyObject *found = PyDict_GetItemWithError(lz.spaces, address); /* borrowed */
    return found ? (LzSpace *)PyLong_AsVoidPtr(found) : NULL;
}

static int
put(LzSpace *space, PyObject *bound, PyObject *held, PyObject *value)
{
    LzPlaceholder *p = (LzPlaceholder *)held;
    PyObject *key = PyDict_GetItemWithError(space->keys, bound); /* borrowed */
    if (key == NULL && PyErr_Occurred()) {
        return -1;
    }
    if (!p->done) {
        p->done = 1;
        lz.reified++;
    }
    if (lz_recording && p->deferral) {
        lz_note_used(p->deferral);
    }
    Py_SETREF(p->value, Py_NewRef(value));
    if (key != NULL) {
        return lz_settle(space, key, held, value);
    }
    return PyDict_SetItem(space->dict, bound, value) < 0 || lz_warm(space) < 0 ? -1 : 0; /* after a freeze */
}

/* `name` is `package` or lies in it. */
static int
lies_in(PyObject *name, PyObject *package)
{
    Py_ssize_t end = PyUnicode_GET_LENGTH(package), length = PyUnicode_GET_LENGTH(name);
    return (length == end || (length > end && PyUnicode_READ_CHAR(name, end) == '.')) && PyUnicode_Tailmatch(name, package, 0, end, -1) == 1;
}

/* 1: nothing is left to wait for, 0: the module does not have it yet, -1: error. `only`: the attribute that came, or NULL; `inside`: for modules in this
 * package alone, or NULL. */
static int
settle_row(PyObject *row, PyObject *target, PyObject *only, PyObject *inside)
{
    PyObject *bound = PyTuple_GET_ITEM(row, 1); /* borrowed */
    LzSpace *space = space_at(PyTuple_GET_ITEM(row, 0)); /* borrowed */
    PyObject *held = space && PyDict_CheckExact(space->dict) ? lz_raw(space, bound) : NULL; /* borrowed */
    if (held == NULL || Py_TYPE(held) != &LzPlaceholder_Type) {
        return PyErr_Occurred() ? -1 : 1;
    }
    LzPlaceholder *p = (LzPlaceholder *)held;
    if (p->kind != LZ_KIND_FROM || PyUnicode_Compare(p->module, target) != 0) {
        return 1;
    }
    if (p->busy || (only != NULL && PyUnicode_Compare(p->attr, only) != 0) || (inside != NULL && !lies_in(space->name, inside))) {
        return 0;
    }
    PyObject *module = PyDict_GetItemWithError(lz.modules, target), *value = lz_present(module, p->attr); /* borrowed */
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_INCREF(space);
    Py_INCREF(held);
    Py_INCREF(value);
    int failed = put(space, bound, held, value);
    Py_DECREF(value);
    Py_DECREF(held);
    Py_DECREF(space);
    return failed ? -1 : 1;
}

/* The names of `target` that are there; what is settled may be awaited itself, so that rows may come and go meanwhile. */
static int
settle_rows(PyObject *target, PyObject *only, PyObject *inside)
{
    PyObject *rows = PyDict_GetItemWithError(lz.awaited, target); /* borrowed */
    if (rows == NULL || PyDict_GET_SIZE(rows) == 0) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_INCREF(rows);
    PyObject *all = PyDict_Keys(rows); /* owned */
    int failed = all == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(all); i++) {
        PyObject *row = PyList_GET_ITEM(all, i); /* borrowed */
        int done = settle_row(row, target, only, inside);
        failed = done < 0;
        if (done == 1 && PyDict_Contains(rows, row) == 1) {
            failed = PyDict_DelItem(rows, row) < 0;
        }
    }
    Py_XDECREF(all);
    Py_DECREF(rows);
    return failed ? -1 : 0;
}

/* A pending name of a module has got its value: others may wait for it. */
int
lz_came(LzSpace *space, PyObject *name)
{
    return PyDict_GET_SIZE(lz.awaited) == 0 ? 0 : settle_rows(space->name, name, NULL);
}

/* Whether somebody waits for a name of a module, which is about to be stored into. */
int
lz_is_awaited(LzSpace *space, PyObject *name)
{
    PyObject *rows = PyDict_GetItemWithError(lz.awaited, space->name), *row, *ignored; /* borrowed */
    Py_ssize_t position = 0;
    while (rows != NULL && PyDict_Next(rows, &position, &row, &ignored)) {
        LzSpace *other = space_at(PyTuple_GET_ITEM(row, 0)); /* borrowed */
        PyObject *held = other && PyDict_CheckExact(other->dict) ? lz_raw(other, PyTuple_GET_ITEM(row, 1)) : NULL;
        if (held != NULL && Py_TYPE(held) == &LzPlaceholder_Type && ((LzPlaceholder *)held)->kind == LZ_KIND_FROM
            && PyUnicode_Compare(((LzPlaceholder *)held)->attr, name) == 0 && PyUnicode_Compare(((LzPlaceholder *)held)->module, space->name) == 0) {
            return 1;
        }
    }
    PyErr_Clear();
    return 0;
}

/* A namespace with such names is gone. */
void
lz_await_no_more(PyObject *address)
{
    PyObject *tables = PyDict_Values(lz.awaited); /* owned; what is made here may collect garbage, which runs code */
    for (Py_ssize_t i = 0; tables != NULL && i < PyList_GET_SIZE(tables); i++) {
        PyObject *table = PyList_GET_ITEM(tables, i), *rows = PyDict_Keys(table); /* borrowed, owned */
        for (Py_ssize_t k = 0; rows != NULL && k < PyList_GET_SIZE(rows); k++) {
            PyObject *row = PyList_GET_ITEM(rows, k); /* borrowed */
            if (PyObject_RichCompareBool(PyTuple_GET_ITEM(row, 0), address, Py_EQ) == 1 && PyDict_Contains(table, row) == 1) {
                (void)PyDict_DelItem(table, row);
            }
        }
        Py_XDECREF(rows);
    }
    Py_XDECREF(tables);
    PyErr_Clear(); /* out of memory: a row that leads nowhere stays */
}

/* The package above `name` that is still being executed, and may change what `name` has for all but its own modules; new reference, or NULL. */
static PyObject *
running_above(PyObject *name)
{
    Py_ssize_t end = PyUnicode_GET_LENGTH(name);
    while ((end = PyUnicode_FindChar(name, '.', 0, end, -1)) > 0) {
        PyObject *above = PyUnicode_Substring(name, 0, end); /* owned, returned */
        PyObject *module = above ? PyDict_GetItemWithError(lz.modules, above) : NULL; /* borrowed */
        if (module != NULL && lz_is_initializing(module)) {
            return above;
        }
        Py_XDECREF(above);
    }
    PyErr_Clear();
    return NULL;
}

/* The body of `name` has ended: what waits for it, or for modules below it that waited for its end, gets its values. */
int
lz_settle_awaited(PyObject *name)
{
    PyObject *targets = PyDict_Keys(lz.awaited); /* owned */
    int failed = targets == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(targets); i++) {
        PyObject *target = PyList_GET_ITEM(targets, i);
        if (!lies_in(target, name)) {
            continue;
        }
        if (PyUnicode_Compare(target, name) != 0) {
            PyObject *module = PyDict_GetItemWithError(lz.modules, target); /* borrowed */
            if (module == NULL || lz_is_initializing(module)) {
                continue;
            }
        }
        PyObject *above = running_above(name); /* owned */
        failed = settle_rows(target, NULL, above);
        Py_XDECREF(above);
    }
    Py_XDECREF(targets);
    return failed || PyErr_Occurred() ? -1 : 0;
}
