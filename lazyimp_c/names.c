/* Names: which of the names that a module imports its code reads, and whether code mentions a word that needs a closer look. Names of code objects are
 * interned, so that one is found by its address. */
#include "scan.h"

static inline size_t
place_of(PyObject *name)
{
    return (size_t)((uintptr_t)name >> 4);
}

int
lz_marks_begin(LzMarks *marks, LzFacts *facts)
{
    size_t size = 4;
    while (size < 2 * (size_t)facts->n_binds) {
        size *= 2;
    }
    *marks = (LzMarks){PyMem_Calloc(size, sizeof(PyObject *)), PyMem_Calloc(size, 1), size - 1};
    if (marks->names == NULL || marks->seen == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int i = 0; i < facts->n_binds; i++) {
        PyObject *name = facts->binds[i].store;
        size_t at = place_of(name) & marks->mask;
        while (marks->names[at] != NULL && marks->names[at] != name) {
            at = (at + 1) & marks->mask;
        }
        marks->names[at] = name;
    }
    return 0;
}

void
lz_marks_end(LzMarks *marks)
{
    PyMem_Free(marks->names);
    PyMem_Free(marks->seen);
}

static unsigned char *
seen_of(LzMarks *marks, PyObject *name)
{
    for (size_t at = place_of(name) & marks->mask; marks->names[at] != NULL; at = (at + 1) & marks->mask) {
        if (marks->names[at] == name) {
            return &marks->seen[at];
        }
    }
    return NULL;
}

void
lz_mark(LzMarks *marks, PyObject *name, int how)
{
    unsigned char *seen = seen_of(marks, name);
    if (seen != NULL) {
        *seen |= (unsigned char)how;
    }
}

int
lz_marked(LzMarks *marks, PyObject *name)
{
    unsigned char *seen = seen_of(marks, name);
    return seen ? *seen : 0;
}

/* ---- words -------------------------------------------------------------------------------------------------------------------------------------- */

/* The first ones count wherever they stand, the others in a module's own body: functions take `os.path` all the time. */
static const char *const texts[] = {"globals", "modules", "__globals__", "f_globals", "getclosurevars", "meta_path",
                                    "locals", "vars", "dir", "path", "chdir", "environ"};
enum { N_WORDS = sizeof texts / sizeof *texts, N_ANYWHERE = 6 };
static PyObject *words[N_WORDS];  /* owned, interned */
static uint64_t anywhere, on_top; /* a bit for each: most names have none of them */

static const char *const whole_texts[] = {"globals", "locals", "vars", "dir", "eval", "exec"}; /* whoever calls these may read any name */
enum { N_WHOLE = sizeof whole_texts / sizeof *whole_texts };
static PyObject *whole[N_WHOLE]; /* owned, interned */
static uint64_t readers;

static inline uint64_t
bit_of(PyObject *name)
{
    return (uint64_t)1 << (place_of(name) * 0x9E3779B1u >> 7 & 63);
}

int
lz_words_setup(void)
{
    for (int i = 0; i < N_WORDS; i++) {
        if (words[i] == NULL && !(words[i] = PyUnicode_InternFromString(texts[i]))) {
            return -1;
        }
        on_top |= bit_of(words[i]);
        anywhere |= i < N_ANYWHERE ? bit_of(words[i]) : 0;
    }
    for (int i = 0; i < N_WHOLE; i++) {
        if (whole[i] == NULL && !(whole[i] = PyUnicode_InternFromString(whole_texts[i]))) {
            return -1;
        }
        readers |= bit_of(whole[i]);
    }
    return 0;
}

int
lz_needs_effect_scan(PyObject *names, int top)
{
    uint64_t some = top ? on_top : anywhere;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        if (some & bit_of(name)) {
            for (int k = 0; k < (top ? N_WORDS : N_ANYWHERE); k++) {
                if (words[k] == name) {
                    return 1;
                }
            }
        }
    }
    return 0;
}

int
lz_may_read_all(PyObject *name)
{
    for (int k = 0; readers & bit_of(name) && k < N_WHOLE; k++) {
        if (whole[k] == name) {
            return 1;
        }
    }
    return 0;
}
