/* Recording: the recorder's state, in the process and in each thread; how it starts, goes on in a forked child, and stops; marks. */
#include "record.h"
#include "state.h"

int lz_recording;
LzRecorder lz_recorder;

static LZ_THREAD_LOCAL LzThread thread_state;

LzThread *
lz_thread(void)
{
    if (thread_state.epoch != lz_recorder.epoch) {
        memset(&thread_state, 0, sizeof thread_state);
        thread_state.epoch = lz_recorder.epoch;
        thread_state.number = lz_is_main_thread() ? 0 : ++lz_recorder.n_threads;
    }
    return &thread_state;
}

int
lz_wakes(void)
{
    LzThread *thread = lz_thread();
    if (thread->hidden > 0) {
        return 0;
    }
    if (lz_recording == LZ_RECORD_FORKED) {
        PyObject *type, *error, *trace;
        PyErr_Fetch(&type, &error, &trace);
        lz_recording = LZ_RECORDING;
        thread->hidden++;
        PyObject *done = lz_recorder.reopen ? PyObject_CallNoArgs(lz_recorder.reopen) : NULL; /* owned */
        thread->hidden--;
        if (done == NULL) {
            PyErr_Clear();
            (void)lz_record_stop();
        }
        Py_XDECREF(done);
        PyErr_Restore(type, error, trace);
    }
    return lz_recording == LZ_RECORDING;
}

/* ---- small things that its parts share ------------------------------------------------------------------------------------------------------ */

const char *
lz_ascii(PyObject *text, Py_ssize_t *size)
{
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, size);
    if (utf8 == NULL) {
        PyErr_Clear();
    }
    return utf8;
}

PyObject *
lz_type_name(PyObject *type)
{
    if (type == NULL || !PyType_Check(type)) {
        return NULL;
    }
    PyObject *pending, *error, *trace;
    PyErr_Fetch(&pending, &error, &trace);
    const char *name = ((PyTypeObject *)type)->tp_name, *dot = strrchr(name, '.');
    PyObject *text = PyUnicode_FromString(dot ? dot + 1 : name);
    if (text == NULL) {
        PyErr_Clear();
    }
    PyErr_Restore(pending, error, trace);
    return text;
}

/* ---- marks ------------------------------------------------------------------------------------------------------------------------------------ */

void
lz_counters(LzCounters *counters)
{
    lz_process_usage(counters);
    counters->modules = PyDict_GET_SIZE(lz.modules);
}

void
lz_write_mark(PyObject *name, LzTime at, const LzCounters *counters)
{
    int text = lz_text(name);
    lz_line("m");
    lz_number(text);
    lz_number(at - lz_recorder.base);
    lz_number(counters->cpu);
    lz_number(counters->minor);
    lz_number(counters->major);
    lz_number(counters->read);
    lz_number(counters->rss);
    lz_number(counters->modules);
    lz_line_end(counters->at);
}

static void
mark(const char *name, LzTime at, const LzCounters *counters)
{
    PyObject *text = PyUnicode_FromString(name); /* owned */
    lz_write_mark(text, at, counters);
    Py_XDECREF(text);
    PyErr_Clear();
}

void
lz_saw_main(LzTime now)
{
    if (lz_recorder.main_seen || lz_recorder.forked) {
        return;
    }
    lz_recorder.main_seen = 1;
    if (lz_recorder.site.at) {
        mark("site", lz_recorder.site.at, &lz_recorder.site);
    }
    LzCounters counters;
    lz_counters(&counters);
    mark("main", now, &counters);
}

/* ---- start, fork, stop -------------------------------------------------------------------------------------------------------------------------- */

int
lz_record_start(PyObject *reopen, PyObject *folder, PyObject *proxies)
{
    if (lz_recording) {
        PyErr_SetString(PyExc_RuntimeError, "this process is being recorded already");
        return -1;
    }
    int epoch = lz_recorder.epoch;
    memset(&lz_recorder, 0, sizeof lz_recorder);
    lz_recorder.epoch = epoch + 1;
    PyObject *bootstrap = PyImport_ImportModuleLevel("_frozen_importlib", NULL, NULL, NULL, 0); /* owned */
    lz_recorder.spec_type = bootstrap ? PyObject_GetAttrString(bootstrap, "ModuleSpec") : NULL;
    Py_XDECREF(bootstrap);
    lz_recorder.loaded = PySet_New(NULL);
    if (lz_recorder.loaded == NULL || lz_recorder.spec_type == NULL) {
        Py_CLEAR(lz_recorder.loaded);
        Py_CLEAR(lz_recorder.spec_type);
        return -1;
    }
    lz_recorder.reopen = Py_NewRef(reopen);
    lz_recorder.proxies = Py_NewRef(proxies);
    lz_set_folder(folder);
    lz_recording = LZ_RECORDING;
    return lz_around(LZ_RECORD, 1);
}

void
lz_record_forked(void)
{
    if (!lz_recording) {
        return;
    }
    lz_recorder.epoch++;
    lz_recorder.n_imports = lz_recorder.n_threads = 0;
    memset(&lz_recorder.totals, 0, sizeof lz_recorder.totals);
    lz_forget_loads();
    lz_forget_deferrals(1);
    lz_journal_close();
    lz_forget_files();
    lz_recording = LZ_RECORD_FORKED;
    if (PySet_Clear(lz_recorder.loaded) < 0) {
        PyErr_Clear();
    }
}

int
lz_record_stop(void)
{
    lz_recording = LZ_NOT_RECORDING;
    lz_recorder.epoch++;
    int result = lz_around(LZ_RECORD, 0);
    lz_forget_loads();
    lz_forget_deferrals(0);
    lz_journal_close();
    lz_forget_lines();
    (void)lz_watch_files(0);
    Py_CLEAR(lz_recorder.reopen);
    Py_CLEAR(lz_recorder.loaded);
    Py_CLEAR(lz_recorder.spec_type);
    Py_CLEAR(lz_recorder.proxies);
    return result;
}

/* `site` looks for these two when it has run the start-up files. */
int
lz_ends_site(PyObject *name, LzAsker *asker)
{
    return !lz_recorder.main_seen && asker->function != NULL
           && (PyUnicode_CompareWithASCIIString(name, "sitecustomize") == 0 || PyUnicode_CompareWithASCIIString(name, "usercustomize") == 0)
           && (PyUnicode_CompareWithASCIIString(asker->function, "execsitecustomize") == 0
               || PyUnicode_CompareWithASCIIString(asker->function, "execusercustomize") == 0);
}
