/* Native: what core native (CPython 3.15 and later) reads of the interpreter's own structures. */
#include "native.h"

#include "reader.h"

#include <sys/stat.h>

/* ---- statements -------------------------------------------------------------------------------------------------------------------------------- */

int lz_native_waits = 0;
PyObject *lz_native_kind = NULL;

int
lz_line_at(PyObject *code, int offset)
{
    return lz_line_of((PyCodeObject *)code, offset);
}

int
lz_says_lazy(PyObject *code, int offset)
{
    return offset >= 0 && (LZ_CODE_BYTES((PyCodeObject *)code)[offset + 1] & LZ_IMPORT_IS_LAZY);
}

int
lz_imports_protected(LzSite *site)
{
    if (site->offset < 0 || site->code->co_flags & (CO_OPTIMIZED | CO_NEWLOCALS) || lz_handler_of(site->code, site->offset) < 0) {
        return 0;
    }
    return lz_import_op(site->code, site->offset) == IMPORT_NAME;
}

/* Placeholders are values of the namespace: a module that may walk its own is not given any. What it reads of functions and frames is rather somebody
 * else's, unless it is the user's own. */
int
lz_native_facts(PyObject *facts, int flags)
{
    int own = flags & LZ_MODULE_OWN ? LZ_SYS_MODULES | LZ_EXPOSES : LZ_SYS_MODULES_TOP;
    int against = LZ_MEETS_IMPORTS | LZ_HANDS_ITSELF_OUT | LZ_TOUCHES_FINDERS | own;
    return flags & LZ_MODULE_PLAIN || !(((LzFacts *)facts)->flags & against);
}

int
lz_mentions(PyObject *object, PyObject *name)
{
    PyCodeObject *code = (PyCodeObject *)object;
    int found = PySequence_Contains(code->co_names, name);
    for (Py_ssize_t i = 0; found == 0 && i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *item = PyTuple_GET_ITEM(code->co_consts, i);
        found = PyCode_Check(item) ? lz_mentions(item, name) : 0;
    }
    return found;
}

/* ---- modules and finders ----------------------------------------------------------------------------------------------------------------------- */

