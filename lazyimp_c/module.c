/* The type a module wears while imports in it are pending: it has the say over attribute reads and stores. */
#include "record.h"
#include "state.h"

int
lz_dress(LzSpace *space)
{
    if (space->module != Py_None && Py_TYPE(space->module) == &PyModule_Type) {
        Py_SET_TYPE(space->module, &LzModule_Type);
    }
    return 0;
}

void
lz_undress(LzSpace *space)
{
    if (space->module != Py_None && Py_TYPE(space->module) == &LzModule_Type && space->armed == 0 && !space->frozen
        && PyDict_GET_SIZE(space->logical) == 0 && (space->running != 1 || !lz_is_running(space))) {
        Py_SET_TYPE(space->module, &PyModule_Type);
    }
}

static PyObject *
plain(PyObject *name)
{
    return LzKey_Check(name) ? ((LzKey *)name)->name : name;
}

/* One name less is pending in a frozen namespace, which has plain keys; with the last one its module is a plain module again. */
int
lz_warm(LzSpace *space)
{
    if (!space->frozen || --space->cold > 0) {
        return 0;
    }
    space->frozen = 0;
    lz_undress(space);
    Py_ssize_t at = PySequence_Index(lz.frozen, (PyObject *)space);
    if (at < 0) {
        PyErr_Clear();
        return 0;
    }
    return PyList_SetSlice(lz.frozen, at, at + 1, NULL);
}

/* Import what is pending under `name`; 1: *result is the object, 0: nothing pending there, -1: it failed. */
int
lz_take_pending(LzSpace *space, PyObject *name, PyObject **result)
{
    PyObject *value = lz_raw(space, name); /* borrowed */
    if (value == NULL || Py_TYPE(value) != &LzPlaceholder_Type) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_INCREF(value);
    Py_INCREF(space);
    *result = lz_reify(value);
    int failed = *result == NULL;
    if (!failed) {
        PyObject *key = PyDict_GetItemWithError(space->keys, name); /* borrowed */
        if (key != NULL) {
            failed = lz_settle(space, key, value, *result) < 0 || lz_settle_siblings(space, value) < 0;
        }
        else if (lz_raw(space, name) == value) {
            failed = PyDict_SetItem(space->dict, name, *result) < 0 || lz_warm(space) < 0;
        }
    }
    if (failed) {
        Py_CLEAR(*result);
    }
    Py_DECREF(space);
    Py_DECREF(value);
    return failed ? -1 : 1;
}

/* The other names of the same from-import get the values of this moment too: what they are bound to may change before they are read. */
int
lz_settle_siblings(LzSpace *space, PyObject *placeholder)
{
    LzPlaceholder *p = (LzPlaceholder *)placeholder;
    PyObject *module = p->kind == LZ_KIND_FROM ? PyDict_GetItemWithError(lz.modules, p->module) : NULL; /* borrowed */
    if (module == NULL || space->armed == 0 || p->code == Py_None) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_INCREF(module);
    PyObject *keys = PyDict_Items(space->keys); /* owned */
    int failed = keys == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(keys); i++) {
        PyObject *name = PyTuple_GET_ITEM(PyList_GET_ITEM(keys, i), 0), *key = PyTuple_GET_ITEM(PyList_GET_ITEM(keys, i), 1);
        PyObject *held = lz_raw(space, name); /* borrowed */
        LzPlaceholder *q = (LzPlaceholder *)held;
        if (held == NULL || Py_TYPE(held) != &LzPlaceholder_Type || held == placeholder || q->kind != LZ_KIND_FROM || q->code != p->code
            || q->offset != p->offset || q->busy) {
            continue;
        }
        PyObject *value = lz_present(module, q->attr); /* borrowed */
        if (value != NULL) {
            Py_INCREF(value);
            Py_INCREF(held);
            failed = lz_settle(space, key, held, value) < 0;
            if (!failed) {
                q->done = 1;
                lz.reified++;
                if (lz_recording && q->deferral) {
                    lz_note_used(q->deferral);
                }
                Py_SETREF(q->value, Py_NewRef(value));
            }
            Py_DECREF(held);
            Py_DECREF(value);
        }
    }
    Py_DECREF(module);
    Py_XDECREF(keys);
    return failed || PyErr_Occurred() ? -1 : 0;
}

