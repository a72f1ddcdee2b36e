/* What the parts of lazyimp_c share: version checks, the state, the types' layouts, and who provides which function. */
#ifndef LAZYIMP_CORE_H
#define LAZYIMP_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>
#include <opcode.h>

/* Every version check of the extension lives in this header. The opcodes, the layout of a dict and of a function, and the rules of the specialiser
 * were read for these versions; a newer CPython must be read before this line moves. */
#if PY_VERSION_HEX < 0x030A0000 || PY_VERSION_HEX >= 0x03100000
#error "lazyimp_c was written for CPython 3.10 to 3.15; set LAZYIMP_NO_EXTENSION=1 to install lazyimp without it"
#endif
#if defined(Py_GIL_DISABLED)
#error "lazyimp_c does not support free-threaded CPython; set LAZYIMP_NO_EXTENSION=1 to install lazyimp without it"
#endif
#if defined(PYPY_VERSION) || defined(GRAALVM_PYTHON)
#error "lazyimp_c reads CPython's own structures; set LAZYIMP_NO_EXTENSION=1 to install lazyimp without it"
#endif

#if PY_VERSION_HEX >= 0x030C0000
#define LZ_LOAD_ATTR_SHIFT 1            /* the low bit says "method" */
#else
#define LZ_LOAD_ATTR_SHIFT 0
#endif
#if PY_VERSION_HEX >= 0x030B0000
#define LZ_LOAD_GLOBAL_SHIFT 1          /* the low bit says "push NULL" */
#define LZ_PRECALL (PY_VERSION_HEX < 0x030C0000) /* the stack effect of CALL is told without its arguments */
#define LZ_NULL_AFTER (PY_VERSION_HEX >= 0x030D0000) /* the NULL lies above the callable */
#define LZ_HAS_EXCEPTION_TABLE 1
#else
#define LZ_LOAD_GLOBAL_SHIFT 0
#define LZ_NULL_AFTER 0
#define LZ_PRECALL 0
#define LZ_HAS_EXCEPTION_TABLE 0        /* 3.10 keeps a block stack in the frame */
#endif
#if PY_VERSION_HEX >= 0x030F0000
#define LZ_IMPORT_NAME_SHIFT 2          /* PEP 810: lazy and eager bits */
#define LZ_IMPORT_IS_LAZY 1
#else
#define LZ_IMPORT_NAME_SHIFT 0
#define LZ_IMPORT_IS_LAZY 0
#endif
/* 3.12 gave a function's vectorcall a say in specialised calls; before, 3.11 looks at the type alone (freeze.c). */
#define LZ_TRAP_BY_TYPE (PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000)
/* What is called is looked at by its type alone: by 3.11, and from 3.13 on where a class is called whose __init__ it is. */
#define LZ_WATCH_BY_TYPE (LZ_TRAP_BY_TYPE || PY_VERSION_HEX >= 0x030D0000)
/* 3.10 and 3.11 tell a changed dict by a version of its own, later ones by the version of its keys. */
#define LZ_DICT_HAS_VERSION (PY_VERSION_HEX < 0x030C0000)
/* From 3.15 on the interpreter defers imports itself; armed keys are for the versions before. */
#define LZ_ARMED_KEYS (PY_VERSION_HEX < 0x030F0000)
#define LZ_NATIVE (!LZ_ARMED_KEYS)
#if PY_VERSION_HEX >= 0x030B0000
#define LZ_CODE_BYTES(code) ((const unsigned char *)(code)->co_code_adaptive) /* as it runs: specialised, instrumented */
#define LZ_QUALNAME(code) ((code)->co_qualname)
#define LZ_LINE_TABLE 1                 /* co_linetable, in the format of Objects/locations.md */
#else
#define LZ_LINE_TABLE 0
#define LZ_CODE_BYTES(code) ((const unsigned char *)PyBytes_AS_STRING((code)->co_code))
#define LZ_QUALNAME(code) ((code)->co_name)
#endif
#if PY_VERSION_HEX >= 0x030D0000
#define LZ_MONOTONIC(ns) ((void)PyTime_MonotonicRaw(ns))
typedef PyTime_t LzTime;
#else
#define LZ_MONOTONIC(ns) (*(ns) = _PyTime_GetMonotonicClock())
typedef _PyTime_t LzTime;
#endif
#if PY_VERSION_HEX < 0x030D0000
#define Py_IsFinalizing _Py_IsFinalizing
#endif
#if defined(_MSC_VER)
#define LZ_THREAD_LOCAL __declspec(thread)
#else
#define LZ_THREAD_LOCAL __thread
#endif