int
lz_is_initializing(PyObject *module)
{
    PyObject *spec = PyModule_Check(module) ? PyDict_GetItemString(PyModule_GetDict(module), "__spec__") : NULL; /* borrowed */
    PyObject *value = spec ? PyObject_GetAttrString(spec, "_initializing") : NULL;                              /* owned */
    int result = value ? PyObject_IsTrue(value) : 0;
    Py_XDECREF(value);
    PyErr_Clear(); /* a spec of somebody's own: its module counts as loaded */
    return result > 0;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------------------------- */

int
lz_stamp(PyObject *path, long long *stamp)
{
#if defined(MS_WINDOWS)
    wchar_t *words = PyUnicode_AsWideCharString(path, NULL); /* owned */
    struct _stat64 info;
    int found = words != NULL && _wstat64(words, &info) == 0;
    int failed = words == NULL;
    PyMem_Free(words);
    stamp[0] = found ? info.st_mtime * 1000000000LL : 0;
#else
    PyObject *bytes = NULL; /* owned */
    struct stat info;
    int failed = !PyUnicode_FSConverter(path, &bytes), found = !failed && stat(PyBytes_AS_STRING(bytes), &info) == 0;
    Py_XDECREF(bytes);
#if defined(__APPLE__)
    stamp[0] = found ? info.st_mtimespec.tv_sec * 1000000000LL + info.st_mtimespec.tv_nsec : 0;
#else
    stamp[0] = found ? info.st_mtim.tv_sec * 1000000000LL + info.st_mtim.tv_nsec : 0;
#endif
#endif
    stamp[1] = found ? (long long)info.st_size : 0;
    if (failed && PyErr_ExceptionMatches(PyExc_ValueError)) { /* a name with a NUL, or one that cannot be encoded */
        PyErr_Clear();
        return 0;
    }
    return failed ? -1 : found;
}

#if !defined(MS_WINDOWS)
/* 1: there is something of that name, 0: no, -1: error */
static int
look_at(PyObject *path, struct stat *info)
{
    const char *bytes = PyUnicode_IS_COMPACT_ASCII(path) ? PyUnicode_AsUTF8(path) : NULL; /* borrowed */
    if (bytes != NULL) {
        return strlen(bytes) == (size_t)PyUnicode_GET_LENGTH(path) && stat(bytes, info) == 0;
    }
    PyObject *encoded = NULL; /* owned */
    if (!PyUnicode_FSConverter(path, &encoded)) {
        PyErr_Clear(); /* a name that cannot be one */
        return 0;
    }
    int found = stat(PyBytes_AS_STRING(encoded), info) == 0;
    Py_DECREF(encoded);
    return found;
}

double
lz_folder_time(PyObject *path)
{
    struct stat info;
#if defined(__APPLE__)
    return look_at(path, &info) ? (double)info.st_mtimespec.tv_sec + 1e-9 * info.st_mtimespec.tv_nsec : -1;
#else
    return look_at(path, &info) ? (double)info.st_mtim.tv_sec + 1e-9 * info.st_mtim.tv_nsec : -1;
#endif
}

int
lz_is_file(PyObject *path)
{
    struct stat info;
    return look_at(path, &info) && S_ISREG(info.st_mode);
}
#else
double
lz_folder_time(PyObject *Py_UNUSED(path))
{
    return -1; /* its finders compare names without case */
}

int
lz_is_file(PyObject *Py_UNUSED(path))
{
    return 0;
}
#endif

/* ---- placeholders ------------------------------------------------------------------------------------------------------------------------------ */

PyObject *
lz_run(PyObject *code, PyObject *namespace)
{
    return PyEval_EvalCode(code, namespace, namespace);
}

#if LZ_NATIVE

#define MOST_PARTS 16

/* `lazy import a.b.c as z`, with as many parts; the interpreter's compiler knows what that looks like. Borrowed. */
static PyObject *
template_of(int parts)
{
    static PyObject *templates[MOST_PARTS + 1]; /* owned */
    if (parts > MOST_PARTS) {
        PyErr_SetString(PyExc_ValueError, "a module's name has too many parts");
        return NULL;
    }
    if (templates[parts] == NULL) {
        char source[32 + 2 * MOST_PARTS] = "lazy import a";
        for (int i = 1; i < parts; i++) {
            strcat(source, (char[]){'.', (char)('a' + i), 0}); /* each a name of its own */
        }
        templates[parts] = Py_CompileString(strcat(source, " as z"), "?", Py_file_input);
    }
    return templates[parts];
}

/* The names of the code: the module's, those of its parts below the first, and `z`. New reference. */
static PyObject *
names_of(PyObject *full, PyObject *parts)
{
    Py_ssize_t n = PyList_GET_SIZE(parts);
    PyObject *names = PyTuple_New(n + 1), *z = PyUnicode_InternFromString("z"); /* owned */
    if (names == NULL || z == NULL) {
        Py_XDECREF(names);
        Py_XDECREF(z);
        return NULL;
    }
    PyTuple_SET_ITEM(names, 0, Py_NewRef(full));
    for (Py_ssize_t i = 1; i < n; i++) {
        PyTuple_SET_ITEM(names, i, Py_NewRef(PyList_GET_ITEM(parts, i)));
    }
    PyTuple_SET_ITEM(names, n, z);
    return names;
}

/* A location table that puts all of the code on its first line: entries of up to 8 units without columns. New reference. */
static PyObject *
on_one_line(Py_ssize_t units)
{
    PyObject *table = PyBytes_FromStringAndSize(NULL, 2 * ((units + 7) / 8)); /* owned, returned */
    for (Py_ssize_t i = 0; table != NULL && units > 0; i += 2, units -= 8) {
        PyBytes_AS_STRING(table)[i] = (char)(0x80 | 13 << 3 | ((units > 8 ? 8 : units) - 1));
        PyBytes_AS_STRING(table)[i + 1] = 0;
    }
    return table;
}

PyObject *
lz_placeholder_code(PyObject *full, PyObject *file, int line)
{
    PyObject *dot = PyUnicode_FromString("."), *parts = dot ? PyUnicode_Split(full, dot, -1) : NULL; /* owned */
    PyCodeObject *t = parts ? (PyCodeObject *)template_of((int)PyList_GET_SIZE(parts)) : NULL;       /* borrowed */
    PyObject *names = t ? names_of(full, parts) : NULL, *bytes = t ? PyCode_GetCode(t) : NULL;      /* owned */
    PyObject *table = bytes ? on_one_line(PyBytes_GET_SIZE(bytes) / 2) : NULL, *none = PyTuple_New(0); /* owned */
    PyObject *code = NULL;                                                                           /* owned, returned */
    if (names != NULL && table != NULL && none != NULL) {
        code = (PyObject *)PyUnstable_Code_NewWithPosOnlyArgs(0, 0, 0, 0, t->co_stacksize, t->co_flags, bytes, t->co_consts, names, none, none, none, file,
                                                              t->co_name, t->co_qualname, line, table, t->co_exceptiontable);
    }
    Py_XDECREF(dot);
    Py_XDECREF(parts);
    Py_XDECREF(names);
    Py_XDECREF(bytes);
    Py_XDECREF(table);
    Py_XDECREF(none);
    return code;
}

#else

PyObject *
lz_placeholder_code(PyObject *Py_UNUSED(full), PyObject *Py_UNUSED(file), int Py_UNUSED(line))
{
    PyErr_SetString(PyExc_RuntimeError, "core native is for CPython 3.15 and later");
    return NULL;
}

#endif
