/* Usage: clocks, processor time, page faults, bytes read and memory, of this thread and of the process. What differs between systems is here. */
#include "record.h"

#include <fcntl.h>
#include <time.h>
#if !defined(_WIN32)
#include <sys/resource.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#define NS 1000000000LL
#define BLOCK 512 /* ru_inblock counts these */
#if defined(__APPLE__)
#define PEAK(ru_maxrss) ((int64_t)(ru_maxrss))
#else
#define PEAK(ru_maxrss) ((int64_t)(ru_maxrss) * 1024)
#endif

LzTime
lz_now(void)
{
    LzTime now = 0;
    LZ_MONOTONIC(&now);
    return now;
}

#if !defined(_WIN32)
static LzTime
clock_ns(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? (LzTime)now.tv_sec * NS + now.tv_nsec : 0;
}

static LzTime
timeval_ns(struct timeval value)
{
    return (LzTime)value.tv_sec * NS + (LzTime)value.tv_usec * 1000;
}
#endif

void
lz_thread_clocks(LzUsage *usage)
{
#if !defined(_WIN32)
    usage->cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
#endif
    usage->wall = lz_now();
}

void
lz_thread_faults(LzUsage *usage)
{
    memset(usage, 0, sizeof *usage);
#if !defined(_WIN32)
    struct rusage used;
#if defined(RUSAGE_THREAD)
    int failed = getrusage(RUSAGE_THREAD, &used);
#else
    int failed = getrusage(RUSAGE_SELF, &used); /* the nearest there is */
#endif
    if (!failed) {
        usage->minor = used.ru_minflt;
        usage->major = used.ru_majflt;
        usage->read = (int64_t)used.ru_inblock * BLOCK;
        usage->peak = PEAK(used.ru_maxrss);
    }
#endif
}

void
lz_thread_usage(LzUsage *usage)
{
    lz_thread_faults(usage);
    lz_thread_clocks(usage);
}

#if defined(__linux__)
/* Reads the start of a file of /proc into `text`; the descriptor does not live on, since a program may close all it finds. */
static int
read_proc(const char *path, char *text, size_t room)
{
    int saved = errno, file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, text, room - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    errno = saved;
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}
#endif

int64_t
lz_resident(void)
{
#if defined(__linux__)
    char text[128], *rest;
    if (read_proc("/proc/self/statm", text, sizeof text)) {
        static long page;
        if (page == 0) {
            page = sysconf(_SC_PAGESIZE);
        }
        (void)strtoll(text, &rest, 10); /* the size of its addresses comes first */
        return strtoll(rest, NULL, 10) * page;
    }
#endif
    return 0;
}

enum { FEW = 32, LITTLE = 256 * 1024 }; /* page faults of a thread; bytes: one fault may bring a large page, or a file's pages around it */

/* Reading it costs more than all else that is asked for an import, so it is read again where it may have changed by more than that. */
int64_t
lz_resident_at(const LzUsage *usage)
{
    static LZ_THREAD_LOCAL int64_t faults;
    static int64_t known, peak;
    int64_t all = usage->minor + usage->major, more = all - faults;
    if (more < 0 || more >= FEW || usage->peak - peak >= LITTLE) { /* less: a forked child counts from 0 */
        faults = all;
        peak = usage->peak;
        known = lz_resident();
    }
    return known;
}

/* The peak; what getrusage() tells survives exec(), so that a child would begin with its parent's. */
static int64_t
peak(int64_t from_rusage)
{
#if defined(__linux__)
    char text[4096];
    const char *line = read_proc("/proc/self/status", text, sizeof text) ? strstr(text, "\nVmHWM:") : NULL;
    return line != NULL ? strtoll(line + 7, NULL, 10) * 1024 : from_rusage;
#else
    return from_rusage;
#endif
}

void
lz_process_usage(LzCounters *counters)
{
    memset(counters, 0, sizeof *counters);
    counters->at = lz_now();
#if !defined(_WIN32)
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        counters->user = timeval_ns(used.ru_utime);
        counters->system = timeval_ns(used.ru_stime);
        counters->minor = used.ru_minflt;
        counters->major = used.ru_majflt;
        counters->read = (int64_t)used.ru_inblock * BLOCK;
        counters->rss = peak(PEAK(used.ru_maxrss));
    }
    counters->cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
#endif
}

int
lz_is_main_thread(void)
{
#if defined(__linux__)
    return getpid() == (pid_t)syscall(SYS_gettid);
#else
    static unsigned long first;
    if (first == 0) {
        first = PyThread_get_thread_ident();
    }
    return PyThread_get_thread_ident() == first;
#endif
}
