/* Importer: our builtins.__import__. It hands out placeholders where a module's own import statement may be deferred, and passes everything else on. */
#include "state.h"

LzCore lz;
LzNames lz_names;

int
lz_is_known(PyObject *name)
{
    PyObject *module = PyDict_GetItemWithError(lz.modules, name); /* borrowed */
    if (module == NULL) {
        PyErr_Clear();
    }
    return module != NULL && module != Py_None;
}

/* ---- submodules ------------------------------------------------------------------------------------------------------------------------------ */

static PyObject *
placeholder(LzSpace *space, int kind, PyObject *module, PyObject *attr, PyObject *bound, PyObject *code, int offset)
{
    PyObject *p = (PyObject *)lz_placeholder_new(kind, module, attr, bound, (PyObject *)space, code, offset,
                                                 lz.last_paths ? lz.last_paths : Py_None);
    if (p != NULL) {
        lz.deferred++;
    }
    return p;
}

/* Make `child` reachable on the loaded package `parent`: 1 done, 0 the package has something else under that name, -1 error. */
int
lz_plant(PyObject *parent, PyObject *child, PyObject *full, PyObject *code, int offset)
{
    LzSpace *space = lz_space_for_module(parent); /* owned */
    if (space == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    int result = PyDict_Contains(space->logical, child);
    if (result == 0) {
        PyObject *p = placeholder(space, LZ_KIND_SUBMODULE, full, Py_None, child, code, offset); /* owned */
        result = p ? lz_arm(space, child, p) : -1;
        if (result == 1 && PyDict_SetItem(space->logical, child, Py_None) < 0) {
            result = -1;
        }
        Py_XDECREF(p);
    }
    Py_DECREF(space);
    return result;
}

/* A package that is not loaded yet learns of its submodules when it is. */
static int
remember_submodule(PyObject *parent, PyObject *child)
{
    PyObject *children = PyDict_GetItemWithError(lz.pending_subs, parent); /* borrowed */
    if (children == NULL) {
        if (PyErr_Occurred()) {
            return -1;
        }
        PyObject *fresh = PyDict_New(); /* owned */
        int failed = fresh == NULL || PyDict_SetItem(lz.pending_subs, parent, fresh) < 0;
        Py_XDECREF(fresh);
        if (failed) {
            return -1;
        }
        children = fresh; /* the table holds it */
        PyObject *watched = lz_ask("watch", "(O)", parent);
        if (watched == NULL) {
            return -1;
        }
        Py_DECREF(watched);
    }
    return PyDict_SetItem(children, child, Py_None);
}

/* `a.b.c` counts as imported from now on. 1: done, 0: it must be imported at once, -1: error. */
static int
note_submodule(PyObject *name, PyObject *code, int offset)
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
                result = lz_plant(module, child, full, code, offset);
            }
            else {
                result = PyErr_Occurred() || remember_submodule(parent, child) < 0 ? -1 : 1;
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
    PyObject_GC_UnTrack(self);
    Py_CLEAR(p->space);
    Py_CLEAR(p->module);
    Py_CLEAR(p->facts);
    PyObject_GC_Del(self);
}

static int
pending_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Pending *)self)->space);
    return 0;
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

/* Bind `store` to a placeholder in the namespace; returns what the interpreter shall store. */
static PyObject *
bind(LzSpace *space, int kind, PyObject *module, PyObject *attr, PyObject *store, LzFacts *facts, LzStatement *s)
{
    PyObject *p = placeholder(space, kind, module, attr, store, facts->code, s->offset); /* owned, returned */
    if (p != NULL) {
        ((LzPlaceholder *)p)->flags = s->flags;
    }
    int armed = p ? lz_arm(space, store, p) : -1;
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
    int noted = full ? note_submodule(full, facts->code, s->offset) : -1;
    if (noted >= 0) {
        result = bind(space, LZ_KIND_SUBMODULE, full, attr, store, facts, s);
    }
    Py_XDECREF(full);
    return result;
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
        return bind(p->space, LZ_KIND_MODULE, p->module, Py_None, facts->binds[s->first].store, facts, s);
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
        return bind(p->space, LZ_KIND_FROM, p->module, attr, b->store, facts, s);
    }
    PyErr_Format(PyExc_AttributeError, "%U", attr);
    return NULL;
}

