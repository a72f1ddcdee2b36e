/* The state of core c and the functions its parts give each other. One interpreter has it; others are refused (lazyimp_c.pyx). */
#ifndef LAZYIMP_STATE_H
#define LAZYIMP_STATE_H

#include "core.h"
#include "native.h"
typedef struct LzSpace LzSpace;             /* space.pxi */
typedef struct LzPlaceholder LzPlaceholder; /* standin.pxi */
#include "lazyimp_c.h" /* made by Cython: LzPlaceholder, LzSpace */

/* A comparison callback gets no pointer to a module's state, so the state is static; the extension refuses a second interpreter. */
typedef struct {
    int active;                /* imports are deferred */
    PyObject *original;        /* owned: builtins.__import__ before us */
    PyObject *builtin_import;  /* owned: the interpreter's own */
    PyObject *importer;        /* owned: our function */
    PyObject *modules;         /* owned: sys.modules */
    PyObject *sys;             /* owned: the namespace of sys */
    PyObject *helper;          /* owned: lazyimp._armed, the Python half, or NULL before it is needed */
    PyObject *finder;          /* owned: lazyimp's meta-path finder, or NULL before the helper is loaded */
    PyObject *spaces;          /* owned: dict, address of a namespace -> Space (as an int, borrowed: a Space takes itself out) */
    PyObject *open_spaces;     /* owned: list of Spaces whose module's body runs */
    PyObject *guarded;         /* owned: list of Spaces whose modules were imported by a statement inside try that has not ended */
    PyObject *pending_subs;    /* owned: dict, package -> {submodule name: None}: imported by a deferred statement, not loaded */
    PyObject *awaited;         /* owned: dict, module -> {(address of a namespace, name there): None}: what own modules take from it by `from` */
    PyObject *graveyard;       /* owned: list of dicts holding tables that a lookup in progress may still look at */
    PyObject *last_paths;      /* owned: tuple, sys.path as it was at the last deferral */
    PyObject *last_filters;    /* owned: (warnings.filters, tuple of its items) at the last deferral, or NULL */
    PyObject *last_dict;       /* borrowed: the last namespace looked up, and its Space */
    LzSpace *last_space;
    PyObject *frozen;          /* owned: list of Spaces that have pending names under plain keys */
    PyObject *traps;           /* owned: dict, address of a trapped function -> (names, version) */
    PyObject *watches;         /* owned: dict, address of a watched function -> (function, enter, version, code, defaults, keyword defaults) */
    vectorcallfunc plain_vectorcall; /* every Python function's own */
    PyObject *scopes;          /* owned: list of (code, handler or block depth) */
    PyObject *paused;          /* owned: dict, thread -> depth */
    PyObject *proxy_loader;    /* owned: executes a proxy */
    int generation;            /* of the policy: a Space asks anew when it changed */
    int reifying;              /* depth of reify(), over all threads */
    int late_order;            /* of the statement whose module is being loaded late, the outermost one */
    Py_ssize_t opened;         /* how many modules began to run */
    int lookups;               /* armed lookups in progress */
    int quiet;                 /* our own lookups: keys do not fire */
    Py_ssize_t deferred, reified, failed;
} LzCore;
extern LzCore lz;
PyObject *lz_ask(const char *method, const char *format, ...); /* call the Python half; new reference */
PyObject *lz_helper(void);     /* borrowed: the Python half, loaded when it is first needed */

/* names, interned once */
typedef struct {
    PyObject *name, *file, *package, *path, *spec, *initializing, *all, *star, *main, *dunder_import, *dunder_getattr, *dunder_dir, *error_name, *sys_path, *meta_path, *warnings, *c_warnings, *filters;
} LzNames;
extern LzNames lz_names;

PyObject *lz_sys_list(PyObject *name); /* borrowed: a list in sys, or NULL without an error where it is none */
int lz_same_items(PyObject *list, PyObject *items); /* two sequences of the very same objects, a list and a list or tuple */

/* keys.c */
typedef struct {
    PyUnicodeObject base;
    PyObject *name;   /* owned: the plain, interned name */
    PyObject *space;  /* owned: LzSpace, or NULL once disarmed */
} LzKey;
extern PyTypeObject LzKey_Type;
#define LzKey_Check(o) (Py_TYPE(o) == &LzKey_Type)
PyObject *lz_key_new(PyObject *name, LzSpace *space);
int lz_arm(LzSpace *space, PyObject *name, PyObject *placeholder); /* put the placeholder under an armed key; 1 done, 0 cannot, -1 error */
PyObject *lz_raw(LzSpace *space, PyObject *name);   /* borrowed: what lies under a key of ours, without firing it */
int lz_settle(LzSpace *space, PyObject *key, PyObject *placeholder, PyObject *value); /* real value under an armed key */
int lz_disarm(LzSpace *space, LzKey *key);
int lz_disarm_key(LzSpace *space, PyObject *key);    /* the same, for Cython */
int lz_rebuild(LzSpace *space);                     /* plain keys for all that are not armed */
void lz_bury(void);

/* space.c */
LzSpace *lz_space_of(PyObject *dict);               /* borrowed, or NULL without an error */
LzSpace *lz_space_open(PyObject *dict, LzSite *site); /* borrowed; NULL with or without an error: cannot be a module's namespace */
LzSpace *lz_space_for_module(PyObject *module);     /* borrowed; made if needed */
void lz_space_gone(LzSpace *space);
int lz_prune(void);
int lz_is_running(LzSpace *space);                  /* the module's body has not ended */

