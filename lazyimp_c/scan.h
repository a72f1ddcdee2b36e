/* Scan: what one walk over a module's code objects gathers for its facts. */
#ifndef LAZYIMP_SCAN_H
#define LAZYIMP_SCAN_H

#include "reader.h"

typedef struct {
    LzFacts *facts;
    PyObject *reads;       /* set: names read anywhere */
    PyObject *finalizer;   /* set: names read by a __del__ */
    PyObject *async;       /* set: names read by coroutines */
    int path_first, path_last; /* where the module's own code touches sys.path or changes the folder */
} Scan;

int lz_scan_effects(Scan *scan, PyCodeObject *code, int top); /* what code does to the process around it; `top`: it is a module's body */
int lz_scan_nested(Scan *scan, PyCodeObject *code, int in_async, int in_finalizer);
int lz_needs_effect_scan(PyObject *names);

#endif