/* Import everything that is pending in a namespace; returns 0, or -1 with the first error. */
static int
take_all(LzSpace *space, int public_only)
{
    PyObject *names = PyDict_Keys(space->keys); /* owned */
    int failed = names == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyList_GET_SIZE(names); i++) {
        PyObject *name = PyList_GET_ITEM(names, i), *result = NULL;
        if (public_only && PyUnicode_GET_LENGTH(name) > 0 && PyUnicode_READ_CHAR(name, 0) == '_') {
            continue;
        }
        failed = lz_take_pending(space, name, &result) < 0;
        Py_XDECREF(result);
    }
    Py_XDECREF(names);
    return failed ? -1 : 0;
}

/* What a namespace holds under an ordinary name, if that is not pending; borrowed, or NULL without an error. Names with two underscores are the type's. */
static PyObject *
settled(PyObject *dict, PyObject *name)
{
    if (!PyUnicode_CheckExact(name) || PyUnicode_GET_LENGTH(name) < 2
        || (PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_')) {
        return NULL;
    }
    lz.quiet++;
    PyObject *value = PyDict_GetItemWithError(dict, name);
    lz.quiet--;
    if (value == NULL) {
        PyErr_Clear(); /* the long way finds out again */
        return NULL;
    }
    return Py_TYPE(value) == &LzPlaceholder_Type ? NULL : value;
}

static PyObject *
module_getattro(PyObject *self, PyObject *name)
{
    PyObject *found = settled(PyModule_GetDict(self), name); /* borrowed */
    if (found != NULL) {
        return Py_NewRef(found);
    }
    LzSpace *space = lz_space_of(PyModule_GetDict(self)); /* borrowed */
    PyObject *result = NULL;
    name = plain(name);
    if (space == NULL || !PyUnicode_CheckExact(name)) {
        return PyModule_Type.tp_getattro(self, name); /* a str subclass may run code when it is looked up; the key does the rest */
    }
    Py_INCREF(space);
    if (space->running == 1 && space->armed == 0 && !lz_is_running(space) && lz_prune() < 0) {
        PyErr_Clear();
    }
    if (PyUnicode_CompareWithASCIIString(name, "__dict__") == 0) {
        if (space->armed > 0 && lz_takes_whole() && take_all(space, 0) < 0) {
            Py_DECREF(space);
            return NULL;
        }
    }
    else if (lz_take_pending(space, name, &result) != 0) {
        Py_DECREF(space);
        return result;
    }
    result = PyModule_Type.tp_getattro(self, name);
    if (result == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        result = lz_missing(space, name);
        if (result == NULL && !PyErr_Occurred()) {
            PyErr_Restore(type, error, trace);
        }
        else {
            Py_XDECREF(type);
            Py_XDECREF(error);
            Py_XDECREF(trace);
        }
    }
    Py_DECREF(space);
    return result;
}

/* The import system sets a submodule on its package when it is loaded. In the eager order that came before whatever the package bound to the name
 * since, so that only a name still waiting for the submodule takes it. */
static int
set_submodule_late(LzSpace *space, PyObject *name, PyObject *value)
{
    if (PyDict_DelItem(space->logical, name) < 0) {
        return -1;
    }
    PyObject *held = lz_raw(space, name); /* borrowed */
    int failed = 0;
    if (held != NULL && Py_TYPE(held) == &LzPlaceholder_Type && ((LzPlaceholder *)held)->kind == LZ_KIND_SUBMODULE) {
        Py_INCREF(held);
        if (lz_recording && ((LzPlaceholder *)held)->deferral) {
            lz_note_used(((LzPlaceholder *)held)->deferral);
        }
        PyObject *key = PyDict_GetItemWithError(space->keys, name); /* borrowed */
        failed = key ? lz_settle(space, key, held, value) : PyDict_SetItem(space->dict, name, value);
        Py_DECREF(held);
    }
    lz_undress(space);
    return failed;
}

/* A package's `from .special import erf` binds its `erf` after `special`, which may load the submodule `erf`, is there: the name keeps waiting. 1, 0, -1 */
static int
is_for_another(LzSpace *space, PyObject *name, PyObject *submodule)
{
    LzPlaceholder *p = (LzPlaceholder *)lz_raw(space, name); /* borrowed */
    if (p == NULL || Py_TYPE(p) != &LzPlaceholder_Type || p->kind != LZ_KIND_FROM) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *source = PyDict_GetItemWithError(lz.modules, p->module); /* borrowed */
    if (source == NULL ? PyErr_Occurred() != NULL : !lz_is_initializing(source)) {
        return PyErr_Occurred() ? -1 : 0; /* it was there before the submodule */
    }
    PyObject *full = PyUnicode_FromFormat("%U.%U", p->module, p->attr);
    PyObject *own = PyDict_GetItemWithError(PyModule_GetDict(submodule), lz_names.name); /* borrowed */
    int same = full == NULL || (own == NULL && PyErr_Occurred()) ? -1 : own != NULL && PyUnicode_Check(own) && PyUnicode_Compare(own, full) == 0;
    Py_XDECREF(full);
    return same < 0 ? -1 : !same;
}

static int
module_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    LzSpace *space = lz_space_of(PyModule_GetDict(self)); /* borrowed */
    name = plain(name);
    if (space == NULL) {
        return PyModule_Type.tp_setattro(self, name, value);
    }
    Py_INCREF(space);
    int result, of_import = value != NULL && PyModule_Check(value) && lz_in_importlib();
    int waits = of_import ? is_for_another(space, name, value) : 0;
    if (waits != 0) {
        result = waits < 0 ? -1 : 0;
    }
    else if (of_import && PyDict_Contains(space->logical, name) == 1) {
        result = set_submodule_late(space, name, value);
    }
    else {
        PyObject *key = PyDict_GetItemWithError(space->keys, name); /* borrowed */
        if (key == NULL) {
            result = PyErr_Occurred() ? -1 : PyModule_Type.tp_setattro(self, name, value);
        }
        else if (!of_import && lz_is_awaited(space, name) && lz_take(space, name) < 0) {
            result = -1;
        }
        else if ((key = PyDict_GetItemWithError(space->keys, name)) == NULL) { /* it was awaited */
            result = PyErr_Occurred() ? -1 : PyModule_Type.tp_setattro(self, name, value);
        }
        else if (value == NULL && lz_raw(space, name) == NULL) {
            result = PyErr_Occurred() ? -1 : PyModule_Type.tp_setattro(self, name, value); /* deleted before */
        }
        else {
            Py_INCREF(key);
            result = value ? PyDict_SetItem(space->dict, key, value) : PyDict_DelItem(space->dict, key);
            if (result == 0) {
                result = lz_disarm(space, (LzKey *)key);
            }
            Py_DECREF(key);
        }
    }
    Py_DECREF(space);
    return result;
}