/* module.c */
int lz_warm(LzSpace *space);                       /* one name less is pending in a frozen namespace */
extern PyTypeObject LzModule_Type;
int lz_dress(LzSpace *space);                       /* give the module our type */
void lz_undress(LzSpace *space);                    /* and take it back when nothing needs it */

int lz_take_pending(LzSpace *space, PyObject *name, PyObject **result); /* 1: it was pending and *result is the object, 0: it was not, -1: error */
int lz_take(LzSpace *space, PyObject *name);        /* import what is pending under a name */
int lz_settle_siblings(LzSpace *space, PyObject *placeholder); /* the other names of a from-import whose first one was resolved */
PyObject *lz_module_dir(PyObject *self, PyObject *ignored); /* dir(module); new reference */
int lz_settle_star(PyObject *module);               /* before `from module import *` copies it */

/* awaited.c */
int lz_await_module(PyObject *target);              /* names of it are deferred by the user's own code */
int lz_await_name(LzSpace *space, PyObject *target, PyObject *bound); /* this one is */
int lz_came(LzSpace *space, PyObject *name);        /* a pending name has got its value, for which others may wait */
int lz_is_awaited(LzSpace *space, PyObject *name);
void lz_await_no_more(PyObject *address);           /* of a namespace that is gone */
int lz_settle_awaited(PyObject *name);              /* the body of a module has ended */

/* bind.c */
extern PyTypeObject LzImport_Type;
int lz_note_submodule(PyObject *name, PyObject *importer, PyObject *code, int offset); /* `a.b.c` counts as imported: 1, 0: it must be imported at once,
                                                                                        -1: error */
PyObject *lz_bind(LzSpace *space, int kind, PyObject *module, PyObject *attr, PyObject *store, LzFacts *facts, LzStatement *s);
int lz_plant(PyObject *parent, PyObject *child, PyObject *full, PyObject *importer, PyObject *code, int offset); /* make a.b reachable on a loaded `a` */
PyObject *lz_present(PyObject *module, PyObject *attr); /* borrowed: a name that a loaded module really has, or NULL */
PyObject *lz_start_import(LzSpace *space, PyObject *module, PyObject *facts, LzStatement *statement, int is_from);

/* importer.c */
PyObject *lz_import(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
int lz_is_known(PyObject *name);                    /* in sys.modules, and not as None */
int lz_remember_paths(void);                        /* lz.last_paths is sys.path */
int lz_note_loaded(PyObject *name);                 /* namespace packages on the way to `name` may be loaded now */

/* verdict.c */
int lz_unpack(PyObject *verdict, PyObject *target, PyObject *fromlist); /* the bits of a verdict for a statement; -1: error */
int lz_rate(LzSpace *space, PyObject *target, PyObject *fromlist);      /* the policy's bits for it; -1: error */
int lz_decide(LzSpace *space, PyObject *target, PyObject *fromlist, int bits, int flags, int offset); /* LZ_EAGER, ...; -1: error */

/* reify.c */
enum { LZ_FROZEN = 1, LZ_THAWING = 2 }; /* LzSpace.frozen */
enum { LZ_KIND_MODULE = 0, LZ_KIND_TOP = 1, LZ_KIND_FROM = 2, LZ_KIND_SUBMODULE = 3 };
PyObject *lz_reify(PyObject *placeholder);          /* new reference to the real object */
PyObject *lz_missing(LzSpace *space, PyObject *name); /* an attribute a module does not have; NULL without an error: it really has not */

/* trap.c */
extern PyTypeObject LzTrapped_Type;
int lz_trap(PyObject *function, PyObject *names);   /* resolve `names`, a tuple, when the function is first entered */

/* watch.c */
extern PyTypeObject LzWatched_Type;
int lz_watch(PyObject *function, PyObject *enter, PyObject *owner); /* 1: `enter` is told of its calls from now on, 0: it cannot be */
int lz_unwatch(PyObject *function);                 /* 1: no longer, 0: it was not watched */

/* scope.c */
int lz_in_scope(LzSite *site);                      /* the statement stands directly in a `with lazyimp.lazy():` */
PyObject *lz_push_scope(PyObject *frame);
int lz_pop_scope(PyObject *token);
int lz_paused(void);                                /* this thread imports eagerly: a meta-path finder, or we ourselves, are at work */
int lz_pause(int delta);

/* proxy.c */
extern PyTypeObject LzProxy_Type;
int lz_set_proxy_loader(PyObject *function);

/* filters.c */
int lz_remember_filters(void);                      /* lz.last_filters is what warnings.filters holds */
int lz_filters_moved(PyObject *recorded);           /* it is not what it was when `recorded`, a last_filters, was made */
PyObject *lz_ask_with_filters(const char *question, LzPlaceholder *p, int moved); /* new reference */
void lz_filters_added(LzPlaceholder *p);

/* lacking.c */
int lz_lacking_during(void);                        /* an import begins, or */
void lz_lacking_after(int plain);                   /* it has ended */
void lz_lacking_after_fork(void);                   /* in the child, where only this thread is left */
void lz_lacking(int on);                            /* attributes that packages lack: begin, or end */

/* collector.c: around.c calls these */
void lz_rare_begin(void);                           /* an import begins: garbage is collected rarely */
void lz_rare_end(void);

/* chunks.c */
void lz_keep_chunks(void);                          /* of the interpreter's frame stack, when they are given back */

/* setup.c */
int lz_keep_first(void);                            /* our finder is first on sys.meta_path before anything is searched */
int lz_setup(void);                                 /* types and names; once, when the extension is loaded */
int lz_turn_on(void);
int lz_turn_off(void);

#endif
