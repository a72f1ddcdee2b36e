/* Recorder: one line for each import that the import system carries out: who asked for it, what it took, how it ended. */
#include "record.h"
#include "state.h"

enum { HOW_LOADED = 0, HOW_FAILED = 1, HOW_THERE = 2 };
enum { BY_STATEMENT = 0, BY_FIRST_USE = 1, BY_CALL = 2 };

struct LzLoad {
    LzLoad *next, **link;      /* all imports in progress */
    PyObject *name, *file, *function; /* owned; file: the importer's, or NULL; function: its name, NULL for a module's own code */
    LzUse first;               /* the first use that it is, if it is one of those that nothing else tells of */
    LzUsage start;
    int64_t resident;
    int epoch, id, line, use, thread, in_site;
    LzThread outer;            /* what the thread's state was */
    int there;                 /* it was loaded, or began to be, before; or another import loaded it meanwhile */
    int is_hidden;             /* lazyimp's own: nothing is recorded meanwhile */
    int of_main;               /* a statement at the top level of the main program */
};

static LzLoad *in_progress;

/* ---- what an import is ---------------------------------------------------------------------------------------------------------------------- */

static int
is_ours(PyObject *name)
{
    Py_ssize_t size;
    const char *text = lz_ascii(name, &size);
    return text != NULL && strncmp(text, "lazyimp", 7) == 0 && (text[7] == '\0' || text[7] == '.' || strcmp(text, "lazyimp_c") == 0);
}

static int
same_name(const LzLoad *a, const LzLoad *b)
{
    return !a->is_hidden && !b->is_hidden && a->epoch == b->epoch && (a->name == b->name || PyUnicode_Compare(a->name, b->name) == 0);
}

/* Another thread began to import the same module first, and is not done: this one waited for it, or got what there was. */
static int
is_elsewhere(const LzLoad *load)
{
    for (LzLoad *other = in_progress; other != NULL; other = other->next) {
        if (other->thread != load->thread && other->id < load->id && !other->there && same_name(other, load)) {
            return 1;
        }
    }
    return 0;
}

/* It is loaded: other imports of it that are in progress find it, those further up in this thread too. */
static void
tell_others(const LzLoad *loaded)
{
    for (LzLoad *other = in_progress; other != NULL; other = other->next) {
        if (other != loaded && same_name(other, loaded)) {
            other->there = 1;
        }
    }
}

/* Why it is imported. What the import system imports on the way, a package before its submodule, is asked for like the import it is part of. */
static int
use_of(LzThread *thread, LzAsker *asker, int settles)
{
    if (thread->using || settles) {
        return BY_FIRST_USE;
    }
    if (asker->frame != NULL && thread->import != 0 && asker->frame == thread->frame && asker->offset == thread->offset) {
        return thread->use;
    }
    return asker->op && !asker->called ? BY_STATEMENT : BY_CALL;
}

/* The module that stands at the top of the program asks, not a function in it. */
static int
is_main(LzAsker *asker)
{
    PyObject *main = asker->globals ? PyDict_GetItemWithError(lz.modules, lz_names.main) : NULL; /* borrowed */
    PyErr_Clear();
    return main != NULL && PyModule_Check(main) && PyModule_GetDict(main) == asker->globals;
}

static int
is_module_level(LzAsker *asker)
{
    return asker->function != NULL && (PyUnicode_CompareWithASCIIString(asker->function, "<module>") == 0
                                        || PyUnicode_CompareWithASCIIString(asker->function, "<module> <running>") == 0);
}

static LzLoad *
new_load(PyObject *given, LzThread *thread)
{
    PyObject *name = PyUnicode_FromObject(given); /* owned, given to it: a subclass may run code when it is looked up */
    LzLoad *load = name ? PyMem_Calloc(1, sizeof *load) : NULL;
    if (load == NULL) {
        Py_XDECREF(name);
    }
    else {
        load->name = name;
        load->epoch = thread->epoch;
        load->next = in_progress;
        load->link = &in_progress;
        if (in_progress != NULL) {
            in_progress->link = &load->next;
        }
        in_progress = load;
    }
    return load;
}

static LzLoad *
begin_hidden(PyObject *name, LzThread *thread)
{
    LzLoad *load = new_load(name, thread);
    if (load != NULL) {
        load->is_hidden = 1;
        thread->hidden++;
    }
    return load;
}

