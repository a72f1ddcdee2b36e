/* Journal: the record's file. Lines are put together in memory and appended whole, by a descriptor that lives for one write: a program may close any. */
#include "record.h"

#include <fcntl.h>
#include <sys/stat.h>
#if !defined(_WIN32)
#include <sys/resource.h>
#include <unistd.h>
#endif

#define FULL (32 * 1024)          /* so many bytes are written at once */
#define OFTEN 100000000           /* ns between writes, unless the buffer is full sooner */
#define SLOW 100                  /* a write that took long is not repeated before this many times its time: 1 % at most */

static struct {
    PyObject *path;     /* owned: absolute, bytes */
    PyObject *texts;    /* owned: dict, text -> its number in this file */
    char *bytes;        /* owned */
    size_t whole;       /* how much of it is whole lines */
    size_t used, room;
    int broken;         /* the line at the end could not be put together */
    int n_texts, n_written_texts, n_lines;
    int torn;           /* the file ends within a line */
    int64_t dropped;
    LzTime due;         /* when to write, at the latest */
#if !defined(_WIN32)
    pid_t pid;
    dev_t device;
    ino_t inode;
#endif
} journal;

/* ---- lines -------------------------------------------------------------------------------------------------------------------------------------- */

static char *
reserve(size_t more)
{
    if (journal.used + more > journal.room) {
        size_t room = journal.room ? journal.room * 2 : 2 * FULL;
        while (room < journal.used + more) {
            room *= 2;
        }
        char *bytes = realloc(journal.bytes, room);
        if (bytes == NULL) {
            journal.broken = 1;
            return NULL;
        }
        journal.bytes = bytes;
        journal.room = room;
    }
    return journal.bytes + journal.used;
}

static void
put(const char *bytes, size_t size)
{
    char *end = reserve(size);
    if (end != NULL) {
        memcpy(end, bytes, size);
        journal.used += size;
    }
}

void
lz_line(const char *kind)
{
    journal.broken = 0;
    journal.used = journal.whole; /* what somebody began and did not end is gone */
    put("[\"", 2);
    put(kind, strlen(kind));
    put("\"", 1);
}

void
lz_number(int64_t number)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0) {
        *--p = '-';
    }
    *--p = ',';
    put(p, (size_t)(digits + sizeof digits - p));
}

static void
end_line(void)
{
    put("]\n", 2);
    if (journal.broken) {
        journal.used = journal.whole;
        journal.dropped++;
        return;
    }
    journal.whole = journal.used;
    journal.n_lines++;
}

void
lz_line_end(LzTime now)
{
    end_line();
    int at_once = lz_recorder.forked && lz_thread()->depth == 0; /* such a process may end without a word to anybody */
    if (at_once || journal.whole >= FULL || now >= journal.due) {
        lz_flush();
    }
}

void
lz_raw_line(const char *line, Py_ssize_t size, LzTime now)
{
    journal.broken = 0;
    journal.used = journal.whole;
    put(line, (size_t)size);
    if (!journal.broken && journal.used > 0) {
        journal.used--; /* the bracket, which end_line() puts */
    }
    lz_line_end(now);
}

/* ---- texts -------------------------------------------------------------------------------------------------------------------------------------- */

/* One character as JSON in UTF-8; half a surrogate pair, which stands for a byte of a file's name, as \uXXXX. */
static void
put_character(Py_UCS4 c)
{
    char bytes[8];
    size_t size = 1;
    if (c < 0x20 || c == '"' || c == '\\' || (c >= 0xD800 && c < 0xE000)) {
        size = (size_t)snprintf(bytes, sizeof bytes, "\\u%04x", (unsigned int)c);
    }
    else if (c < 0x80) {
        bytes[0] = (char)c;
    }
    else {
        size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = size - 1; i > 0; i--, c >>= 6) {
            bytes[i] = (char)(0x80 | (c & 0x3F));
        }
        bytes[0] = (char)((0xF00 >> size & 0xFF) | c);
    }
    put(bytes, size);
}

/* ASCII that stands in JSON as it is: nearly all names and paths. */
static int
is_plain(PyObject *text)
{
    const char *p = PyUnicode_IS_COMPACT_ASCII(text) ? PyUnicode_DATA(text) : NULL;
    Py_ssize_t n = p ? PyUnicode_GET_LENGTH(text) : 0, i = 0;
    while (i < n && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
        i++;
    }
    return p != NULL && i == n;
}

static void
write_text(PyObject *text)
{
    lz_line("s");
    put(",\"", 2);
    if (is_plain(text)) {
        put(PyUnicode_DATA(text), (size_t)PyUnicode_GET_LENGTH(text));
    }
    else {
        for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(text); i++) {
            put_character(PyUnicode_READ_CHAR(text, i));
        }
    }
    put("\"", 1);
    end_line(); /* and no write: what refers to it goes with it */
}

