/* Frames: which Python instruction is running, and what kind of code it belongs to. */
#include "reader.h"

/* In bytes; -1 before the first instruction. */
static int
offset_of(PyFrameObject *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyFrame_GetLasti(frame);
#else
    return frame->f_lasti < 0 ? -1 : frame->f_lasti * 2;
#endif
}

/* New reference. */
static PyObject *
globals_of(PyFrameObject *frame)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyFrame_GetGlobals(frame);
#else
    return Py_NewRef(frame->f_globals);
#endif
}

int
lz_site(LzSite *site)
{
    PyFrameObject *frame = PyEval_GetFrame(); /* borrowed */
    if (frame == NULL) {
        return 0;
    }
    site->frame = frame;
    site->code = PyFrame_GetCode(frame);
    site->globals = globals_of(frame);
    site->offset = offset_of(frame);
    return 1;
}

void
lz_site_clear(LzSite *site)
{
    Py_CLEAR(site->code);
    Py_CLEAR(site->globals);
}

/* Depth of the block stack: 3.10 keeps try and with there, later versions in the code's exception table. */
int
lz_in_block(PyFrameObject *frame)
{
#if LZ_HAS_EXCEPTION_TABLE
    (void)frame;
    return 0;
#else
    return frame->f_iblock;
#endif
}

/* The opcode that runs at `site`, or -1. Specialised forms are undone by lz_clean_code(), and so are a debugger's. Out of memory here must not hide in a
 * lookup: the caller then takes it for some other instruction, which reports its own failure. */
static int
running_op(LzSite *site)
{
    PyObject *bytes = lz_clean_code(site->code); /* owned */
    int op = -1;
    if (bytes == NULL) {
        PyErr_Clear();
    }
    else if (site->offset >= 0 && site->offset < PyBytes_GET_SIZE(bytes)) {
        op = (unsigned char)PyBytes_AS_STRING(bytes)[site->offset];
    }
    Py_XDECREF(bytes);
    return op;
}

/* A comparison inside a store or a delete must not import: the name is about to get another value, or none. */
int
lz_is_store(PyObject *dict)
{
    LzSite site;
    if (!lz_site(&site)) {
        return 0;
    }
    int result = 0;
    switch (running_op(&site)) {
    case STORE_NAME:
    case STORE_GLOBAL:
    case DELETE_NAME:
    case DELETE_GLOBAL:
        result = site.globals == dict;
        break;
    case STORE_SUBSCR:
    case DELETE_SUBSCR:
    case STORE_ATTR:
    case DELETE_ATTR:
        result = 1;
        break;
    default:
        break;
    }
    lz_site_clear(&site);
    return result;
}

static int
starts_with(PyObject *text, const char *prefix)
{
    const char *utf8 = PyUnicode_AsUTF8(text);
    if (utf8 == NULL) {
        PyErr_Clear();
        return 0;
    }
    return strncmp(utf8, prefix, strlen(prefix)) == 0;
}

static int
ends_with(PyObject *text, const char *suffix)
{
    Py_ssize_t size, n = (Py_ssize_t)strlen(suffix);
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &size);
    if (utf8 == NULL) {
        PyErr_Clear();
        return 0;
    }
    return size >= n && strcmp(utf8 + size - n, suffix) == 0;
}

/* A module's body is called by importlib (`exec` adds no frame) or by runpy; the main program by nobody. Code from exec() of a string, a notebook's
 * cell or a test runner's own loader is none of these, and stays eager. */
int
lz_runs_module(LzSite *site)
{
    if (site->code->co_flags & (CO_OPTIMIZED | CO_NEWLOCALS)) {
        return 0;
    }
    PyFrameObject *back = PyFrame_GetBack(site->frame); /* owned or NULL */
    if (back == NULL) {
        return 1;
    }
    PyCodeObject *code = PyFrame_GetCode(back); /* owned */
    PyObject *file = code->co_filename;
    int result = starts_with(file, "<frozen importlib") || starts_with(file, "<frozen runpy>") || starts_with(file, "<frozen zipimport>")
                 || ends_with(file, "/runpy.py") || ends_with(file, "\\runpy.py");
    Py_DECREF(code);
    Py_DECREF(back);
    return result;
}

