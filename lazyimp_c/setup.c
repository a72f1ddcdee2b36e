/* Setup: the extension's types and state, and putting our __import__ in the interpreter's place and back. */
#include "state.h"

static int
intern_names(void)
{
    struct { PyObject **slot; const char *text; } rows[] = {
        {&lz_names.name, "__name__"}, {&lz_names.file, "__file__"}, {&lz_names.package, "__package__"}, {&lz_names.path, "__path__"},
        {&lz_names.spec, "__spec__"}, {&lz_names.initializing, "_initializing"}, {&lz_names.all, "__all__"}, {&lz_names.star, "*"},
        {&lz_names.main, "__main__"}, {&lz_names.dunder_import, "__import__"}, {&lz_names.dunder_getattr, "__getattr__"}, {&lz_names.dunder_dir, "__dir__"}, {&lz_names.error_name, "name"},
        {&lz_names.sys_path, "path"}, {&lz_names.meta_path, "meta_path"},
        {&lz_names.warnings, "warnings"}, {&lz_names.c_warnings, "_warnings"}, {&lz_names.filters, "filters"},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(rows); i++) {
        if (!(*rows[i].slot = PyUnicode_InternFromString(rows[i].text))) {
            return -1;
        }
    }
    return 0;
}

static PyMethodDef import_def = {
    "__import__", (PyCFunction)(void (*)(void))lz_import, METH_FASTCALL | METH_KEYWORDS,
    PyDoc_STR("__import__(name, globals=None, locals=None, fromlist=(), level=0)\n--\n\nImport a module, deferred where lazyimp's policy allows."),
};

int
lz_setup(void)
{
    if (intern_names() < 0 || lz_words_setup() < 0 || PyType_Ready(&LzFacts_Type) < 0 || PyType_Ready(&LzKey_Type) < 0 || PyType_Ready(&LzImport_Type) < 0
        || PyType_Ready(&LzModule_Type) < 0 || PyType_Ready(&LzProxy_Type) < 0
        || PyType_Ready(&LzTrapped_Type) < 0 || PyType_Ready(&LzWatched_Type) < 0) {
        return -1;
    }
    PyObject *builtins = PyEval_GetBuiltins(); /* borrowed */
    lz.builtin_import = PyDict_GetItemWithError(builtins, lz_names.dunder_import);
    Py_XINCREF(lz.builtin_import);
    lz.original = Py_XNewRef(lz.builtin_import);
    lz.modules = Py_NewRef(PyImport_GetModuleDict());
    PyObject *sys = PyImport_AddModule("sys"); /* borrowed */
    lz.sys = sys ? Py_NewRef(PyModule_GetDict(sys)) : NULL;
    lz.importer = PyCFunction_New(&import_def, NULL);
    lz.spaces = PyDict_New();
    lz.open_spaces = PyList_New(0);
    lz.guarded = PyList_New(0);
    lz.pending_subs = PyDict_New();
    lz.awaited = PyDict_New();
    lz.graveyard = PyList_New(0);
    lz.scopes = PyList_New(0);
    lz.paused = PyDict_New();
    lz.traps = PyDict_New();
    lz.watches = PyDict_New();
    lz.frozen = PyList_New(0);
    return PyErr_Occurred() || lz.builtin_import == NULL || lz.sys == NULL ? -1 : 0;
}

PyObject *
lz_helper(void)
{
    if (lz.helper == NULL) {
        if (lz_pause(1) < 0) {
            return NULL;
        }
        lz.helper = PyImport_ImportModule("lazyimp._armed");
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        (void)lz_pause(-1);
        PyErr_Restore(type, error, trace);
    }
    return lz.helper;
}

/* PySys_GetObject() makes a string every time. */
PyObject *
lz_sys_list(PyObject *name)
{
    PyObject *found = PyDict_GetItemWithError(lz.sys, name); /* borrowed */
    if (found == NULL) {
        PyErr_Clear();
    }
    return found != NULL && PyList_CheckExact(found) ? found : NULL;
}

int
lz_same_items(PyObject *list, PyObject *items)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(items);
    int same = PyList_GET_SIZE(list) == n;
    for (Py_ssize_t i = 0; same && i < n; i++) {
        same = PyList_GET_ITEM(list, i) == PySequence_Fast_GET_ITEM(items, i);
    }
    return same;
}

int
lz_keep_first(void)
{
    PyObject *finders = lz_sys_list(lz_names.meta_path); /* borrowed */
    if (lz.helper == NULL || finders == NULL || PyList_GET_SIZE(finders) == 0) {
        return 0;
    }
    if (lz.finder == NULL && !(lz.finder = PyObject_GetAttrString(lz.helper, "finder"))) {
        return -1;
    }
    if (PyList_GET_ITEM(finders, 0) == lz.finder) {
        return 0;
    }
    PyObject *done = PyObject_CallMethod(lz.finder, "keep_first", NULL);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

PyObject *
lz_ask(const char *method, const char *format, ...)
{
    PyObject *function = lz_helper() ? PyObject_GetAttrString(lz.helper, method) : NULL; /* owned */
    if (function == NULL) {
        return NULL;
    }
    va_list values;
    va_start(values, format);
    PyObject *args = Py_VaBuildValue(format, values); /* owned */
    va_end(values);
    PyObject *result = NULL;
    if (args != NULL && lz_pause(1) == 0) {
        result = PyObject_Call(function, args, NULL);
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        (void)lz_pause(-1);
        PyErr_Restore(type, error, trace);
    }
    Py_XDECREF(args);
    Py_DECREF(function);
    return result;
}

int
lz_turn_on(void)
{
#if !LZ_ARMED_KEYS
    PyErr_SetString(PyExc_RuntimeError, "core c is for CPython 3.10 to 3.14; later versions defer imports themselves");
    return -1;
#endif
    lz_keep_chunks();
    PyObject *builtins = PyEval_GetBuiltins(); /* borrowed */
    PyObject *now = PyDict_GetItemWithError(builtins, lz_names.dunder_import); /* borrowed */
    if (now == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ImportError, "__import__ not found");
        }
        return -1;
    }
    lz.generation++;
    if (now != lz.importer) {
        Py_XSETREF(lz.original, Py_NewRef(now));
        if (PyDict_SetItem(builtins, lz_names.dunder_import, lz.importer) < 0) {
            return -1;
        }
    }
    lz.active = 1;
    lz_lacking(1);
    return 0;
}

/* What is pending stays pending. Somebody who wrapped our function keeps working: it only passes on. */
int
lz_turn_off(void)
{
    lz.active = 0;
    lz_lacking(0);
    PyObject *builtins = PyEval_GetBuiltins(); /* borrowed */
    PyObject *now = PyDict_GetItemWithError(builtins, lz_names.dunder_import); /* borrowed */
    if (now == lz.importer) {
        return PyDict_SetItem(builtins, lz_names.dunder_import, lz.original);
    }
    return PyErr_Occurred() ? -1 : 0;
}
