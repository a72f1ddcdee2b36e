/* Reify: import what a placeholder stands for, through the import system, and say where it was declared when that fails. */
#include "record.h"
#include "state.h"

/* The search happens under the sys.path of the statement's time: the finder is told when it has changed since. */
static int
same_paths(PyObject *paths)
{
    PyObject *now = lz_sys_list(lz_names.sys_path); /* borrowed */
    return paths == Py_None || (now != NULL && lz_same_items(now, paths));
}

static PyObject *
import_name(PyObject *name, PyObject *fromlist)
{
    if (lz.original == lz.builtin_import) {
        return PyImport_ImportModuleLevelObject(name, NULL, NULL, fromlist, 0);
    }
    PyObject *globals = PyDict_New(); /* owned */
    PyObject *result = NULL;
    if (globals != NULL) {
        result = PyObject_CallFunction(lz.original, "OOOOi", name, globals, Py_None, fromlist ? fromlist : Py_None, 0);
        Py_DECREF(globals);
    }
    return result;
}

/* A loaded module as sys.modules has it; new reference. */
static PyObject *
loaded(PyObject *name)
{
    PyObject *module = PyDict_GetItemWithError(lz.modules, name); /* borrowed */
    if (module == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_ImportError, "%R is not in sys.modules after it was imported", name);
        }
        return NULL;
    }
    return Py_NewRef(module);
}

static PyObject *
import_top(PyObject *name)
{
    Py_ssize_t dot = PyUnicode_FindChar(name, '.', 0, PyUnicode_GET_LENGTH(name), 1);
    PyObject *top = dot < 0 ? Py_NewRef(name) : PyUnicode_Substring(name, 0, dot); /* owned */
    PyObject *module = top ? import_name(top, NULL) : NULL;
    Py_XDECREF(top);
    return module;
}

static PyObject *
import_submodule(PyObject *name)
{
    PyObject *top = import_name(name, NULL); /* owned */
    if (top == NULL) {
        return NULL;
    }
    Py_DECREF(top);
    return loaded(name);
}

/* `from . import x` in a package that has no `x`: a missing submodule is a missing name. */
static PyObject *
import_own_submodule(PyObject *name, PyObject *attr)
{
    PyObject *module = import_submodule(name); /* owned */
    if (module == NULL && PyErr_ExceptionMatches(PyExc_ModuleNotFoundError)) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        PyErr_NormalizeException(&type, &error, &trace);
        PyObject *missing = PyObject_GetAttr(error, lz_names.error_name); /* owned */
        PyObject *package = PyUnicode_Substring(name, 0, PyUnicode_GET_LENGTH(name) - PyUnicode_GET_LENGTH(attr) - 1); /* owned */
        if (package != NULL && missing != NULL && PyUnicode_Check(missing) && PyUnicode_Compare(missing, name) == 0) {
            module = lz_ask("import_from", "(OO)", package, attr);
            Py_DECREF(type);
            Py_XDECREF(error);
            Py_XDECREF(trace);
        }
        else {
            PyErr_Clear();
            PyErr_Restore(type, error, trace);
        }
        Py_XDECREF(package);
        Py_XDECREF(missing);
    }
    return module;
}

/* What `import a.b.c as d` binds: the import system finds it by attribute, from the top. */
static PyObject *
import_as(PyObject *name)
{
    if (PyUnicode_FindChar(name, '.', 0, PyUnicode_GET_LENGTH(name), 1) < 0) {
        return import_name(name, NULL);
    }
    PyObject *module = import_submodule(name); /* owned */
    if (module == NULL) {
        return NULL;
    }
    PyObject *walked = lz_ask("walk", "(O)", name); /* owned */
    Py_DECREF(module);
    return walked;
}

static PyObject *
import_attribute(PyObject *name, PyObject *attr)
{
    PyObject *fromlist = PyTuple_Pack(1, attr), *result = NULL; /* owned */
    PyObject *module = fromlist ? import_name(name, fromlist) : NULL; /* owned */
    Py_XDECREF(fromlist);
    if (module == NULL) {
        return NULL;
    }
    LzSpace *space = PyModule_Check(module) ? lz_space_of(PyModule_GetDict(module)) : NULL; /* borrowed */
    int taken = space ? lz_take_pending(space, attr, &result) : 0;
    if (taken != 0) {
        Py_DECREF(module);
        return result; /* an AttributeError from inside that import is not a missing name */
    }
    result = PyObject_GetAttr(module, attr);
    if (result == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        result = lz_ask("import_from", "(OO)", name, attr); /* with the interpreter's own words */
    }
    Py_DECREF(module);
    return result;
}

