/* Bind: what a deferred statement leaves behind: placeholders under armed keys, and submodules that can be reached from their package. */
#include "record.h"
#include "state.h"

/* ---- submodules ------------------------------------------------------------------------------------------------------------------------------ */

static PyObject *
placeholder(int kind, PyObject *module, PyObject *attr, PyObject *bound, PyObject *code, int offset)
{
    PyObject *p = (PyObject *)lz_placeholder_new(kind, module, attr, bound, code, offset,
                                                 lz.last_paths ? lz.last_paths : Py_None);
    if (p != NULL) {
        lz.deferred++;
    }
    return p;
}

/* Make `child` reachable on the loaded package `parent`: 1 done, 0 the package has something else under that name, -1 error. */
int
lz_plant(PyObject *parent, PyObject *child, PyObject *full, PyObject *importer, PyObject *code, int offset)
{
    LzSpace *space = lz_space_for_module(parent); /* owned */
    if (space == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    int result = PyDict_Contains(space->logical, child);
    if (result == 0 && PyDict_Contains(space->keys, child) == 1) {
        /* the package has bound the name to something else that is pending, which the submodule's body may want */
        Py_DECREF(space);
        return 0;
    }
    if (result == 0) {
        PyObject *p = placeholder(LZ_KIND_SUBMODULE, full, Py_None, child, code, offset); /* owned */
        result = p ? lz_arm(space, child, p) : -1;
        if (result == 1 && lz_recording) {
            ((LzPlaceholder *)p)->deferral = lz_note_deferral(importer, child, full, NULL, code, offset, LZ_NOTE_SUBMODULE);
        }
        if (result == 1 && PyDict_SetItem(space->logical, child, Py_None) < 0) {
            result = -1;
        }
        Py_XDECREF(p);
    }
    Py_DECREF(space);
    return result;
}

/* What deferred statements imported below a package that is not loaded yet; borrowed, or NULL without an error: it is loaded meanwhile. */
static PyObject *
children_of(PyObject *parent)
{
    PyObject *children = PyDict_GetItemWithError(lz.pending_subs, parent); /* borrowed */
    if (children != NULL || PyErr_Occurred()) {
        return children;
    }
    PyObject *fresh = PyDict_New(); /* owned */
    int failed = fresh == NULL || PyDict_SetItem(lz.pending_subs, parent, fresh) < 0;
    Py_XDECREF(fresh);
    PyObject *watched = failed ? NULL : lz_ask("watch", "(O)", parent); /* owned */
    if (watched == NULL) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        if (!failed && PyDict_DelItem(lz.pending_subs, parent) < 0) {
            PyErr_Clear();
        }
        PyErr_Restore(type, error, trace);
        return NULL;
    }
    Py_DECREF(watched);
    return PyDict_GetItemWithError(lz.pending_subs, parent); /* another thread may have loaded the package meanwhile */
}

/* A package that is not loaded yet learns of its submodules when it is. */
static int
remember_submodule(PyObject *parent, PyObject *child, PyObject *importer, PyObject *code, int offset)
{
    PyObject *statement = Py_BuildValue("(OOi)", importer, code, offset); /* owned: where it stands; made first, since that may collect garbage */
    PyObject *children = statement ? children_of(parent) : NULL;          /* borrowed */
    int failed = children ? PyDict_SetItem(children, child, statement) < 0 : PyErr_Occurred() != NULL;
    Py_XDECREF(statement);
    return failed ? -1 : 0;
}