/* The code is the import system's: what runs it is an import, not a call. */
static int
is_importing(PyCodeObject *code)
{
    return starts_with(code->co_filename, "<frozen importlib") || ends_with(code->co_filename, "/importlib/__init__.py")
           || ends_with(code->co_filename, "\\importlib\\__init__.py");
}

/* Fills in `site` with the statement whose import runs the module's body at `body`, also a call of importlib.import_module(). */
int
lz_importing_site(LzSite *body, LzSite *site)
{
    int called = 0;
    PyFrameObject *frame = PyFrame_GetBack(body->frame); /* owned */
    while (frame != NULL) {
        PyCodeObject *code = PyFrame_GetCode(frame); /* owned */
        if (!is_importing(code)) {
            site->frame = frame;
            site->code = code;
            site->globals = globals_of(frame);
            site->offset = offset_of(frame);
            int found = called || running_op(site) == IMPORT_NAME;
            Py_DECREF(frame); /* it runs: the interpreter holds it */
            if (!found) {
                lz_site_clear(site);
            }
            return found;
        }
        called = !starts_with(code->co_filename, "<frozen");
        Py_DECREF(code);
        PyFrameObject *back = PyFrame_GetBack(frame); /* owned */
        Py_DECREF(frame);
        frame = back;
    }
    return 0;
}

PyObject *
lz_importing(PyObject *frame)
{
    LzSite body = {0}, site;
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "importing() takes a frame");
        return NULL;
    }
    body.frame = (PyFrameObject *)frame;
    if (!lz_importing_site(&body, &site)) {
        Py_RETURN_NONE;
    }
    int guarded = lz_in_block(site.frame) > 0 || lz_handler_of(site.code, site.offset) >= 0;
    PyObject *result = Py_BuildValue("(Oi)", site.frame, guarded); /* owned, returned */
    lz_site_clear(&site);
    return result;
}

int
lz_takes_whole(void)
{
    LzSite site;
    if (!lz_site(&site)) {
        return 0; /* C asks, and C looks up by key */
    }
    int result = 0;
    PyObject *bytes = lz_clean_code(site.code); /* owned */
    if (bytes == NULL) {
        PyErr_Clear();
    }
    else if (!starts_with(site.code->co_filename, "<frozen importlib") && site.offset >= 0) {
        result = lz_follows_whole(site.code, bytes, site.offset);
    }
    Py_XDECREF(bytes);
    lz_site_clear(&site);
    return result;
}

/* The import system itself is asking. */
int
lz_in_importlib(void)
{
    LzSite site;
    if (!lz_site(&site)) {
        return 0;
    }
    int result = PyUnicode_CompareWithASCIIString(site.code->co_filename, "<frozen importlib._bootstrap>") == 0;
    lz_site_clear(&site);
    return result;
}

/* The running instruction is `x.name`, not a call of getattr() or hasattr(). */
int
lz_is_attribute_load(void)
{
    LzSite site;
    if (!lz_site(&site)) {
        return 0;
    }
    int op = running_op(&site);
    int result = op == LOAD_ATTR;
#ifdef LOAD_METHOD
    result = result || op == LOAD_METHOD;
#endif
    lz_site_clear(&site);
    return result;
}

/* ---- the Python code that asks ------------------------------------------------------------------------------------------------------------------ */

static char *folder; /* owned: where lazyimp's own files lie, with the separator */

void
lz_set_folder(PyObject *path)
{
    const char *text = PyUnicode_AsUTF8(path);
    PyMem_Free(folder);
    folder = text ? PyMem_Malloc(strlen(text) + 1) : NULL;
    if (folder != NULL) {
        strcpy(folder, text);
    }
    PyErr_Clear();
}

int
lz_is_ours(PyObject *file)
{
    return folder != NULL && starts_with(file, folder);
}

enum { SOMEBODY, IMPORTLIB, IMPORT_MODULE, OURS };