/* ---- flags ------------------------------------------------------------------------------------------------------------------------------ */

enum { /* of a statement */
    LZ_PROTECTED = 1,     /* inside try, with or a handler */
    LZ_UNUSED = 2,        /* no name it binds is read anywhere in the module's code */
    LZ_FROM = 4,
    LZ_STAR = 8,
    LZ_PATH_WINDOW = 16,  /* stands between two touches of sys.path or of the working folder */
    LZ_BEFORE_ENVIRON = 32, /* an environment variable is set after it */
    LZ_FINALIZER = 64,    /* a bound name is read by a __del__ */
    LZ_ASYNC = 128,       /* a bound name is read by a coroutine */
    LZ_OF_PACKAGE = 512,  /* it takes a name from a package that it lies in */
};
enum { /* of a module's code */
    LZ_READS_NAMESPACE = 1,    /* takes its namespace as a whole: globals(), locals(), vars() */
    LZ_SYS_MODULES_TOP = 2,    /* asks sys.modules about others while it is imported */
    LZ_SYS_MODULES = 4,        /* the same, anywhere in it */
    LZ_MEETS_IMPORTS = 8,      /* reads its namespace by a key that may be the name of an import */
    LZ_LISTS_NAMES = 16,       /* dir(): armed keys would travel with the list; the interpreter's own placeholders have plain keys */
    LZ_EXPOSES = 32,           /* reads the namespaces of functions or frames likewise */
    LZ_HANDS_ITSELF_OUT = 64,  /* its own code reads sys.modules[__name__] */
    LZ_TOUCHES_FINDERS = 128,  /* mentions sys.meta_path */
};
enum { LZ_MODULE_EAGER = 1, LZ_MODULE_OWN = 2, LZ_MODULE_UNGUARDED = 4, LZ_MODULE_PLAIN = 8 }; /* Policy.open */
enum { LZ_BIT_LAZY = 1, LZ_BIT_PROXY = 2, LZ_BIT_UNUSED = 4, LZ_BIT_ASK = 8, LZ_BIT_NO_STORE = 16, LZ_BIT_UNUSED_FROM = 32 }; /* Policy.fill */
enum { LZ_EAGER = 0, LZ_LAZY = 1, LZ_PROXY = 2 };

/* ---- facts.c: what a module's code object tells without running it ---------------------------------------------------------------------- */

typedef struct {
    PyObject *attr;   /* borrowed from the code; NULL: the module itself */
    PyObject *store;  /* borrowed from the code */
} LzBind;

typedef struct {
    int offset;       /* of IMPORT_NAME, in bytes */
    int flags;
    int first, count; /* into binds */
    int level;        /* of a relative import; 0: absolute */
    int chain;        /* how many IMPORT_FROM lead from `a` to `a.b.c` in `import a.b.c as d` */
    PyObject *name;   /* borrowed from the code: as written, no dots of a relative import */
} LzStatement;

typedef struct LzFacts {
    PyObject_HEAD
    PyObject *code;       /* owned */
    PyObject *bytes;      /* owned: without specialised or instrumented instructions */
    LzStatement *statements;
    int n_statements;
    LzBind *binds;
    int n_binds;
    int flags;
    PyObject *environ_keys; /* owned list of (offset, key): environment variables set by the module's own code */
} LzFacts;

