/* Spaces: what is known about a module's namespace while imports in it are pending, and the type its module wears meanwhile. */
#include "state.h"

LzSpace *
lz_space_of(PyObject *dict)
{
    if (dict == lz.last_dict && dict != NULL) {
        return lz.last_space->dict == dict ? lz.last_space : NULL; /* the collector may have cleared it */
    }
    if (lz.spaces == NULL || dict == NULL) {
        return NULL;
    }
    PyObject *address = PyLong_FromVoidPtr(dict); /* owned */
    PyObject *found = address ? PyDict_GetItemWithError(lz.spaces, address) : NULL; /* borrowed */
    Py_XDECREF(address);
    if (found == NULL) {
        PyErr_Clear();
        return NULL;
    }
    LzSpace *space = (LzSpace *)PyLong_AsVoidPtr(found); /* borrowed */
    if (space->dict != dict) {
        return NULL;
    }
    lz.last_dict = dict;
    lz.last_space = space;
    return space;
}

/* A Space that dies takes itself out of the table. */
void
lz_space_gone(LzSpace *space)
{
    if (lz.last_space == space) {
        lz.last_dict = NULL;
        lz.last_space = NULL;
    }
    if (lz.spaces == NULL || space->address == NULL) {
        return;
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *address = PyLong_FromVoidPtr(space->address), *found = NULL; /* owned; borrowed */
    if (address != NULL) {
        found = PyDict_GetItemWithError(lz.spaces, address);
    }
    else { /* out of memory: a row must not outlive its Space, and this needs none */
        PyObject *key;
        Py_ssize_t position = 0;
        while (address == NULL && PyDict_Next(lz.spaces, &position, &key, &found)) {
            if (PyLong_AsVoidPtr(found) == (void *)space) {
                address = Py_NewRef(key);
            }
        }
    }
    if (address != NULL && found != NULL && PyLong_AsVoidPtr(found) == (void *)space) {
        (void)PyDict_DelItem(lz.spaces, address);
    }
    if (address != NULL && space->awaits && lz.awaited != NULL) {
        lz_await_no_more(address);
    }
    Py_XDECREF(address);
    PyErr_Restore(type, error, trace);
}

static LzSpace *
register_space(PyObject *dict, PyObject *module, PyObject *name)
{
    Py_INCREF(module); /* making a Space may collect garbage, and so run any code */
    Py_INCREF(name);
    LzSpace *space = lz_space_new(dict, module, name); /* owned, returned */
    Py_DECREF(module);
    Py_DECREF(name);
    if (space == NULL) {
        return NULL;
    }
    PyObject *address = PyLong_FromVoidPtr(dict), *pointer = PyLong_FromVoidPtr(space); /* owned */
    int failed = address == NULL || pointer == NULL || PyDict_SetItem(lz.spaces, address, pointer) < 0;
    Py_XDECREF(address);
    Py_XDECREF(pointer);
    if (failed) {
        Py_CLEAR(space);
    }
    return space;
}

/* The module whose namespace `dict` is, borrowed; NULL without an error when there is none in sys.modules. */
static PyObject *
module_of(PyObject *dict, PyObject **name)
{
    lz.quiet++;
    *name = PyDict_GetItemWithError(dict, lz_names.name);
    lz.quiet--;
    if (*name == NULL || !PyUnicode_CheckExact(*name)) {
        return NULL;
    }
    PyObject *module = PyDict_GetItemWithError(lz.modules, *name);
    return module != NULL && PyModule_Check(module) && PyModule_GetDict(module) == dict ? module : NULL;
}

int
lz_is_running(LzSpace *space)
{
    if (!PyDict_CheckExact(space->dict)) {
        return 0;
    }
    lz.quiet++;
    PyObject *spec = PyDict_GetItemWithError(space->dict, lz_names.spec); /* borrowed */
    lz.quiet--;
    if (spec == NULL || spec == Py_None) {
        return space->running > 1; /* the main program has no end that could be seen */
    }
    Py_INCREF(spec);
    PyObject *flag = PyObject_GetAttr(spec, lz_names.initializing); /* owned */
    Py_DECREF(spec);
    int running = flag != NULL && PyObject_IsTrue(flag) > 0;
    Py_XDECREF(flag);
    PyErr_Clear();
    return running;
}

/* Forget the facts about modules whose body has ended; what has nothing pending goes away. What goes away may run any code, this function too. */
int
lz_prune(void)
{
    for (Py_ssize_t i = PyList_GET_SIZE(lz.open_spaces) - 1; i >= 0; i--) {
        if (i >= PyList_GET_SIZE(lz.open_spaces)) {
            continue;
        }
        LzSpace *space = (LzSpace *)Py_NewRef(PyList_GET_ITEM(lz.open_spaces, i)); /* owned */
        int failed = 0;
        if (!lz_is_running(space) && i < PyList_GET_SIZE(lz.open_spaces) && PyList_GET_ITEM(lz.open_spaces, i) == (PyObject *)space) {
            space->running = 0;
            failed = PyList_SetSlice(lz.open_spaces, i, i + 1, NULL);
            PyObject *facts = space->facts;
            space->facts = Py_NewRef(Py_None);
            Py_DECREF(facts);
            lz_undress(space);
        }
        Py_DECREF(space);
        if (failed) {
            return -1;
        }
    }
    return 0;
}

/* What a module's body imports has to fail where the module's own import is caught: its statement stands inside try, or that of who imports it. */
static int
is_guarded(LzSite *body)
{
    LzSite site;
    if (!lz_importing_site(body, &site)) {
        return 0;
    }
    int guarded = lz_in_block(site.frame) > 0 || lz_handler_of(site.code, site.offset) >= 0;
    if (guarded) {
        guarded = !lz_in_scope(&site);
    }
    else if (!(site.code->co_flags & (CO_OPTIMIZED | CO_NEWLOCALS))) {
        LzSpace *above = lz_space_of(site.globals); /* borrowed */
        guarded = above != NULL && above->guarded;
    }
    lz_site_clear(&site);
    return guarded;
}

LzSpace *
lz_space_open(PyObject *dict, LzSite *site)
{
    PyObject *name; /* borrowed */
    if (!lz_runs_module(site) || lz_prune() < 0) {
        return NULL;
    }
    PyObject *module = module_of(dict, &name); /* borrowed; only now, since what was forgotten may have run any code */
    if (module == NULL) {
        return NULL;
    }
    int is_main = PyUnicode_Compare(name, lz_names.main) == 0;
    LzSpace *space = lz_space_of(dict);
    if (space == NULL) {
        space = register_space(dict, module, name);
    }
    else {
        Py_INCREF(space);
    }
    if (space == NULL) {
        return NULL;
    }
    PyFrameObject *back = PyFrame_GetBack(site->frame); /* owned or NULL */
    space->running = back == NULL || is_main ? 2 : 1;
    Py_XDECREF(back);
    lz.quiet++;
    PyObject *file = PyDict_GetItemWithError(dict, lz_names.file), *package = PyDict_GetItemWithError(dict, lz_names.package);
    int is_package = PyDict_Contains(dict, lz_names.path);
    lz.quiet--;
    Py_SETREF(space->file, Py_NewRef(file ? file : Py_None));
    /* (verdict table, module flags, package); fills in the package a relative import starts from */
    package = Py_NewRef(package ? package : Py_None); /* owned for the call */
    PyObject *opened = lz_ask("open_module", "(OOOi)", space->name, space->file, package, is_package); /* owned */
    Py_DECREF(package);
    if (opened == NULL || !PyArg_ParseTuple(opened, "OiO", &file, &space->flags, &package)) {
        Py_XDECREF(opened);
        Py_DECREF(space);
        return NULL;
    }
    space->generation = lz.generation;
    space->guarded = !(space->flags & LZ_MODULE_UNGUARDED) && is_guarded(site);
    if (space->guarded && PyList_Append(lz.guarded, (PyObject *)space) < 0) {
        space->guarded = 0;
        PyErr_Clear();
    }
    Py_SETREF(space->table, Py_NewRef(file));
    Py_SETREF(space->package, Py_NewRef(package));
    Py_DECREF(opened);
    lz.opened++;
    if (space->running == 1) {
        lz_dress(space); /* names that statements ahead will bind can be asked for already */
    }
    int failed = PySequence_Contains(lz.open_spaces, (PyObject *)space) == 0 && PyList_Append(lz.open_spaces, (PyObject *)space) < 0;
    Py_DECREF(space); /* the list holds it */
    return failed ? NULL : space;
}

LzSpace *
lz_space_for_module(PyObject *module)
{
    if (!PyModule_Check(module)) {
        return NULL;
    }
    PyObject *dict = PyModule_GetDict(module), *name; /* borrowed */
    LzSpace *space = lz_space_of(dict);
    if (space != NULL) {
        return (LzSpace *)Py_NewRef((PyObject *)space);
    }
    if (!PyDict_CheckExact(dict) || module_of(dict, &name) != module) {
        return NULL;
    }
    return register_space(dict, module, name);
}
