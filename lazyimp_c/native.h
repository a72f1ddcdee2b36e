/* What core native's parts give each other: native.c reads the interpreter's own structures, native.pxi decides and remembers. */
#ifndef LAZYIMP_NATIVE_H
#define LAZYIMP_NATIVE_H

#include "core.h"

typedef struct { /* an import in progress */
    int late;       /* a deferred statement's module: it does not move the program's random numbers, and its failure says who asked */
    int rebound;    /* its package has bound its name to something else since, or deleted it */
    int unplanted;  /* its package had our placeholder under its name */
    PyObject *kept; /* owned or NULL: the states of the random generators before it */
    PyObject *held; /* owned or NULL: what the package has bound */
    PyObject *seen; /* owned or NULL: the warning filters of its statement, and still those in force */
} LzNativeLoad;

/* native.pxi */
extern PyObject *lz_native_kind;                               /* borrowed: the interpreter's type of placeholders, or NULL */
extern int lz_native_waits;                                   /* the filter deferred something */
PyObject *lz_native_missing(PyObject *package, PyObject *name, int only_asked); /* new reference: the submodule, or NotImplemented */

/* native.c */
int lz_line_at(PyObject *code, int offset);
int lz_says_lazy(PyObject *code, int offset);       /* the program's own `lazy import` */
int lz_imports_protected(LzSite *site);             /* an import statement of a module's body, inside try or with */
int lz_is_initializing(PyObject *module);           /* its body has not ended */
int lz_native_facts(PyObject *facts, int flags);    /* imports of a module with these facts may be deferred; `flags` are Policy.open's */
int lz_mentions(PyObject *code, PyObject *name);    /* the code, or code inside it, has the name of a variable or an attribute */
PyObject *lz_placeholder_code(PyObject *full, PyObject *file, int line); /* new reference to the code of `lazy import a.b as z`, at file:line */
int lz_stamp(PyObject *path, long long *stamp);     /* 1: when the file was changed, in ns, and its size; 0: there is none; -1: error */
double lz_folder_time(PyObject *path);              /* when a folder's contents changed, as os.stat() tells it; -1: there is none; -2: error */
int lz_is_file(PyObject *path);                     /* 1, 0; -1: error */
PyObject *lz_run(PyObject *code, PyObject *namespace);

#endif