extern PyTypeObject LzFacts_Type;
PyObject *lz_analyse(PyObject *code);
int lz_handler_of(PyCodeObject *code, int offset);         /* the handler that protects an instruction, or -1 */
int lz_follows_whole(PyCodeObject *code, PyObject *bytes, int offset); /* what the instruction at `offset` gave is walked, copied or handed on */
LzStatement *lz_statement(LzFacts *facts, int offset);
PyObject *lz_facts_statement(PyObject *facts, int offset); /* (flags, binds) or None, for core native */
PyObject *lz_facts_imports(PyObject *facts);                /* [(name, level, attributes)] */
int lz_words_setup(void);                                   /* names.c; once */
PyObject *lz_clean_code(PyCodeObject *code);               /* new reference to bytes */

/* ---- effects.c: what a module's body does to the world around it ---------------------------------------------------------------------------- */

PyObject *lz_outline(PyObject *code); /* outline.c: ([what it calls, stores into, derives from and imports], names it reads) */
PyObject *lz_shared(PyObject *code);  /* shared.c: (what it puts into modules that it has by name, names whose attributes its body reads) */
PyObject *lz_effects(PyObject *code); /* (what it does or None, names that its functions bind globally) */

/* ---- frames.c: who is asking ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    PyCodeObject *code;  /* owned */
    PyObject *globals;   /* owned */
    PyFrameObject *frame; /* borrowed */
    int offset;          /* bytes */
} LzSite;

int lz_site(LzSite *site);          /* 1: found, 0: no Python frame runs */
void lz_site_clear(LzSite *site);
int lz_is_store(PyObject *dict);    /* the running instruction stores or deletes a name (or an item) */
int lz_is_attribute_load(void);     /* the running instruction is `x.name` */
int lz_in_importlib(void);          /* the import system itself is asking */
int lz_import_op(PyCodeObject *code, int offset); /* the instruction there if it imports, else 0 */
int lz_takes_whole(void);           /* the running instruction took a namespace, and what follows walks it, copies it or hands it on */
int lz_in_block(PyFrameObject *frame);      /* 3.10: depth of the block stack */
int lz_importing_site(LzSite *body, LzSite *site); /* 1: the import statement that runs a module's body, 0: no such statement */
PyObject *lz_importing(PyObject *frame);    /* for core native: (its frame, whether the statement is inside try or with), or None */
int lz_runs_module(LzSite *site);   /* this code is a module's body run by the import system, or the main program */

typedef struct {
    PyObject *file, *function, *globals; /* owned; all NULL: C asks */
    PyObject *code;      /* owned */
    void *frame;         /* only to be compared */
    int offset;          /* bytes */
    int line;
    int op;              /* the running instruction, where it imports, else 0 */
    int called;          /* importlib.import_module() stands in between */
    int ours;            /* a statement of lazyimp's own imports */
} LzAsker;

void lz_asker(LzAsker *asker);      /* the Python code that asks, past the import system's frames and lazyimp's */
void lz_settle_for(PyObject *frame); /* what is asked for by code of ours is asked for by this frame, until called with NULL */
void lz_asker_clear(LzAsker *asker);
PyObject *lz_name_read(LzAsker *asker); /* new reference: the name that the running instruction reads, or NULL without an error */
void lz_set_folder(PyObject *folder); /* lazyimp's own files begin with it */
int lz_is_ours(PyObject *file);

/* ---- reads.c -------------------------------------------------------------------------------------------------------------------------------- */

/* New reference: tuple of those of the keys that code reads from its namespace, and code nested in it that it loads behind the offset `after`; None: none */
PyObject *lz_pending_reads(PyObject *code, PyObject *keys, int after);

/* ---- lines.c -------------------------------------------------------------------------------------------------------------------------------- */

int lz_line_of(PyCodeObject *code, int offset); /* of the instruction at `offset`, in bytes; 0: it has none */
void lz_forget_lines(void);                     /* what was kept to find the next one soon */

#endif
