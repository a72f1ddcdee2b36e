"""Records: what one run wrote down about its imports. This docstring is the format; `read_record` reads it.

A record is one file per process: the run's own, `NAME`, and `NAME.<pid>` (`NAME.<pid>.<n>` where a process
number was used again) for each process started below it. A file is JSON Lines in UTF-8, only ever appended to,
so a process that dies leaves all its whole lines; a last line without its newline is ignored. The first line is
the header, an object; every other line is an array whose first element tells its kind.

Times are integers in nanoseconds. `start` and `at` are on the monotonic clock, counted from the header's
`mono_ns` (a negative number lies before it). `cpu` of an import and of a phase is the time its thread computed,
`cpu` of a mark and of the end that of the whole process since it began. A *text* is a number: 0 is none, n the
n-th `s` line of this file. Fields that a reader does not know, at the end of an array, are ignored, and so are
kinds it does not know.

The header:

    format     "lazyimp-record"
    version    1; a reader refuses a larger one
    lazyimp    our version
    pid, ppid  the process, and who started it
    forked     true in a process that was forked and had no start of its own
    python     "3.11.7"; implementation "cpython"; platform "linux-x86_64"
    executable, prefix, base_prefix    as in sys
    stdlib     [folders of the standard library]
    core, mode c, native, py or null; safe, deep, all, or "0" for an eager run
    main       {"kind": "script" | "module" | "code" | "command" | "stdin" | "worker", "name": path or name}
    cwd        the working folder
    mono_ns, unix_ns, cpu_ns    monotonic, wall clock and processor time when recording began
    start_mono_ns               when the process started, by the operating system (10 ms steps on Linux), or null
    t0_unix_ns, t0_source       where time to first batch counts from, and who said so: "LAZYIMP_T0",
               "SLURM_JOB_START_TIME", "process start" or "interpreter hook"
    rank, local_rank, world_size   from RANK, LOCAL_RANK, WORLD_SIZE or Slurm's variables; null without
    before     [names of modules that were loaded before recording began]

The lines:

    ["s", text]   the next text
    ["i", id, parent, thread, name, file, line, start, wall, cpu, minor, major, read, rss, origin, how, error, use,
     function]
        an import that the import system carried out, written when it ended; ids count in the order of their
        starts. parent: the import during which it happened in the same thread, 0 for none. thread: 0 is the
        main one. name, file (of the importer), origin (of its spec), error (type of what it raised): texts.
        line: the importer's. minor, major: page faults; read: bytes read from disk; rss: bytes that the
        process grew; what came with fewer than 32 page faults may be told with a later import. how: 0 it was
        loaded, 1 it failed, 2 it was there, or being loaded by somebody else. use: who asked: 0 an import
        statement, 1 the first use of something deferred, 2 a call. function: the name of the code that asked, 0
        for a module's own; left out where it is not known.
    ["d", id, module, bound, target, attribute, file, line, kind, at]
        a deferral: `module`'s statement at file:line left the name `bound` (texts) for `target`, or
        `target`.`attribute`. kind: 0 a binding, 1 a proxy, 2 a submodule made reachable from its package.
    ["u", deferral, file, line, function, at, wall, error]
        the first use of a deferral, by whom, and how long it took to settle; error: 0 unless it failed.
        Without one it was never used. A function that ends in " <running>" did not use it yet: it names it, and was
        running as deferring stopped, so that it was loaded. On core native only uses that loaded a module are seen.
    ["o", path, at, import, writes]
        a file opened the first time, by Python code; import: 0 or during which. writes: 0 or 1. What the import
        system reads for a module itself is left out.
    ["l", path, ...]    native libraries mapped, not told before
    ["p", name, start, wall, cpu, minor, major, detail]
        a phase that ended; name: a text from PHASES, or the user's own; detail: a text
    ["m", name, at, cpu, minor, major, read, rss, modules]
        a mark: an instant with its name, and what the process came to; rss: its peak, in bytes; modules: how many
        were loaded. The recorder's own: "hook", "site", "main" (the program's first line), "first fetch",
        "first backward", "first step", "last step", "exit"; any other is the user's.
    ["b", rule, confidence, at, cpu, minor, major, read, rss, modules, framework]
        the first batch: rule, confidence (high, medium, low) and framework are texts; the rest as for a mark
    ["r", rule, at, why]    a moment that might have been the first batch, and why it was not
    ["x", name, origin]     a module that was there at the end and that no import above loaded
    ["v", key, value]       a fact that came later: "sys_path" [folders], "main" as in the header, "core", "mode",
                            "profile" the tuned profile's file, where one is in use, "counts" {kind: n},
                            "never" [deferral ids pending at the end], "dropped" n lines lost
    ["e", at, user, system, minor, major, read, rss, modules, exception]
        the end: processor times apart; exception: the type that ended it, a text. Missing after a crash.
"""

from lazyimp.record.reading import read_one, read_record
from lazyimp.record.values import (
    BINDING,
    CALL,
    FAILED,
    FIRST_USE,
    FORMAT,
    LOADED,
    PHASES,
    PROXY,
    RUNNING,
    STATEMENT,
    SUBMODULE,
    THERE,
    VERSION,
    Counters,
    Deferral,
    End,
    FirstBatch,
    Import,
    Mark,
    Opened,
    Phase,
    Record,
    RecordError,
    Rejected,
    Use,
)

__all__ = [
    "BINDING",
    "CALL",
    "FAILED",
    "FIRST_USE",
    "FORMAT",
    "LOADED",
    "PHASES",
    "PROXY",
    "RUNNING",
    "STATEMENT",
    "SUBMODULE",
    "THERE",
    "VERSION",
    "Counters",
    "Deferral",
    "End",
    "FirstBatch",
    "Import",
    "Mark",
    "Opened",
    "Phase",
    "Record",
    "RecordError",
    "Rejected",
    "Use",
    "read_one",
    "read_record",
]