PyTypeObject LzImport_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "lazyimp_c.Import",
    .tp_basicsize = sizeof(Pending),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = pending_dealloc,
    .tp_traverse = pending_traverse,
    .tp_getattro = pending_getattro,
};

static PyObject *
start_import(LzSpace *space, PyObject *module, PyObject *facts, LzStatement *statement, int is_from)
{
    Pending *p = PyObject_GC_New(Pending, &LzImport_Type); /* owned, returned */
    if (p == NULL) {
        return NULL;
    }
    p->space = (LzSpace *)Py_NewRef((PyObject *)space);
    p->module = Py_NewRef(module);
    p->facts = Py_NewRef(facts);
    p->statement = statement;
    p->next = 0;
    p->is_from = is_from;
    PyObject_GC_Track((PyObject *)p);
    return (PyObject *)p;
}

/* ---- deciding -------------------------------------------------------------------------------------------------------------------------------------- */

static int
ask_policy(LzSpace *space, PyObject *target, PyObject *fromlist, int flags, int offset)
{
    PyObject *answer = lz_ask("decide", "(OOOOOii)", space->name, space->file, space->facts, target, fromlist, flags, offset); /* owned */
    int decision = answer ? (int)PyLong_AsLong(answer) : -1;
    Py_XDECREF(answer);
    return decision;
}

/* The policy's bits for imports of `target` by modules of this unit; -1: error. */
static int
rate(LzSpace *space, PyObject *target)
{
    Py_ssize_t dot = PyUnicode_FindChar(target, '.', 0, PyUnicode_GET_LENGTH(target), 1);
    PyObject *top = dot < 0 ? Py_NewRef(target) : PyUnicode_Substring(target, 0, dot); /* owned */
    PyObject *rated = top ? PyDict_GetItemWithError(space->table, top) : NULL; /* borrowed */
    int bits = rated ? (int)PyLong_AsLong(rated) : -1;
    if (top != NULL && rated == NULL && !PyErr_Occurred()) {
        PyObject *filled = lz_ask("fill", "(OOO)", space->name, space->file, top); /* owned */
        bits = filled ? (int)PyLong_AsLong(filled) : -1;
        if (filled != NULL && !(bits & LZ_BIT_NO_STORE) && PyDict_SetItem(space->table, top, filled) < 0) {
            bits = -1;
        }
        Py_XDECREF(filled);
    }
    Py_XDECREF(top);
    return bits;
}

static int
decide(LzSpace *space, PyObject *target, PyObject *fromlist, int bits, int flags, int offset)
{
    if (bits & LZ_BIT_ASK || flags & LZ_BEFORE_ENVIRON) {
        return ask_policy(space, target, fromlist, flags, offset);
    }
    if (flags & LZ_PROTECTED) {
        return (bits & LZ_BIT_PROXY) && fromlist == Py_None ? LZ_PROXY : LZ_EAGER;
    }
    if (flags & LZ_UNUSED) {
        return bits & LZ_BIT_UNUSED ? LZ_LAZY : LZ_EAGER;
    }
    return bits & LZ_BIT_LAZY ? LZ_LAZY : LZ_EAGER;
}

/* The absolute name of a statement's target; new reference, or NULL (without an error: let the import system say what is wrong). */
static PyObject *
absolute(LzSpace *space, PyObject *name, long level)
{
    if (level == 0) {
        return PyUnicode_CheckExact(name) ? Py_NewRef(name) : NULL;
    }
    if (!PyUnicode_CheckExact(space->package) || PyUnicode_GET_LENGTH(space->package) == 0) {
        return NULL;
    }
    Py_ssize_t end = PyUnicode_GET_LENGTH(space->package);
    for (; level > 1; level--) {
        end = PyUnicode_FindChar(space->package, '.', 0, end, -1);
        if (end < 0) {
            return NULL;
        }
    }
    PyObject *base = PyUnicode_Substring(space->package, 0, end); /* owned */
    if (base == NULL || PyUnicode_GET_LENGTH(name) == 0) {
        return base;
    }
    PyObject *result = PyUnicode_FromFormat("%U.%U", base, name);
    Py_DECREF(base);
    return result;
}