int
lz_text(PyObject *text)
{
    if (text == NULL || !PyUnicode_Check(text) || PyUnicode_GET_LENGTH(text) == 0 || journal.texts == NULL) {
        return 0;
    }
    PyObject *exact = PyUnicode_FromObject(text); /* owned: looking up a subclass may run its code */
    PyObject *known = exact ? PyDict_GetItemWithError(journal.texts, exact) : NULL; /* borrowed */
    int number = known ? (int)PyLong_AsLong(known) : 0;
    if (exact != NULL && known == NULL) {
        PyObject *next = PyLong_FromLong(journal.n_texts + 1); /* owned */
        if (next != NULL && PyDict_SetItem(journal.texts, exact, next) == 0) {
            size_t before = journal.whole;
            write_text(exact);
            if (journal.whole > before) {
                number = ++journal.n_texts;
            }
            else if (PyDict_DelItem(journal.texts, exact) < 0) {
                PyErr_Clear();
            }
        }
        Py_XDECREF(next);
    }
    Py_XDECREF(exact);
    if (PyErr_Occurred()) {
        PyErr_Clear(); /* out of memory: the line goes without its text */
    }
    return number;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------------------------------- */

static void
forget(int lost)
{
    if (lost) {
        journal.dropped += journal.n_lines;
    }
    journal.whole = journal.used = 0;
    journal.n_lines = 0;
}

/* Nothing of the buffer is in the file: texts told in it have to be told again. */
static void
lose(void)
{
    forget(1);
    if (journal.n_texts != journal.n_written_texts && journal.texts != NULL) {
        PyDict_Clear(journal.texts);
        journal.n_texts = journal.n_written_texts;
    }
}

#if !defined(_WIN32)
/* How many texts the first `size` bytes of the buffer tell. */
static int
texts_in(size_t size)
{
    int found = 0;
    const char *p = journal.bytes, *end = journal.bytes + size, *line;
    while ((line = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        found += p[2] == 's';
        p = line + 1;
    }
    return found;
}

/* The record's file, opened; -1 where it is gone, or is another one now. */
static int
open_file(struct stat *found)
{
    int file = open(PyBytes_AS_STRING(journal.path), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (file >= 0 && (fstat(file, found) < 0 || found->st_dev != journal.device || found->st_ino != journal.inode)) {
        close(file);
        return -1;
    }
    return file;
}

/* A file that grew past the limit would be the program's end, by a signal. */
static int
fits(const struct stat *found, size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || (rlim_t)found->st_size + size <= limit.rlim_cur;
}

/* Appends the buffer; false where the file holds nothing of it that a reader could use. */
static int
append(int file, const struct stat *found)
{
    size_t done = 0, size = journal.whole;
    if (journal.torn && (!fits(found, size + 1) || write(file, "\n", 1) != 1)) {
        return 0;
    }
    journal.torn = 0;
    while (done < size && fits(found, size)) {
        ssize_t n = write(file, journal.bytes + done, size - done);
        if (n <= 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (done > 0 && done < size && ftruncate(file, found->st_size) < 0) {
        journal.torn = 1;
        journal.n_written_texts += texts_in(done);
    }
    return done == size;
}
#endif

void
lz_flush(void)
{
    if (journal.whole == 0 || journal.path == NULL) {
        return;
    }
#if !defined(_WIN32)
    int saved = errno;
    struct stat found;
    LzTime began = lz_now();
    if (getpid() != journal.pid) {
        lz_record_forked(); /* by a fork that Python was not told of; the lines are the parent's */
        return;
    }
    int file = open_file(&found);
    if (file >= 0 && append(file, &found)) {
        journal.n_written_texts = journal.n_texts;
        forget(0);
    }
    else {
        lose();
    }
    if (file >= 0) {
        close(file);
    }
    LzTime now = lz_now(), pause = SLOW * (now - began);
    journal.due = now + (pause > OFTEN ? pause : OFTEN);
    errno = saved;
#endif
}

int
lz_record_open(PyObject *path, LzTime base, int forked)
{
#if defined(_WIN32)
    PyErr_SetString(PyExc_OSError, "this system's records are written in Python");
    return -1;
#else
    struct stat found;
    if (stat(PyBytes_AS_STRING(path), &found) < 0) {
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
        return -1;
    }
    PyObject *texts = PyDict_New(); /* owned, kept */
    if (texts == NULL) {
        return -1;
    }
    Py_XSETREF(journal.texts, texts);
    Py_XSETREF(journal.path, Py_NewRef(path));
    forget(0);
    journal.n_texts = journal.n_written_texts = journal.torn = 0;
    journal.dropped = 0;
    journal.device = found.st_dev;
    journal.inode = found.st_ino;
    journal.pid = getpid();
    journal.due = lz_now() + OFTEN;
    lz_recorder.base = base;
    lz_recorder.forked = forked;
    return 0;
#endif
}

/* The lines in memory are another process's, or nobody's. */
void
lz_journal_close(void)
{
    forget(0);
    Py_CLEAR(journal.path);
    Py_CLEAR(journal.texts);
}

int64_t
lz_dropped(void)
{
    return journal.dropped;
}