/* Who asked for it, and why. */
static void
describe(LzLoad *load, LzAsker *asker, LzTime asked)
{
    load->file = Py_XNewRef(asker->file);
    load->function = is_module_level(asker) ? NULL : Py_XNewRef(asker->function);
    load->line = asker->line;
    int settles = lz_settled_by(load->name, asker);
    if (settles) {
        load->first = (LzUse){settles, load->epoch, asker->line, 0, asked, Py_XNewRef(asker->file), Py_XNewRef(asker->function)};
    }
    load->use = use_of(lz_thread(), asker, settles);
    load->in_site = lz_ends_site(load->name, asker);
    load->of_main = is_main(asker);
    if (load->of_main) {
        lz_saw_main(asked);
        load->of_main = is_module_level(asker);
    }
    load->there = PyDict_Contains(lz.modules, load->name) == 1;
}

/* From here on it is the innermost import of its thread. */
static void
enter(LzLoad *load, LzThread *thread, LzAsker *asker)
{
    load->thread = thread->number;
    load->id = ++lz_recorder.n_imports;
    load->outer = *thread;
    thread->import = load->id;
    thread->use = load->use;
    thread->frame = asker->frame;
    thread->offset = asker->offset;
    thread->using = 0;
    thread->depth++;
    thread->children = 0;
}

/* importlib.import_module() asks for what is loaded, too, and may do so in a hot loop. */
static int
is_complete(PyObject *name)
{
    PyObject *module = PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(lz.modules, name) : NULL; /* borrowed */
    if (module == NULL || module == Py_None) {
        PyErr_Clear();
        return 0;
    }
    if (!PyModule_Check(module)) {
        return 1;
    }
    lz.quiet++; /* a pending name of the module's must not load */
    PyObject *spec = Py_XNewRef(PyDict_GetItemWithError(PyModule_GetDict(module), lz_names.spec)); /* owned */
    lz.quiet--;
    PyObject *flag = spec ? PyObject_GetAttr(spec, lz_names.initializing) : NULL; /* owned */
    int running = flag != NULL && PyObject_IsTrue(flag) > 0;
    Py_XDECREF(flag);
    Py_XDECREF(spec);
    PyErr_Clear();
    return !running;
}

LzLoad *
lz_load_begin(PyObject *name)
{
    if (!PyUnicode_Check(name) || !lz_recording || is_complete(name) || !lz_wakes()) {
        return NULL;
    }
    LzTime asked = lz_now();
    LzThread *thread = lz_thread();
    if (is_ours(name)) {
        return begin_hidden(name, thread);
    }
    LzAsker asker;
    lz_asker(&asker);
    LzLoad *load = asker.ours ? begin_hidden(name, thread) : new_load(name, thread);
    if (load != NULL && !load->is_hidden) {
        describe(load, &asker, asked);
        enter(load, thread, &asker);
    }
    lz_asker_clear(&asker);
    PyErr_Clear();
    if (load != NULL && !load->is_hidden) {
        lz_thread_faults(&load->start);
        load->resident = lz_resident_at(&load->start);
        lz_thread_clocks(&load->start); /* what was ours until here is not the import's */
    }
    return load;
}

/* ---- how it ended --------------------------------------------------------------------------------------------------------------------------------- */

/* spec.origin of a module, without asking a proxy or a module's own functions; new reference or NULL. */
static PyObject *
origin_of(PyObject *module)
{
    if (module == NULL || !PyModule_Check(module)) {
        return NULL;
    }
    lz.quiet++; /* a pending name of the module's must not load */
    PyObject *spec = Py_XNewRef(PyDict_GetItemWithError(PyModule_GetDict(module), lz_names.spec)); /* owned */
    lz.quiet--;
    PyObject *origin = NULL; /* owned, returned */
    if (spec != NULL && Py_TYPE(spec)->tp_getattro == PyObject_GenericGetAttr && PyObject_TypeCheck(spec, (PyTypeObject *)lz_recorder.spec_type)) {
        origin = PyObject_GetAttrString(spec, "origin");
    }
    Py_XDECREF(spec);
    if (origin == NULL || !PyUnicode_Check(origin)) {
        PyErr_Clear();
        Py_CLEAR(origin);
    }
    return origin;
}

