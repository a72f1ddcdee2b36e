/* Opened: a line for each file that Python code opens, seen by an audit hook. The interpreter keeps a hook for good, and makes the arguments of every
 * event for it; so there is one only where somebody asked for these lines. */
#include "record.h"
#include "state.h"

#include <fcntl.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif

static struct {
    int on;
    int placed;                     /* the hook is there */
    PyInterpreterState *interpreter; /* the one that is recorded */
    PyObject *seen;                 /* owned: set of absolute paths */
} files;

/* What the import system opens for a module: its code, or the compiled code that it writes. */
static int
is_code(const char *path, Py_ssize_t size)
{
    static const char *const endings[] = {".py", ".pyc", ".pyw", ".so", ".pyd", NULL};
    for (const char *const *ending = endings; *ending; ending++) {
        Py_ssize_t n = (Py_ssize_t)strlen(*ending);
        if (size > n && strcmp(path + size - n, *ending) == 0) {
            return 1;
        }
    }
    return strstr(path, ".pyc.") != NULL; /* under its temporary name */
}

/* The code that opens a file: somebody's, the import system's, or lazyimp's and so nobody's. */
enum { SOMEBODYS, IMPORTLIBS, NOBODYS };

static int
opener(void)
{
    LzSite site;
    if (!lz_site(&site)) {
        return NOBODYS; /* no Python code */
    }
    Py_ssize_t size;
    const char *file = lz_ascii(site.code->co_filename, &size);
    int result = SOMEBODYS;
    if (lz_is_ours(site.code->co_filename)) {
        result = NOBODYS;
    }
    else if (file != NULL && (strncmp(file, "<frozen importlib", 17) == 0 || strncmp(file, "<frozen zipimport", 17) == 0)) {
        result = IMPORTLIBS;
    }
    lz_site_clear(&site);
    return result;
}

/* The path as text, absolute; new reference, or NULL without an error. */
static PyObject *
absolute(PyObject *path)
{
    PyObject *text = PyBytes_Check(path) ? PyUnicode_DecodeFSDefault(PyBytes_AS_STRING(path)) : PyUnicode_Check(path) ? PyUnicode_FromObject(path) : NULL;
#if !defined(_WIN32)
    char folder[4096];
    if (text != NULL && PyUnicode_GET_LENGTH(text) > 0 && PyUnicode_READ_CHAR(text, 0) != '/' && getcwd(folder, sizeof folder) != NULL) {
        PyObject *base = PyUnicode_DecodeFSDefault(folder); /* owned */
        PyObject *joined = base ? PyUnicode_FromFormat("%U/%U", base, text) : NULL; /* owned */
        Py_XDECREF(base);
        Py_SETREF(text, joined);
    }
#endif
    if (text == NULL) {
        PyErr_Clear();
    }
    return text;
}

static void
write_opened(PyObject *path, int writes)
{
    LzTime now = lz_now();
    int text = lz_text(path);
    lz_line("o");
    lz_number(text);
    lz_number(now - lz_recorder.base);
    lz_number(lz_thread()->import);
    lz_number(writes);
    lz_line_end(now);
    lz_recorder.totals.opened++;
}

static void
note_opened(PyObject *args)
{
    PyObject *given, *mode; /* borrowed */
    int flags;
    if (!PyArg_ParseTuple(args, "OOi", &given, &mode, &flags)) {
        return;
    }
    int who = opener();
    PyObject *path = who == NOBODYS ? NULL : absolute(given); /* owned */
    Py_ssize_t size;
    const char *name = path ? lz_ascii(path, &size) : NULL;
    if (path != NULL && !(who == IMPORTLIBS && name != NULL && is_code(name, size)) && PySet_Contains(files.seen, path) == 0
        && PySet_Add(files.seen, path) == 0) {
        Py_ssize_t n;
        const char *word = PyUnicode_Check(mode) ? lz_ascii(mode, &n) : NULL;
        write_opened(path, flags & (O_WRONLY | O_RDWR) || (word != NULL && strpbrk(word, "wax+") != NULL));
    }
    Py_XDECREF(path);
}

static int
hook(const char *event, PyObject *args, void *Py_UNUSED(data))
{
    if (!files.on || (event[0] != 'o') || PyInterpreterState_Get() != files.interpreter) {
        return 0;
    }
    int opens = strcmp(event, "open") == 0, leaves = strcmp(event, "os.exec") == 0;
    if ((!opens && !leaves) || !lz_recording || !lz_wakes()) {
        return 0;
    }
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    if (opens) {
        note_opened(args);
    }
    else {
        lz_flush();
    }
    PyErr_Clear();
    PyErr_Restore(type, error, trace);
    return 0;
}

int
lz_watch_files(int on)
{
    files.on = 0;
    Py_CLEAR(files.seen);
    if (!on) {
        return 0;
    }
    files.interpreter = PyInterpreterState_Get();
    files.seen = PySet_New(NULL);
    if (files.seen == NULL) {
        return -1;
    }
    if (!files.placed && PySys_AddAuditHook(hook, NULL) < 0) {
        return -1;
    }
    files.placed = files.on = 1;
    return 0;
}

void
lz_forget_files(void)
{
    if (files.seen != NULL && PySet_Clear(files.seen) < 0) {
        PyErr_Clear();
    }
}
