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

/* The absolute name of a statement's target; new reference, or NULL (without an error: let the import system say what is wrong). */
static PyObject *
absolute(LzSpace *space, PyObject *name, long level)
{
    if (!PyUnicode_CheckExact(name)) {
        return NULL; /* it is called by hand */
    }
    if (level == 0) {
        return Py_NewRef(name);
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
        PyObject *name = PyTuple_GET_ITEM(fromlist, i); /* borrowed; by hand it can be anything */
        if (!PyUnicode_CheckExact(name) || lz_present(module, name) == NULL) {
            return 0;
        }
    }
    return 1;
}

int
lz_remember_paths(void)
{
    PyObject *now = lz_sys_list(lz_names.sys_path); /* borrowed */
    if (now == NULL) {
        return 0;
    }
    if (lz.last_paths == NULL || !lz_same_items(now, lz.last_paths)) {
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
        int noted = lz_note_submodule(target, space->name, facts->code, s->offset);
        if (noted != 1) {
            return NULL;
        }
    }
    if (s->chain > 0) {
        return lz_start_import(space, target, (PyObject *)facts, s, 0);
    }
    if (!dotted) {
        return lz_bind(space, LZ_KIND_MODULE, target, Py_None, store, facts, s);
    }
    PyObject *top = PyUnicode_Substring(target, 0, PyUnicode_FindChar(target, '.', 0, PyUnicode_GET_LENGTH(target), 1)); /* owned */
    if (top == NULL) {
        return NULL;
    }
    PyObject *module = PyDict_GetItemWithError(lz.modules, top); /* borrowed */
    PyObject *result = module && module != Py_None ? Py_NewRef(module)
                       : PyErr_Occurred()          ? NULL
                                                   : lz_bind(space, LZ_KIND_TOP, target, Py_None, store, facts, s);
    Py_DECREF(top);
    return result;
}

/* A proxy for a plain import inside try or with; NULL without an error: import it. */
static PyObject *
defer_by_proxy(LzSpace *space, PyObject *target, LzFacts *facts, LzStatement *s)
{
    PyCodeObject *code = (PyCodeObject *)facts->code; /* borrowed */
    PyObject *module = lz_ask("proxy", "(OiOOOi)", target, s->chain, space->name, facts->binds[s->first].store, code->co_filename,
                              lz_line_of(code, s->offset)); /* owned */
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
    if (facts->flags & (LZ_READS_NAMESPACE | LZ_LISTS_NAMES | (space->flags & LZ_MODULE_OWN ? LZ_SYS_MODULES : LZ_SYS_MODULES_TOP))) {
        flags |= LZ_STAR; /* any flag that says eager */
    }
    return flags;
}

