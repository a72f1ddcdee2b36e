/* What the parts of the recorder give each other, and the hooks that the rest of the extension calls. The format is in lazyimp/record/__init__.py. */
#ifndef LAZYIMP_RECORD_H
#define LAZYIMP_RECORD_H

#include "core.h"

/* ---- hooks: one look at this flag where nothing is recorded ----------------------------------------------------------------------------------- */

enum { LZ_NOT_RECORDING = 0, LZ_RECORDING = 1, LZ_RECORD_FORKED = 2 /* a child that has not had an event yet */ };
extern int lz_recording;

enum { LZ_NOTE_BINDING = 0, LZ_NOTE_PROXY = 1, LZ_NOTE_SUBMODULE = 2 };

/* deferrals.c: the number of a new deferral, 0 where it is not recorded */
int lz_note_deferral(PyObject *module, PyObject *bound, PyObject *target, PyObject *attribute, PyObject *code, int offset, int kind);
int lz_note_deferral_at(PyObject *module, PyObject *bound, PyObject *target, PyObject *attribute, PyObject *file, int line, int kind, int wait);
void lz_note_used(int deferral); /* settled right now */

typedef struct { /* a first use in progress; numbers and strings only */
    int deferral;          /* 0: not recorded */
    int epoch;
    int line;
    int outer;             /* what the thread's state was */
    LzTime at;
    PyObject *file, *function; /* owned */
} LzUse;
void lz_use_begin(LzUse *use, int deferral);
void lz_use_end(LzUse *use, PyObject *error); /* error: its type, or NULL */
void lz_write_use(LzUse *use, LzTime now, PyObject *error); /* error: its name; lets go of the use */
int lz_settled_by(PyObject *target, LzAsker *asker); /* the deferral that an import of `target` settles, or 0 */
PyObject *lz_unused(void);          /* new reference: list of the deferrals told in this file that no use settled */
void lz_forget_deferrals(int forked); /* none of them is told in this file; where it was not a fork, there are none */

/* recorder.c: an import; NULL: not recorded */
typedef struct LzLoad LzLoad;
LzLoad *lz_load_begin(PyObject *name);
void lz_load_end(LzLoad *load, PyObject *module);
void lz_forget_loads(void);         /* those in progress are another process's */

/* around.c: who wants to stand around an import */
enum { LZ_COLLECT_RARELY = 1, LZ_RECORD = 2, LZ_NATIVE_JOB = 4 };
int lz_around(int job, int on);

/* ---- usage.c: what has been used so far --------------------------------------------------------------------------------------------------------- */

typedef struct {
    LzTime wall, cpu;
    int64_t minor, major, read;
    int64_t peak;              /* of the process's memory; a program that was started by a greater one begins with that one's */
} LzUsage;
typedef struct {
    LzTime at, user, system, cpu;
    int64_t minor, major, read, rss, modules;
} LzCounters;
LzTime lz_now(void);
void lz_thread_usage(LzUsage *usage);
void lz_thread_clocks(LzUsage *usage); /* the two clocks of it */
void lz_thread_faults(LzUsage *usage); /* all but the clocks, which are 0 */
void lz_process_usage(LzCounters *counters);
int64_t lz_resident(void);          /* bytes of memory that the process has now */
int64_t lz_resident_at(const LzUsage *usage); /* the same, as of a short while ago */
int lz_is_main_thread(void);
int lz_ends_site(PyObject *name, LzAsker *asker); /* recording.c: the start-up files have run, as the import of `name` tells */

/* ---- journal.c: the file ------------------------------------------------------------------------------------------------------------------------ */

int lz_text(PyObject *text);        /* its number; 0 is none */
void lz_line(const char *kind);
void lz_number(int64_t number);
void lz_line_end(LzTime now);
void lz_raw_line(const char *line, Py_ssize_t size, LzTime now);
void lz_flush(void);
int64_t lz_dropped(void);
int lz_record_open(PyObject *path, LzTime base, int forked);
void lz_journal_close(void);        /* what is in memory is another process's, or nobody's */

/* opened.c */
int lz_watch_files(int on);
void lz_forget_files(void);         /* which were told */

/* ---- recording.c: the state of the recorder and of a thread -------------------------------------------------------------------------------------- */

typedef struct {
    int64_t imports, failed, loaded, outermost_wall, outermost_cpu, outermost_minor, outermost_major;
    int64_t hidden, hidden_wall, hidden_cpu, deferred, used, opened;
} LzTotals;

typedef struct {
    int epoch;                 /* goes up with each start, stop and fork: what began before is not ours */
    LzTime base;               /* times count from here */
    PyObject *reopen;          /* owned: makes a forked child's file, and calls lz_record_open() */
    PyObject *waiting;         /* owned: dict, target -> [deferral] that only an import tells of, or NULL */
    PyObject *loaded;          /* owned: set of names that imports loaded */
    PyObject *spec_type;       /* owned: the import system's ModuleSpec */
    PyObject *proxies;         /* owned: list of types of proxies that have not been executed */
    int n_imports, n_threads;
    int forked, main_seen;
    LzCounters site;           /* when the start-up files had been read; at 0: not known */
    LzTotals totals;
} LzRecorder;
extern LzRecorder lz_recorder;

typedef struct {
    int epoch, number;
    int import;                /* the innermost import in progress, 0: none */
    int depth;                 /* how many are */
    int children;              /* lines about imports during the innermost one */
    int using;                 /* the next import is a first use's own */
    int hidden;                /* lazyimp's own imports in progress */
    int use;                   /* of the innermost import: why, and where it was asked for */
    void *frame;
    int offset;
} LzThread;
LzThread *lz_thread(void);          /* of the calling thread */
int lz_wakes(void);                 /* whether something is to be recorded now; a forked child opens its file */

void lz_counters(LzCounters *counters);
void lz_write_mark(PyObject *name, LzTime at, const LzCounters *counters);
void lz_saw_main(LzTime now);       /* the main program's own code runs */

int lz_record_start(PyObject *reopen, PyObject *folder, PyObject *proxies);
void lz_record_forked(void);
int lz_record_stop(void);

PyObject *lz_type_name(PyObject *type); /* new reference to the last part of its name, or NULL without an error */
const char *lz_ascii(PyObject *text, Py_ssize_t *size); /* UTF-8 of a text, or NULL without an error */

#endif