/* `a.b.c` counts as imported from now on. 1: done, 0: it must be imported at once, -1: error. */
int
lz_note_submodule(PyObject *name, PyObject *importer, PyObject *code, int offset)
{
    Py_ssize_t end = PyUnicode_GET_LENGTH(name), dot = 0;
    int result = 1;
    while (result == 1 && (dot = PyUnicode_FindChar(name, '.', dot, end, 1)) > 0) {
        Py_ssize_t next = PyUnicode_FindChar(name, '.', dot + 1, end, 1);
        PyObject *parent = PyUnicode_Substring(name, 0, dot), *full = PyUnicode_Substring(name, 0, next < 0 ? end : next); /* owned */
        PyObject *child = PyUnicode_Substring(name, dot + 1, next < 0 ? end : next); /* owned */
        if (parent == NULL || child == NULL || full == NULL) {
            result = -1;
        }
        else if (!lz_is_known(full)) {
            PyUnicode_InternInPlace(&child);
            PyObject *module = PyDict_GetItemWithError(lz.modules, parent); /* borrowed */
            if (module != NULL) {
                Py_INCREF(module);
                result = lz_plant(module, child, full, importer, code, offset);
                Py_DECREF(module);
            }
            else {
                result = PyErr_Occurred() || remember_submodule(parent, child, importer, code, offset) < 0 ? -1 : 1;
            }
        }
        Py_XDECREF(parent);
        Py_XDECREF(child);
        Py_XDECREF(full);
        dot++;
    }
    return result;
}

/* ---- from-import and `as`: what stands on the interpreter's stack until the names are stored -------------------------------------------- */

typedef struct {
    PyObject_HEAD
    LzSpace *space;    /* owned */
    PyObject *module;  /* owned: absolute name */
    PyObject *facts;   /* owned: keeps the statement alive */
    LzStatement *statement;
    int next;          /* how many IMPORT_FROM came */
    int is_from;
} Pending;

static void
pending_dealloc(PyObject *self)
{
    Pending *p = (Pending *)self;
    Py_CLEAR(p->space);
    Py_CLEAR(p->module);
    Py_CLEAR(p->facts);
    PyObject_Free(self);
}

/* A name that `module`, loaded, really has; borrowed, or NULL. */
PyObject *
lz_present(PyObject *module, PyObject *attr)
{
    PyObject *dict = module && PyModule_Check(module) ? PyModule_GetDict(module) : NULL; /* borrowed */
    lz.quiet++;
    PyObject *value = dict ? PyDict_GetItemWithError(dict, attr) : NULL;
    lz.quiet--;
    return value != NULL && Py_TYPE(value) != &LzPlaceholder_Type ? value : NULL;
}

/* The number in the record of what is bound to `store` from now on: a statement may come again, or after a submodule was planted under the name. */
static int
note(LzSpace *space, PyObject *before, LzPlaceholder *p)
{
    LzPlaceholder *old = before && Py_TYPE(before) == &LzPlaceholder_Type ? (LzPlaceholder *)before : NULL;
    int from = p->kind == LZ_KIND_FROM;
    if (old != NULL && old->deferral && from == (old->kind == LZ_KIND_FROM) && PyUnicode_Compare(old->module, p->module) == 0
        && (!from || PyUnicode_Compare(old->attr, p->attr) == 0)) {
        return old->deferral;
    }
    return lz_note_deferral(space->name, p->bound, p->module, from ? p->attr : NULL, p->code, p->offset, LZ_NOTE_BINDING);
}

/* Bind `store` to a placeholder in the namespace; returns what the interpreter shall store. */
PyObject *
lz_bind(LzSpace *space, int kind, PyObject *module, PyObject *attr, PyObject *store, LzFacts *facts, LzStatement *s)
{
    PyObject *p = placeholder(kind, module, attr, store, facts->code, s->offset); /* owned, returned */
    if (p != NULL) {
        ((LzPlaceholder *)p)->flags = s->flags;
    }
    PyObject *before = p && lz_recording ? Py_XNewRef(lz_raw(space, store)) : NULL; /* owned */
    int armed = p ? lz_arm(space, store, p) : -1;
    if (armed == 1 && lz_recording) {
        ((LzPlaceholder *)p)->deferral = note(space, before, (LzPlaceholder *)p);
    }
    Py_XDECREF(before);
    if (armed == 1 && kind == LZ_KIND_FROM && space->flags & LZ_MODULE_OWN && lz_await_name(space, module, store) < 0) {
        Py_CLEAR(p);
    }
    if (armed == 1) {
        return p;
    }
    PyObject *now = armed == 0 ? lz_reify(p) : NULL; /* the name is taken by a plain key: import at once */
    Py_XDECREF(p);
    return now;
}