/* A proxy that has not been executed: handed out, nothing was loaded. */
static int
is_proxy(PyObject *module)
{
    if (Py_TYPE(module) == &LzProxy_Type) {
        return 1;
    }
    PyObject *kinds = lz_recorder.proxies; /* borrowed: list of types */
    for (Py_ssize_t i = 0; kinds != NULL && i < PyList_GET_SIZE(kinds); i++) {
        if ((PyObject *)Py_TYPE(module) == PyList_GET_ITEM(kinds, i)) {
            return 1;
        }
    }
    return 0;
}

static int
how_it_ended(LzLoad *load, PyObject *module)
{
    if (module == NULL) {
        return HOW_FAILED;
    }
    return load->there || is_elsewhere(load) || is_proxy(module) ? HOW_THERE : HOW_LOADED;
}

static void
write_import(LzLoad *load, const LzUsage *now, int64_t resident, PyObject *origin, int how, PyObject *error)
{
    int name = lz_text(load->name), file = lz_text(load->file), from = lz_text(origin), failure = lz_text(error);
    int function = lz_text(load->function);
    lz_line("i");
    lz_number(load->id);
    lz_number(load->outer.import);
    lz_number(lz_thread()->number);
    lz_number(name);
    lz_number(file);
    lz_number(load->line);
    lz_number(load->start.wall - lz_recorder.base);
    lz_number(now->wall - load->start.wall);
    lz_number(now->cpu - load->start.cpu);
    lz_number(now->minor - load->start.minor);
    lz_number(now->major - load->start.major);
    lz_number(now->read - load->start.read);
    lz_number(resident - load->resident);
    lz_number(from);
    lz_number(how);
    lz_number(failure);
    lz_number(load->use);
    lz_number(function);
    lz_line_end(now->wall);
}

static void
add_up(LzLoad *load, const LzUsage *now, int how)
{
    LzTotals *totals = &lz_recorder.totals;
    totals->imports++;
    totals->failed += how == HOW_FAILED;
    if (how == HOW_LOADED) {
        totals->loaded++;
        if (PySet_Add(lz_recorder.loaded, load->name) < 0) {
            PyErr_Clear();
        }
    }
    if (load->outer.import == 0 && lz_thread()->number == 0) {
        LzTime wall = now->wall - load->start.wall, cpu = now->cpu - load->start.cpu;
        totals->outermost_wall += wall;
        totals->outermost_cpu += cpu;
        totals->outermost_minor += now->minor - load->start.minor;
        totals->outermost_major += now->major - load->start.major;
        if (lz_recorder.main_seen && !load->of_main && load->use != BY_FIRST_USE) {
            totals->hidden++;
            totals->hidden_wall += wall;
            totals->hidden_cpu += cpu;
        }
    }
}

/* A proxy's import that was handed out tells nothing: its deferral's line does. */
static void
finish(LzLoad *load, PyObject *module, PyObject *error_type, const LzUsage *now)
{
    LzThread *thread = lz_thread();
    int how = how_it_ended(load, module), inside = thread->children;
    *thread = load->outer;
    if (how == HOW_THERE && inside == 0 && is_proxy(module)) {
        return;
    }
    thread->children++;
    PyObject *origin = origin_of(module), *error = lz_type_name(error_type); /* owned */
    write_import(load, now, lz_resident_at(now), origin, how, error);
    if (load->first.deferral) {
        lz_write_use(&load->first, now->wall, error);
    }
    add_up(load, now, how);
    if (load->in_site) {
        lz_counters(&lz_recorder.site);
    }
    if (how == HOW_LOADED) {
        tell_others(load);
    }
    Py_XDECREF(origin);
    Py_XDECREF(error);
}

void
lz_load_end(LzLoad *load, PyObject *module)
{
    LzUsage now = {0};
    if (!load->is_hidden) {
        lz_thread_usage(&now);
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    if (load->epoch == lz_recorder.epoch) {
        *load->link = load->next;
        if (load->next != NULL) {
            load->next->link = load->link;
        }
        if (load->is_hidden) {
            lz_thread()->hidden -= lz_thread()->hidden > 0; /* who switches stacks may have put back an older state */
        }
        else {
            finish(load, module, type, &now);
        }
    }
    Py_XDECREF(load->name);
    Py_XDECREF(load->file);
    Py_XDECREF(load->function);
    Py_XDECREF(load->first.file);
    Py_XDECREF(load->first.function);
    PyMem_Free(load);
    PyErr_Clear();
    PyErr_Restore(type, error, trace);
}

void
lz_forget_loads(void)
{
    in_progress = NULL;
}