/* dir() lists names and loads nothing, whatever is done with the list; the keys stay at home. The module's own __dir__ is the user's code. */
PyObject *
lz_module_dir(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    lz.quiet++;
    int has_own = PyDict_Contains(PyModule_GetDict(self), lz_names.dunder_dir);
    lz.quiet--;
    if (has_own < 0) {
        return NULL;
    }
    PyObject *own = has_own ? PyObject_GetAttr(self, lz_names.dunder_dir) : NULL; /* owned */
    PyObject *names = own ? PyObject_CallNoArgs(own) : has_own ? NULL : PyDict_Keys(PyModule_GetDict(self)); /* owned, returned */
    Py_XDECREF(own);
    if (names == NULL || !PyList_Check(names)) {
        return names;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); i++) {
        PyObject *name = PyList_GET_ITEM(names, i);
        if (LzKey_Check(name)) {
            PyList_SET_ITEM(names, i, Py_NewRef(((LzKey *)name)->name));
            Py_DECREF(name);
        }
    }
    return names;
}

/* `from m import *` copies values, and keys must not travel with them. */
int
lz_settle_star(PyObject *module)
{
    LzSpace *space = PyModule_Check(module) ? lz_space_of(PyModule_GetDict(module)) : NULL; /* borrowed */
    if (space == NULL) {
        return 0;
    }
    Py_INCREF(space);
    PyObject *all = lz_raw(space, lz_names.all); /* borrowed */
    int failed = 0;
    if (all == NULL) {
        failed = PyErr_Occurred() || take_all(space, 1) < 0 || lz_rebuild(space) < 0;
    }
    else if (PyList_CheckExact(all)) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all); i++) {
            PyObject *name = PyList_GET_ITEM(all, i);
            if (LzKey_Check(name)) {
                PyList_SET_ITEM(all, i, Py_NewRef(((LzKey *)name)->name));
                Py_DECREF(name);
            }
        }
    }
    Py_DECREF(space);
    return failed ? -1 : 0;
}

int
lz_take(LzSpace *space, PyObject *name)
{
    PyObject *result = NULL;
    int failed = lz_take_pending(space, name, &result) < 0;
    Py_XDECREF(result);
    return failed ? -1 : 0;
}

static PyMethodDef module_methods[] = {
    {"__dir__", lz_module_dir, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject LzModule_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "module", /* what a program prints of it is what it prints of a module */
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_base = &PyModule_Type,
    .tp_getattro = module_getattro,
    .tp_setattro = module_setattro,
    .tp_methods = module_methods,
};