static int
whose(PyCodeObject *code)
{
    PyObject *file = code->co_filename; /* borrowed */
    if (starts_with(file, "<frozen importlib")) {
        return IMPORTLIB;
    }
    if (starts_with(file, "<lazy import>") || lz_is_ours(file)) {
        return OURS;
    }
    return PyUnicode_CompareWithASCIIString(code->co_name, "import_module") == 0 && is_importing(code) ? IMPORT_MODULE : SOMEBODY;
}

/* Reading all of a module's code, as running_op() does, would cost more than the rest. */
int
lz_import_op(PyCodeObject *code, int offset)
{
    if (offset < 0) {
        return 0;
    }
    int op = LZ_CODE_BYTES(code)[offset];
#ifdef MIN_INSTRUMENTED_OPCODE
    if (op >= MIN_INSTRUMENTED_OPCODE) { /* a tracer's, in the place of another */
        LzSite site = {.code = code, .offset = offset};
        op = running_op(&site);
    }
#endif
    return op == IMPORT_NAME || op == IMPORT_FROM ? op : 0;
}

/* What running code names is loaded where deferring stops, by code of ours that some other function happened to call: the frame it is loaded for. */
static PyObject *settled_frame; /* owned, or NULL */
static unsigned long settling_thread;

void
lz_settle_for(PyObject *frame)
{
    Py_XSETREF(settled_frame, Py_XNewRef(frame));
    settling_thread = PyThread_get_thread_ident();
}

void
lz_asker(LzAsker *asker)
{
    memset(asker, 0, sizeof *asker);
    int settles = 0;
    int nearest = 1; /* nobody else's frame came yet */
    PyFrameObject *frame = PyEval_GetFrame(); /* owned from here on */
    Py_XINCREF(frame);
    while (frame != NULL) {
        PyCodeObject *code = PyFrame_GetCode(frame); /* owned */
        int kind = whose(code);
        if (kind == OURS && settled_frame != NULL && settling_thread == PyThread_get_thread_ident()) {
            Py_SETREF(frame, (PyFrameObject *)Py_NewRef(settled_frame));
            Py_SETREF(code, PyFrame_GetCode(frame));
            kind = SOMEBODY;
            settles = 1;
        }
        if (kind == SOMEBODY) {
            asker->file = Py_NewRef(code->co_filename);
            asker->function = settles ? PyUnicode_FromFormat("%U <running>", LZ_QUALNAME(code)) : Py_NewRef(LZ_QUALNAME(code));
            asker->globals = globals_of(frame);
            asker->frame = frame;
            asker->offset = offset_of(frame);
            asker->line = lz_line_of(code, asker->offset);
            asker->code = Py_NewRef((PyObject *)code);
            asker->op = lz_import_op(code, asker->offset);
        }
        else if (kind == OURS && nearest) {
            asker->ours = lz_import_op(code, offset_of(frame)) && !starts_with(code->co_filename, "<");
        }
        asker->called |= kind == IMPORT_MODULE;
        nearest = nearest && kind == IMPORTLIB;
        Py_DECREF(code);
        PyFrameObject *back = kind == SOMEBODY ? NULL : PyFrame_GetBack(frame); /* owned */
        Py_DECREF(frame);
        frame = back;
    }
}

void
lz_asker_clear(LzAsker *asker)
{
    Py_CLEAR(asker->file);
    Py_CLEAR(asker->function);
    Py_CLEAR(asker->globals);
    Py_CLEAR(asker->code);
}

PyObject *
lz_name_read(LzAsker *asker)
{
    PyCodeObject *code = (PyCodeObject *)asker->code;
    PyObject *bytes = code ? lz_clean_code(code) : NULL, *name = NULL; /* owned; borrowed */
    if (bytes == NULL) {
        PyErr_Clear();
        return NULL;
    }
    Reader r = reader_of(bytes);
    while (read_next(&r) && r.offset < asker->offset) {
    }
    if (r.offset == asker->offset) {
        name = r.op == IMPORT_FROM ? name_at(code->co_names, r.arg) : is_attribute(&r) ? attribute_read(&r, code->co_names) : name_read(&r, code->co_names);
    }
    Py_DECREF(bytes);
    return Py_XNewRef(name);
}
