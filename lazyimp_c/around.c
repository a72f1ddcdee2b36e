/* Around: our function in the place of the import system's `_find_and_load`, which runs only for what is not loaded yet. The collector, core
 * native and the recorder have their say before and after it. A function in C has no frame: tracebacks and who walks frames see what they always saw. */
#include "native.h"
#include "record.h"
#include "state.h"

static struct {
    PyObject *bootstrap;   /* owned: the import system */
    PyObject *original;    /* owned: its _find_and_load before us */
    PyObject *replacement; /* owned: ours */
    int jobs;              /* LZ_COLLECT_RARELY, LZ_RECORD, LZ_NATIVE_JOB */
} around;

/* What core native does when an import has ended; takes the reference to the module, NULL where it failed, and gives one. */
static PyObject *
native_end(PyObject *name, PyObject *module, LzNativeLoad *load)
{
    if (module == NULL) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        PyErr_NormalizeException(&type, &error, &trace);
        lz_native_failed(name, error, load);
        PyErr_Restore(type, error, trace);
    }
    else if (lz_native_loaded(name, module, load) < 0) {
        Py_CLEAR(module);
    }
    return module;
}

static PyObject *
find_and_load(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    int jobs = around.jobs, native = jobs & LZ_NATIVE_JOB && nargs > 0 && PyUnicode_CheckExact(args[0]);
    LzNativeLoad state;
    if (native) {
        PyObject *instead = lz_native_begin(args[0], &state); /* owned, returned */
        if (instead != Py_None) {
            return instead;
        }
    }
    if (jobs & LZ_COLLECT_RARELY) {
        lz_rare_begin();
    }
    LzLoad *load = jobs & LZ_RECORD && nargs > 0 ? lz_load_begin(args[0]) : NULL;
    int plain = lz_lacking_during();
    PyObject *module = PyObject_Vectorcall(around.original, args, (size_t)nargs, kwnames);
    lz_lacking_after(plain);
    if (load != NULL) {
        lz_load_end(load, module);
    }
    if (jobs & LZ_COLLECT_RARELY) {
        lz_rare_end();
    }
    return native ? native_end(args[0], module, &state) : module;
}

static PyMethodDef method = {"_find_and_load", (PyCFunction)(void (*)(void))find_and_load, METH_FASTCALL | METH_KEYWORDS, NULL};

static int
prepare(void)
{
    if (around.bootstrap == NULL) {
        PyObject *bootstrap = PyImport_ImportModuleLevel("_frozen_importlib", NULL, NULL, NULL, 0); /* owned, kept */
        PyObject *function = bootstrap ? PyCFunction_New(&method, NULL) : NULL;                    /* owned, kept */
        if (function == NULL) {
            Py_XDECREF(bootstrap);
            return -1;
        }
        around.bootstrap = bootstrap;
        around.replacement = function;
    }
    return 0;
}

/* Begin (1) or end (0) a job. Somebody who wrapped our function keeps working. */
int
lz_around(int job, int on)
{
    around.jobs = on ? around.jobs | job : around.jobs & ~job;
    if (around.bootstrap == NULL && (!on || prepare() < 0)) {
        around.jobs &= ~job;
        return on ? -1 : 0;
    }
    PyObject *now = PyObject_GetAttrString(around.bootstrap, "_find_and_load"); /* owned */
    int result = now ? 0 : -1;
    if (now != NULL && around.jobs && (around.original == NULL || now == around.original)) { /* behind a wrapper of ours it would call itself */
        Py_XSETREF(around.original, Py_NewRef(now));
        result = PyObject_SetAttrString(around.bootstrap, "_find_and_load", around.replacement);
    }
    else if (now != NULL && !around.jobs && now == around.replacement) {
        result = PyObject_SetAttrString(around.bootstrap, "_find_and_load", around.original);
    }
    Py_XDECREF(now);
    return result;
}
