"""A record's file, written in Python: `lazyimp_c/journal.c` and `usage.c` for interpreters without the extension.

HOT. Lines are put together in memory and appended whole, through a descriptor that lives for one write. What
cannot be written is dropped and counted.
"""

import os
import sys
import time
from _thread import RLock

FULL = 32 * 1024  # so many bytes are written at once
OFTEN = 100_000_000  # ns between writes, unless there is more
SLOW = 100  # a write that took long is not repeated before this many times its time: 1 % at most
BLOCK = 512  # ru_inblock counts these
FLAGS = sum(getattr(os, f"O_{word}", 0) for word in ("WRONLY", "APPEND", "NOFOLLOW", "NOCTTY", "NONBLOCK"))

lock = RLock()
state = {"path": None, "base": 0, "pid": 0, "file": None, "busy": False, "due": 0, "torn": False, "told": 0}
texts = {}  # text -> its number in the file
lines = []  # bytes, not written yet
lost = [0]


def _resource():
    """The module that counts page faults, left out of sys.modules as it was; None where there is none."""
    was_loaded = "resource" in sys.modules
    try:
        import resource
    except ImportError:
        return None
    if not was_loaded:
        del sys.modules["resource"]
    return resource


_usage = None


def prepare():
    """Load what the counters need, once."""
    global _usage
    if _usage is None:
        _usage = _resource() or False


# -- counters ------------------------------------------------------------------------------------------------


def thread_usage():
    """(monotonic, cpu, minor, major, read) of the calling thread; faults of the process where threads have none."""
    minor = major = read = 0
    if _usage:
        used = _usage.getrusage(getattr(_usage, "RUSAGE_THREAD", _usage.RUSAGE_SELF))
        minor, major, read = used.ru_minflt, used.ru_majflt, used.ru_inblock * BLOCK
    return time.monotonic_ns(), time.thread_time_ns(), minor, major, read


def counters():
    """(monotonic, user, system, cpu, minor, major, read, rss, modules) of the process."""
    now, times = time.monotonic_ns(), os.times()
    minor = major = read = peak = 0
    if _usage:
        used = _usage.getrusage(_usage.RUSAGE_SELF)
        minor, major, read = used.ru_minflt, used.ru_majflt, used.ru_inblock * BLOCK
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    user, system = int(times.user * 1e9), int(times.system * 1e9)
    peak = _number("/proc/self/status", b"\nVmHWM:", 1024) or peak
    return now, user, system, time.process_time_ns(), minor, major, read, peak, len(sys.modules)


def resident():
    """The bytes of memory that the process has; 0 where the system does not say."""
    return _number("/proc/self/status", b"\nVmRSS:", 1024)


def _number(path, key, unit):
    """The number behind `key` in a file of /proc, by descriptor: an audit hook of the program's is not ours to call."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return 0
    try:
        words = os.read(file, 4096).partition(key)[2].split(None, 1)
    except OSError:
        return 0
    finally:
        os.close(file)
    return int(words[0]) * unit if words else 0


# -- lines ---------------------------------------------------------------------------------------------------


def row(kind, *values):
    """Append a line; strings become texts, None is none."""
    with lock:
        if state["busy"] or state["path"] is None:
            lost[0] += state["busy"]
            return
        state["busy"] = True  # a signal's handler or a finalizer may import in the midst of this
        try:
            numbers = [value if type(value) is int else _text(value) for value in values]
            lines.append(f'["{kind}",{",".join(map(str, numbers))}]\n'.encode("ascii"))
            _flush_when_due()
        finally:
            state["busy"] = False


def raw(line):
    """Append a line that is whole already, but for its end."""
    with lock:
        if not state["busy"] and state["path"] is not None:
            lines.append(line + b"\n")
            flush()


def _text(value):
    """The number of a text; 0 for none."""
    if not value:
        return 0
    value = str.__str__(value)
    number = texts.get(value)
    if number is None:
        from lazyimp._json import json

        number = texts[value] = len(texts) + 1
        lines.append(f'["s",{json(value)}]\n'.encode("ascii"))
    return number


def _flush_when_due():
    # a forked process may end without a word to anybody
    if state["forked"] or time.monotonic_ns() >= state["due"] or sum(map(len, lines)) >= FULL:
        _flush()


def flush():
    """Append what is in memory to the file."""
    with lock:
        if not state["busy"] and lines:
            state["busy"] = True
            try:
                _flush()
            finally:
                state["busy"] = False


def _flush():
    began = time.monotonic_ns()
    data = b"".join(lines)
    told = sum(line.startswith(b'["s"') for line in lines)
    if state["pid"] != os.getpid() or not _append(data):
        lost[0] += len(lines)
        if told:
            texts.clear()  # tell them again; the numbers go on behind those that are in the file
            texts.update({number: number for number in range(1, state["told"] + 1)})
    else:
        state["told"] += told
    lines.clear()
    now = time.monotonic_ns()
    state["due"] = now + max(OFTEN, SLOW * (now - began))


def _append(data):
    """Whether `data` is in the file; of what did not fit nothing stays."""
    try:
        file = os.open(state["path"], FLAGS)
    except OSError:
        return False
    try:
        found = os.fstat(file)
        if (found.st_dev, found.st_ino) != state["file"] or not _fits(found.st_size + len(data)):
            return False
        if state["torn"]:
            os.write(file, b"\n")
            state["torn"] = False
        return _write(file, data, found.st_size)
    except OSError:
        return False
    finally:
        os.close(file)


def _write(file, data, size):
    done = 0
    try:
        while done < len(data):
            done += os.write(file, data[done:])
    except OSError:
        if done:
            try:
                os.ftruncate(file, size)
            except OSError:
                state["torn"] = True
        return False
    return True


def _fits(size):
    """A file that grew past the limit would be the program's end, by a signal."""
    limit = _usage.getrlimit(_usage.RLIMIT_FSIZE)[0] if _usage else -1
    return limit == -1 or size <= limit


def open_file(path, base, forked):
    """Lines go to the file at `path`, which has its header; times count from `base`."""
    found = os.stat(path)
    texts.clear()
    lines.clear()
    lost[0] = 0
    state.update(path=path, base=base, pid=os.getpid(), file=(found.st_dev, found.st_ino), told=0, torn=False)
    state.update(busy=False, forked=forked, due=time.monotonic_ns() + OFTEN)


def close_file():
    """What is in memory is another process's, or nobody's."""
    global lock
    lock = RLock()  # another thread may have held it when this process was forked
    lines.clear()
    texts.clear()
    state.update(path=None, busy=False)