/* `from package import name` in the package's own body, after its __getattr__ was defined, which may be what answers. */
static int
answers_itself(LzSpace *space, PyObject *target, PyObject *fromlist)
{
    return fromlist != Py_None && PyUnicode_Compare(target, space->name) == 0 && lz_raw(space, lz_names.dunder_getattr) != NULL;
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
        bits = lz_rate(space, target, fromlist);
    }
    if (bits > 0 && (bits & ~LZ_BIT_NO_STORE)) {
        facts = facts_for(space, &site);
        Py_XINCREF(facts);
    }
    LzStatement *s = facts ? lz_statement(facts, site.offset) : NULL;
    int flags = s ? statement_flags(space, facts, s, &site) : 0;
    if (s == NULL || s->count == 0 || flags & (LZ_STAR | LZ_FINALIZER | LZ_PATH_WINDOW) || answers_itself(space, target, fromlist)) {
        goto done;
    }
    int decision = lz_decide(space, target, fromlist, bits, flags, s->offset);
    if (decision < 0 || decision == LZ_EAGER || lz_remember_paths() < 0 || lz_remember_filters() < 0) {
        goto done;
    }
    if (decision == LZ_PROXY) {
        result = defer_by_proxy(space, target, facts, s);
    }
    else if (fromlist == Py_None) {
        result = defer_plain(space, target, facts, s);
    }
    else {
        int noted = lz_note_submodule(target, space->name, facts->code, s->offset);
        if (noted == 1 && space->flags & LZ_MODULE_OWN && lz_await_module(target) < 0) {
            noted = -1;
        }
        result = noted == 1 ? lz_start_import(space, target, (PyObject *)facts, s, 1) : NULL;
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

/* An absolute import whose module and names are there: nothing to defer, so nobody need look at who imports. */
static int
is_loaded(PyObject *name, PyObject *fromlist, PyObject *level)
{
    if (!PyUnicode_CheckExact(name) || !PyLong_CheckExact(level) || PyLong_AsLong(level) != 0 || !lz_is_known(name)) {
        return 0;
    }
    return fromlist == Py_None || (PyTuple_CheckExact(fromlist) && PyTuple_GET_SIZE(fromlist) > 0 && all_present(name, fromlist));
}

/* What the interpreter does for an import statement: its own __import__ is not called as a function. */
static PyObject *
pass_on(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    if (lz.original == lz.builtin_import && nargs == 5 && kwnames == NULL && PyLong_CheckExact(args[4])) {
        int level = (int)PyLong_AsLong(args[4]);
        if (level >= 0) {
            return PyImport_ImportModuleLevelObject(args[0], args[1], args[2], args[3], level);
        }
        PyErr_Clear();
    }
    return PyObject_Vectorcall(lz.original, args, nargs, kwnames);
}

/* A statement inside try has run: what its modules put off inside their own distribution has to fail here or not at all. It is not imported in its
 * place: the modules would meet each other in an order that is neither the author's nor ours. */
static int
settle_guarded(Py_ssize_t before, PyObject *module)
{
    LzSite site;
    int settled = 0;
    if (lz_site(&site)) {
        settled = lz_in_block(site.frame) > 0 || lz_handler_of(site.code, site.offset) >= 0;
        lz_site_clear(&site);
    }
    if (settled && module != NULL) {
        return lz_settle_guarded(before);
    }
    if (module != NULL) {
        return 0; /* the statement further up will */
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    int failed = settled && PyList_SetSlice(lz.guarded, before, PyList_GET_SIZE(lz.guarded), NULL) < 0;
    PyErr_Restore(type, error, trace);
    return failed ? -1 : 0;
}

PyObject *
lz_import(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    lz_bury();
    if (lz.active && kwnames == NULL && nargs == 5 && args[1] == args[2] && PyDict_CheckExact(args[1])
        && !is_loaded(args[0], args[3], args[4]) && !lz_paused()) {
        PyObject *result = defer(args[0], args[1], args[3], args[4]);
        if (result != NULL || PyErr_Occurred()) {
            return result;
        }
    }
    if (lz.active && lz_keep_first() < 0) {
        return NULL;
    }
    Py_ssize_t opened = lz.opened, guarded = PyList_GET_SIZE(lz.guarded);
    PyObject *module = pass_on(args, nargs, kwnames);
    if (PyList_GET_SIZE(lz.guarded) > guarded && settle_guarded(guarded, module) < 0) {
        Py_CLEAR(module);
    }
    if (lz.opened != opened && module != NULL && lz_prune() < 0) { /* modules whose body has ended are plain modules again */
        Py_CLEAR(module);
    }
    if (module != NULL && nargs > 0 && PyUnicode_CheckExact(args[0]) && lz_note_loaded(args[0]) < 0) {
        Py_CLEAR(module);
    }
    if (module != NULL && nargs >= 4 && PyTuple_CheckExact(args[3]) && PyTuple_GET_SIZE(args[3]) == 1
        && PyTuple_GET_ITEM(args[3], 0) == lz_names.star && lz_settle_star(module) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