/* `from . import x` in a package: what it does not have yet is its submodule. */
static PyObject *
bind_own_submodule(LzSpace *space, PyObject *attr, PyObject *store, LzFacts *facts, LzStatement *s)
{
    PyObject *full = PyUnicode_FromFormat("%U.%U", space->name, attr), *result = NULL; /* owned */
    int noted = full ? lz_note_submodule(full, space->name, facts->code, s->offset) : -1;
    if (noted >= 0) {
        result = lz_bind(space, LZ_KIND_SUBMODULE, full, attr, store, facts, s);
    }
    Py_XDECREF(full);
    return result;
}

/* The importer is a module of the package `name`. */
static int
lies_in(LzSpace *space, PyObject *name)
{
    Py_ssize_t end = PyUnicode_GET_LENGTH(name);
    return PyUnicode_GET_LENGTH(space->name) > end && PyUnicode_READ_CHAR(space->name, end) == '.' && PyUnicode_Tailmatch(space->name, name, 0, end, -1) == 1;
}

static PyObject *
pending_getattro(PyObject *self, PyObject *attr)
{
    Pending *p = (Pending *)self;
    LzStatement *s = p->statement;
    LzFacts *facts = (LzFacts *)p->facts;
    int at = p->next++;
    if (!p->is_from) { /* import a.b.c as d */
        if (p->next < s->chain) {
            return Py_NewRef(self);
        }
        return lz_bind(p->space, LZ_KIND_MODULE, p->module, Py_None, facts->binds[s->first].store, facts, s);
    }
    for (int i = 0; i < s->count; i++) { /* the statement's names come in order, unless a debugger asks too */
        LzBind *b = &facts->binds[s->first + (at + i) % s->count];
        if (b->attr != attr && PyUnicode_Compare(b->attr, attr) != 0) {
            continue;
        }
        PyObject *module = PyDict_GetItemWithError(lz.modules, p->module), *value = lz_present(module, attr); /* borrowed */
        if (value != NULL) {
            return Py_NewRef(value);
        }
        if (PyErr_Occurred()) {
            return NULL;
        }
        if (PyUnicode_Compare(p->module, p->space->name) == 0) {
            return bind_own_submodule(p->space, attr, b->store, facts, s);
        }
        PyObject *name = lz_bind(p->space, LZ_KIND_FROM, p->module, attr, b->store, facts, s); /* owned, returned */
        if (name != NULL && Py_TYPE(name) == &LzPlaceholder_Type && lies_in(p->space, p->module)) {
            ((LzPlaceholder *)name)->flags |= LZ_OF_PACKAGE;
        }
        return name;
    }
    PyErr_Format(PyExc_AttributeError, "%U", attr);
    return NULL;
}

PyTypeObject LzImport_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "lazyimp_c.Import",
    .tp_basicsize = sizeof(Pending),
    .tp_flags = Py_TPFLAGS_DEFAULT, /* it lives for one statement: the collector need not count it */
    .tp_dealloc = pending_dealloc,
    .tp_getattro = pending_getattro,
};

PyObject *
lz_start_import(LzSpace *space, PyObject *module, PyObject *facts, LzStatement *statement, int is_from)
{
    Pending *p = PyObject_New(Pending, &LzImport_Type); /* owned, returned */
    if (p == NULL) {
        return NULL;
    }
    p->space = (LzSpace *)Py_NewRef((PyObject *)space);
    p->module = Py_NewRef(module);
    p->facts = Py_NewRef(facts);
    p->statement = statement;
    p->next = 0;
    p->is_from = is_from;
    return (PyObject *)p;
}