/* All names of a from-import are there: nothing to defer. */
static int
all_present(PyObject *target, PyObject *fromlist)
{
    PyObject *module = PyDict_GetItemWithError(lz.modules, target); /* borrowed */
    if (module == NULL || !PyTuple_CheckExact(fromlist)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(fromlist); i++) {
        if (lz_present(module, PyTuple_GET_ITEM(fromlist, i)) == NULL) {
            return 0;
        }
    }
    return 1;
}

static int
remember_paths(void)
{
    PyObject *now = PySys_GetObject("path"); /* borrowed */
    if (now == NULL || !PyList_CheckExact(now)) {
        return 0;
    }
    Py_ssize_t n = PyList_GET_SIZE(now);
    int same = lz.last_paths != NULL && PyTuple_GET_SIZE(lz.last_paths) == n;
    for (Py_ssize_t i = 0; same && i < n; i++) {
        same = PyList_GET_ITEM(now, i) == PyTuple_GET_ITEM(lz.last_paths, i);
    }
    if (!same) {
        PyObject *fresh = PyList_AsTuple(now);
        if (fresh == NULL) {
            return -1;
        }
        Py_XSETREF(lz.last_paths, fresh);
    }
    return 0;
}

static PyObject *
defer_plain(LzSpace *space, PyObject *target, LzFacts *facts, LzStatement *s)
{
    PyObject *store = facts->binds[s->first].store; /* borrowed */
    int dotted = PyUnicode_FindChar(target, '.', 0, PyUnicode_GET_LENGTH(target), 1) > 0;
    if (dotted) {
        int noted = note_submodule(target, facts->code, s->offset);
        if (noted != 1) {
            return NULL;
        }
    }
    if (s->chain > 0) {
        return start_import(space, target, (PyObject *)facts, s, 0);
    }
    if (!dotted) {
        return bind(space, LZ_KIND_MODULE, target, Py_None, store, facts, s);
    }
    PyObject *top = PyUnicode_Substring(target, 0, PyUnicode_FindChar(target, '.', 0, PyUnicode_GET_LENGTH(target), 1)); /* owned */
    if (top == NULL) {
        return NULL;
    }
    PyObject *module = PyDict_GetItemWithError(lz.modules, top); /* borrowed */
    PyObject *result = module && module != Py_None ? Py_NewRef(module)
                       : PyErr_Occurred()          ? NULL
                                                   : bind(space, LZ_KIND_TOP, target, Py_None, store, facts, s);
    Py_DECREF(top);
    return result;
}

/* A proxy for a plain import inside try or with; NULL without an error: import it. */
static PyObject *
defer_by_proxy(PyObject *target, LzStatement *s)
{
    PyObject *module = lz_ask("proxy", "(Oi)", target, s->chain); /* owned */
    if (module == Py_None) {
        Py_CLEAR(module);
    }
    return module;
}

/* The facts about the code that runs in this namespace, borrowed; NULL without an error: it is no module's body. */
static LzFacts *
facts_for(LzSpace *space, LzSite *site)
{
    if (space->facts != Py_None && ((LzFacts *)space->facts)->code == (PyObject *)site->code) {
        return (LzFacts *)space->facts;
    }
    if (!lz_runs_module(site)) {
        return NULL;
    }
    PyObject *facts = lz_analyse((PyObject *)site->code); /* owned, given to the space */
    if (facts != NULL) {
        PyObject *old = space->facts;
        space->facts = facts;
        Py_DECREF(old);
    }
    return (LzFacts *)facts;
}

static int
statement_flags(LzSpace *space, LzFacts *facts, LzStatement *s, LzSite *site)
{
    int flags = s->flags;
    if (lz_in_block(site->frame) > 0) {
        flags |= LZ_PROTECTED;
    }
    if ((flags & LZ_PROTECTED) && lz_in_scope(site)) {
        flags &= ~LZ_PROTECTED; /* `with lazyimp.lazy():` */
    }
    if (facts->flags & (LZ_READS_NAMESPACE | (space->flags & LZ_MODULE_OWN ? LZ_SYS_MODULES : LZ_SYS_MODULES_TOP))) {
        flags |= LZ_STAR; /* any flag that says eager */
    }
    return flags;
}