/* Somebody has put None into sys.modules since the statement ran (defusedxml does, where a module was not loaded): the eager order had it loaded. */
static int
unblock(PyObject *name)
{
    if (PyDict_GetItemWithError(lz.modules, name) == Py_None) {
        return PyDict_DelItem(lz.modules, name);
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* The loaded package has no such name but a __getattr__ of its own. A module inside it, loaded in the eager order, mostly came before that function was
 * defined, and got its sibling; the function itself may need what is being imported here (jsonschema). */
static int
answers_by_function(PyObject *name, PyObject *attr)
{
    PyObject *module = PyDict_GetItemWithError(lz.modules, name); /* borrowed */
    PyErr_Clear();
    return module != NULL && lz_present(module, lz_names.dunder_getattr) != NULL && lz_present(module, attr) == NULL;
}

static PyObject *
import_submodule_first(PyObject *name, PyObject *attr)
{
    PyObject *full = PyUnicode_FromFormat("%U.%U", name, attr); /* owned */
    PyObject *module = full ? import_own_submodule(full, attr) : NULL;
    Py_XDECREF(full);
    return module;
}

static PyObject *
import_kind(LzPlaceholder *p)
{
    if (unblock(p->module) < 0) {
        return NULL;
    }
    if (p->kind == LZ_KIND_FROM) {
        PyObject *full = PyUnicode_FromFormat("%U.%U", p->module, p->attr); /* owned */
        int failed = full == NULL || unblock(full) < 0;
        Py_XDECREF(full);
        if (failed) {
            return NULL;
        }
    }
    switch (p->kind) {
    case LZ_KIND_TOP:
        return import_top(p->module);
    case LZ_KIND_SUBMODULE:
        return p->attr == Py_None ? import_submodule(p->module) : import_own_submodule(p->module, p->attr);
    case LZ_KIND_MODULE:
        return import_as(p->module);
    default:
        return p->flags & LZ_OF_PACKAGE && answers_by_function(p->module, p->attr) ? import_submodule_first(p->module, p->attr)
                                                                                  : import_attribute(p->module, p->attr);
    }
}

/* This very placeholder is being imported further up in this thread: what the eager order would have met is a partially initialised module. */
static PyObject *
cycle(LzPlaceholder *p)
{
    if (lz_is_known(p->module) && p->kind != LZ_KIND_FROM) {
        return import_kind(p);
    }
    if (lz_is_known(p->module)) {
        PyObject *value = lz_present(PyDict_GetItemWithError(lz.modules, p->module), p->attr); /* borrowed; looks without importing */
        if (value != NULL) {
            return Py_NewRef(value);
        }
        PyErr_Clear();
        return PyErr_Format(PyExc_ImportError,
                            "cannot import name %R from partially initialized module %R (most likely due to a circular import)", p->attr,
                            p->module);
    }
    return PyErr_Format(PyExc_ImportError, "cannot import %R while it is being imported (most likely due to a circular import)", p->module);
}

/* A failure of our own is nobody's business, but Ctrl-C may come while our code runs: 1, and it stays raised. */
static int
is_interrupted(void)
{
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return 1;
    }
    PyErr_Clear();
    return 0;
}

/* The error keeps its type and text; the helper adds where the import statement stands. */
static void
explain(LzPlaceholder *p)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    if (trace != NULL) {
        PyException_SetTraceback(error, trace);
    }
    PyObject *done = lz_ask("explain", "(OOOOi)", error, p->module, p->attr, p->code, p->offset); /* owned */
    if (done == NULL && is_interrupted()) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(trace);
        return;
    }
    Py_XDECREF(done);
    PyErr_Restore(type, error, trace);
}

/* What a module drew from the global random number generators while it was loaded late is undone; takes the reference to `random`. -1: interrupted. */
static int
put_back(PyObject *random)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *done = random ? lz_ask("put_back_random", "(O)", random) : NULL; /* owned */
    Py_XDECREF(done);
    Py_XDECREF(random);
    if (is_interrupted()) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(trace);
        return -1;
    }
    PyErr_Restore(type, error, trace);
    return 0;
}

