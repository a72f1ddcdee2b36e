/* Scan: what one walk over a module's code objects gathers for its facts. */
#ifndef LAZYIMP_SCAN_H
#define LAZYIMP_SCAN_H

#include "reader.h"

/* names.c */
enum { LZ_READ = 1, LZ_READ_LATE = 2 /* by a __del__ */, LZ_READ_ASYNC = 4 /* by a coroutine */ };
typedef struct {
    PyObject **names;      /* borrowed: those that imports bind; NULL: none */
    unsigned char *seen;   /* how each is read */
    size_t mask;
} LzMarks;
int lz_marks_begin(LzMarks *marks, LzFacts *facts);
void lz_marks_end(LzMarks *marks);
void lz_mark(LzMarks *marks, PyObject *name, int how);
int lz_marked(LzMarks *marks, PyObject *name);
int lz_needs_effect_scan(PyObject *names, int top); /* code with these names may do something to the process around it */
int lz_may_read_all(PyObject *name); /* who calls it (globals, eval) may read any name of its namespace */

typedef struct {
    LzFacts *facts;
    LzMarks marks;
    int path_first, path_last; /* where the module's own code touches sys.path or changes the folder */
} Scan;

/* namespaces.c: a namespace was taken and the reader stands behind it; `before`: the name read last, what is called with it perhaps */
int lz_meets_imports(Scan *scan, Reader r, PyCodeObject *code, PyObject *before);
int lz_exposing_flags(Scan *scan, Reader here, PyCodeObject *code, PyObject *name);

int lz_scan_effects(Scan *scan, PyCodeObject *code, int top); /* what code does to the process around it; `top`: it is a module's body */
int lz_scan_nested(Scan *scan, PyCodeObject *code, int in_async, int in_finalizer);

#endif