/* Returns what the statement gets, or NULL; without an error that means: import it. */
static PyObject *
defer(PyObject *name, PyObject *globals, PyObject *fromlist, PyObject *level_object)
{
    LzSite site;
    PyObject *target = NULL, *result = NULL; /* owned */
    long level = PyLong_AsLong(level_object);
    if ((level < 0 && PyErr_Occurred()) || !lz_site(&site)) {
        return NULL;
    }
    LzSpace *space = lz_space_of(globals); /* borrowed */
    if (space == NULL || space->table == Py_None || space->generation != lz.generation) {
        space = site.globals == globals ? lz_space_open(globals, &site) : NULL;
    }
    Py_XINCREF(space);
    LzFacts *facts = NULL; /* owned: the code is looked at only where the policy may say lazy */
    int bits = 0;
    if (space != NULL && !(space->flags & LZ_MODULE_EAGER) && (target = absolute(space, name, level)) != NULL
        && !(fromlist == Py_None ? lz_is_known(target) : all_present(target, fromlist))) {
        bits = rate(space, target);
    }
    if (bits > 0 && (bits & ~LZ_BIT_NO_STORE)) {
        facts = facts_for(space, &site);
        Py_XINCREF(facts);
    }
    LzStatement *s = facts ? lz_statement(facts, site.offset) : NULL;
    int flags = s ? statement_flags(space, facts, s, &site) : 0;
    if (s == NULL || s->count == 0 || flags & (LZ_STAR | LZ_FINALIZER | LZ_PATH_WINDOW)) {
        goto done;
    }
    int decision = decide(space, target, fromlist, bits, flags, s->offset);
    if (decision < 0 || decision == LZ_EAGER || remember_paths() < 0) {
        goto done;
    }
    if (decision == LZ_PROXY) {
        result = defer_by_proxy(target, s);
    }
    else if (fromlist == Py_None) {
        result = defer_plain(space, target, facts, s);
    }
    else {
        int noted = note_submodule(target, facts->code, s->offset);
        result = noted == 1 ? start_import(space, target, (PyObject *)facts, s, 1) : NULL;
    }
done:
    Py_XDECREF(target);
    Py_XDECREF(facts);
    Py_XDECREF(space);
    lz_site_clear(&site);
    return result;
}

/* A namespace package has no body whose end a hook could see. */
int
lz_note_loaded(PyObject *name)
{
    Py_ssize_t end = PyUnicode_GET_LENGTH(name), dot = 0;
    while (PyDict_GET_SIZE(lz.pending_subs) > 0 && dot >= 0) {
        dot = PyUnicode_FindChar(name, '.', dot ? dot + 1 : 0, end, 1);
        PyObject *prefix = dot < 0 ? Py_NewRef(name) : PyUnicode_Substring(name, 0, dot); /* owned */
        int waits = prefix ? PyDict_Contains(lz.pending_subs, prefix) : -1;
        if (waits == 1 && lz_is_known(prefix)) {
            PyObject *done = lz_ask("loaded_without_body", "(O)", prefix);
            waits = done ? 0 : -1;
            Py_XDECREF(done);
        }
        Py_XDECREF(prefix);
        if (waits < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *
lz_import(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    lz_bury();
    if (lz.active && kwnames == NULL && nargs == 5 && args[1] == args[2] && PyDict_CheckExact(args[1]) && !lz_paused()) {
        PyObject *result = defer(args[0], args[1], args[3], args[4]);
        if (result != NULL || PyErr_Occurred()) {
            return result;
        }
    }
    if (lz.active && lz_keep_first() < 0) {
        return NULL;
    }
    PyObject *module = PyObject_Vectorcall(lz.original, args, nargs, kwnames);
    if (module != NULL && nargs > 0 && PyUnicode_CheckExact(args[0]) && lz_note_loaded(args[0]) < 0) {
        Py_CLEAR(module);
    }
    if (module != NULL && nargs >= 4 && PyTuple_CheckExact(args[3]) && PyTuple_GET_SIZE(args[3]) == 1
        && PyTuple_GET_ITEM(args[3], 0) == lz_names.star && lz_settle_star(module) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