PyObject *
lz_reify(PyObject *placeholder)
{
    LzPlaceholder *p = (LzPlaceholder *)placeholder; /* borrowed: the caller holds it */
    unsigned long thread = PyThread_get_thread_ident();
    if (p->done) {
        return Py_NewRef(p->value);
    }
    if (p->busy && p->owner == thread) {
        return cycle(p);
    }
    int mine = !p->busy;
    if (mine) {
        p->busy = 1;
        p->owner = thread;
    }
    PyObject *prepared = NULL, *value = NULL; /* owned */
    Py_ssize_t opened = lz.opened;
    LzUse use = {0};
    if (lz_recording && p->deferral) {
        lz_use_begin(&use, p->deferral);
    }
    if (lz_keep_first() < 0) {
        PyErr_Clear(); /* somebody took it off; the search works without it */
    }
    int outermost = lz.reifying++ == 0, moved = outermost && lz_filters_moved(p->filters);
    PyObject *random = outermost ? lz_ask_with_filters("keep_random", p, moved) : NULL; /* owned */
    if (outermost) {
        lz.late_order = p->order;
    }
    int interrupted = random == NULL && is_interrupted();
    if (interrupted) {
        /* nothing was imported: the next use tries again */
    }
    else if (!same_paths(p->paths)) {
        prepared = lz_ask("search_under", "(OO)", p->module, p->paths);
        value = prepared ? import_kind(p) : NULL;
    }
    else {
        value = import_kind(p);
    }
    Py_XDECREF(prepared);
    if (lz.opened != opened && value != NULL && lz_prune() < 0) {
        Py_CLEAR(value);
    }
    lz.reifying--;
    if (outermost && !moved && lz_filters_moved(p->filters)) {
        lz_filters_added(p);
    }
    if (!interrupted && put_back(random) < 0) {
        interrupted = 1;
        Py_CLEAR(value);
    }
    if (mine) {
        p->busy = 0;
    }
    if (value != NULL && lz_note_loaded(p->module) < 0) {
        Py_CLEAR(value);
    }
    if (use.deferral) {
        lz_use_end(&use, value ? NULL : PyErr_Occurred());
    }
    if (value == NULL) {
        lz.failed++;
        if (!interrupted) {
            explain(p);
        }
        return NULL;
    }
    if (!p->done) {
        p->done = 1;
        lz.reified++;
        Py_SETREF(p->value, Py_NewRef(value));
        if (Py_REFCNT(p) > 2) { /* more than the namespace and our caller: somebody copied it */
            PyObject *patched = lz_ask("replace_copies", "(OO)", placeholder, value);
            if (patched == NULL && is_interrupted()) {
                Py_CLEAR(value); /* the next use gets it */
            }
            Py_XDECREF(patched);
        }
    }
    return value;
}

/* ---- attributes a module does not have ---------------------------------------------------------------------------------------------------- */

/* A module that is still being executed: the statement that will bind the name may only come later because laziness changed the order. */
static PyObject *
ahead_of_its_statement(LzSpace *space, PyObject *name)
{
    LzFacts *facts = (LzFacts *)space->facts;
    for (int i = 0; i < facts->n_statements; i++) {
        LzStatement *s = &facts->statements[i];
        for (int k = s->first; k < s->first + s->count; k++) {
            LzBind *b = &facts->binds[k];
            if (b->store == name || PyUnicode_Compare(b->store, name) == 0) {
                return lz_ask("run_ahead", "(OOOii)", space->package, s->name, b->attr ? b->attr : Py_None, s->level, s->flags);
            }
        }
    }
    return NULL;
}

PyObject *
lz_missing(LzSpace *space, PyObject *name)
{
    PyObject *result = NULL;
    if (!lz.active || lz_in_importlib()) {
        return NULL; /* the import system goes on to look for a submodule by itself */
    }
    if (PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_') {
        return NULL;
    }
    if (space->facts != Py_None && space->running == 1 && lz_is_running(space)) {
        PyObject *facts = Py_NewRef(space->facts); /* owned: a nested import may forget it */
        result = ahead_of_its_statement(space, name);
        Py_DECREF(facts);
    }
    if (result == Py_NotImplemented) {
        Py_CLEAR(result);
    }
    if (result == NULL && !PyErr_Occurred()) {
        /* `pkg.sub` in a program that works eagerly means that somebody imports it; hasattr() and getattr() may only be asking */
        result = lz_ask("missing", "(OOi)", space->name, name, !lz_is_attribute_load());
    }
    if (result == Py_NotImplemented) {
        Py_CLEAR(result);
    }
    return result;
}
