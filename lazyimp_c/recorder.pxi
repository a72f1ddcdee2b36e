# What lazyimp._recorder calls; lazyimp._recorder_py does the same without the extension.

from libc.stdint cimport int64_t

cdef extern from "record.h":
    ctypedef struct LzUse:
        int deferral
    ctypedef struct LzCounters:
        int64_t at, user, system, cpu, minor, major, read, rss, modules
    ctypedef struct LzUsage:
        int64_t wall, cpu, minor, major, read
    ctypedef struct LzTotals:
        int64_t imports, failed, loaded, outermost_wall, outermost_cpu, outermost_minor, outermost_major
        int64_t hidden, hidden_wall, hidden_cpu, deferred, used, opened
    ctypedef struct LzRecorder:
        LzTotals totals
        int64_t base
        PyObject *loaded
    LzRecorder lz_recorder
    int lz_recording
    int lz_record_start(object reopen, object folder, object proxies) except -1
    int lz_record_open(object path, int64_t base, int forked) except -1
    int lz_record_stop() except -1
    void lz_record_forked()
    int lz_wakes()
    int lz_text(object text)
    void lz_line(const char *kind)
    void lz_number(int64_t number)
    void lz_line_end(int64_t now)
    void lz_raw_line(const char *line, Py_ssize_t size, int64_t now)
    void lz_flush()
    int64_t lz_now()
    int64_t lz_dropped()
    void lz_counters(LzCounters *counters)
    void lz_thread_usage(LzUsage *usage)
    void lz_write_mark(object name, int64_t at, LzCounters *counters)
    int lz_note_deferral_at(object module, object bound, object target, object attribute, object file, int line, int kind, int wait)
    void lz_use_begin(LzUse *use, int deferral)
    void lz_use_end(LzUse *use, PyObject *error)
    object lz_unused()
    int lz_watch_files(int on) except -1


def record_start(reopen, folder, list proxies):
    """Begin to record imports; `reopen()` makes a forked child's file, `folder` holds lazyimp, `proxies` the types of proxies."""
    lz_record_start(reopen, folder, proxies)


def record_open(bytes path, int64_t base, bint forked=False):
    """Lines go to the file at `path`, which has its header; times count from `base`."""
    lz_record_open(path, base, forked)


def record_stop():
    """Record nothing from here on, and let go of everything; what is not written is lost."""
    lz_record_stop()


def record_forked():
    """This is a forked child: it opens a file of its own at its first event."""
    lz_record_forked()


def record_wakes():
    """Whether something that happens now is recorded."""
    return lz_recording != 0 and lz_wakes() != 0


def record_active():
    """Whether this process has a file."""
    return lz_recording == 1


def record_base():
    """The monotonic clock at which the record's times are 0."""
    return lz_recorder.base


def record_row(str kind, *values):
    """Append a line; strings become texts, None is none."""
    cdef list numbers = [lz_text(value) if value is None or isinstance(value, str) else value for value in values]
    cdef bytes name = kind.encode("ascii")
    lz_line(name)
    for number in numbers:
        lz_number(number)
    lz_line_end(lz_now())


def record_line(bytes line):
    """Append a whole line, an array in JSON."""
    lz_raw_line(line, len(line), lz_now())


def record_flush():
    """Write what is in memory."""
    lz_flush()


def record_mark(str name, at=None):
    """A mark, now, or at an earlier time of the monotonic clock."""
    cdef LzCounters counters
    lz_counters(&counters)
    lz_write_mark(name, counters.at if at is None else at, &counters)
    lz_flush()


def record_counters():
    """(monotonic, user, system, cpu, minor, major, read, rss, modules) of the process."""
    cdef LzCounters c
    lz_counters(&c)
    return c.at, c.user, c.system, c.cpu, c.minor, c.major, c.read, c.rss, c.modules


def record_usage():
    """(monotonic, cpu, minor, major, read) of the calling thread."""
    cdef LzUsage usage
    lz_thread_usage(&usage)
    return usage.wall, usage.cpu, usage.minor, usage.major, usage.read


def record_deferral(module, bound, target, attribute, file, int line, int kind, bint wait=False):
    """The number of a new deferral; `wait`: only an import of its target tells of its first use."""
    return lz_note_deferral_at(module, bound, target, attribute, file, line, kind, wait)


cdef class FirstUse:
    """A first use in progress."""
    cdef LzUse use

    def __call__(self, error):
        """It ended, with an error or None."""
        kind = type(error)
        lz_use_end(&self.use, NULL if error is None else <PyObject *>kind)


def record_use(int deferral):
    """The first use of a deferral begins; call what this returns with its error, or None, at its end."""
    cdef FirstUse first = FirstUse()
    lz_use_begin(&first.use, deferral)
    return first


def record_unused():
    """The deferrals of this file that no use settled."""
    return lz_unused()


def record_loaded():
    """The names that imports loaded."""
    return set(<object>lz_recorder.loaded) if lz_recorder.loaded != NULL else set()


def record_dropped():
    """How many lines could not be written."""
    return lz_dropped()


def record_files(bint on):
    """Record the files that Python code opens, or no longer."""
    lz_watch_files(on)


def record_totals():
    """What the imports so far came to; times of outermost ones in the main thread."""
    cdef LzTotals t = lz_recorder.totals
    return {
        "imports": t.imports, "failed": t.failed, "loaded": t.loaded,
        "wall_ns": t.outermost_wall, "cpu_ns": t.outermost_cpu, "minor_faults": t.outermost_minor, "major_faults": t.outermost_major,
        "hidden": t.hidden, "hidden_wall_ns": t.hidden_wall, "hidden_cpu_ns": t.hidden_cpu,
        "deferred": t.deferred, "used": t.used, "opened": t.opened,
    }
