"""What a record says of its process besides what happens in it: who it is, what it runs, since when; its modules.

HOT, loaded only where a process is recorded. The fields are described in lazyimp/record.
"""

import os
import sys
import time

from lazyimp import _program

_MODULE = type(sys)
_dict_of = _MODULE.__dict__["__dict__"].__get__
OURS = ("lazyimp", "lazyimp_c", "cython_runtime")  # the last comes with the second
EARLIEST = 10 * 365 * 86_400 * 10**9  # a time to count from that lies further back was not meant


def make(version, core, mode, forked, t0, now):
    """The header, as a dict; `t0` is when the run began by who started it, or None; `now` the monotonic clock."""
    start = process_start(now)
    wall = time.time_ns()
    began, source = time_zero(t0, wall, None if start is None else wall + start - now)
    return {
        "format": "lazyimp-record",
        "version": 1,
        "lazyimp": version,
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "forked": forked,
        "python": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": platform(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "stdlib": stdlib(),
        "core": core,
        "mode": mode,
        "main": main(forked),
        "cwd": folder(),
        "mono_ns": now,
        "unix_ns": wall,
        "cpu_ns": time.process_time_ns(),
        "start_mono_ns": start,
        "t0_unix_ns": began,
        "t0_source": source,
        **ranks(os.environ),
        "before": [name for name in list(sys.modules) if not is_ours(name)],
    }


def is_ours(name):
    """The module is lazyimp's own."""
    return name.partition(".")[0] in OURS


def platform():
    """The system and its processor, such as "linux-x86_64"."""
    uname = getattr(os, "uname", None)
    return f"{sys.platform}-{uname().machine}" if uname is not None else sys.platform


def folder():
    """The working folder; "" where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def stdlib():
    """The folders of the standard library."""
    first = getattr(sys, "_stdlib_dir", None) or os.path.dirname(os.__file__)
    rest = [
        path for path in sys.path if path.endswith(("lib-dynload", "DLLs")) and not path.startswith(first)
    ]
    return [first, *rest]


# -- what runs -----------------------------------------------------------------------------------------------


def main(forked=False):
    """What the interpreter was started to run: its kind and its name."""
    argv = list(getattr(sys, "argv", None) or [""])
    script = argv[0]
    if is_worker(argv, forked):
        return {"kind": "worker", "name": os.path.abspath(script) if script[:1] not in ("-", "") else script}
    if script in ("-c", "", "-"):
        return {"kind": {"-c": "code"}.get(script, "stdin"), "name": script or "-"}
    module = module_of(argv)
    if module is not None:
        return {"kind": "module", "name": module}
    path = os.path.abspath(script)
    if os.path.dirname(path) == os.path.dirname(sys.executable or ""):
        return {"kind": "command", "name": os.path.basename(path)}
    return {"kind": "script", "name": path}


def is_worker(argv, forked):
    """Another process started this one to work for it: with multiprocessing, or joblib's way of it."""
    return (
        "--multiprocessing-fork" in argv
        or any(word.startswith("LokyProcess-") for word in argv)
        or (forked and _is_below(("/multiprocessing/popen_fork.py", "/multiprocessing/forkserver.py")))
    )


def _is_below(files):
    """A function of one of these files runs further up."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.endswith(files):
        frame = frame.f_back
    return frame is not None


def module_of(argv):
    """The module that `-m` names, while start-up runs or later; None without."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if argv[0] != "-m":
        name = getattr(spec, "name", None)
        return name.removesuffix(".__main__") if isinstance(name, str) else None
    return _program.module_of(argv, getattr(sys, "orig_argv", ())) or "-m"


# -- since when ----------------------------------------------------------------------------------------------


def process_start(now):
    """When the process started, on the monotonic clock; None where the system does not say."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        since_boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return now - (since_boot - ticks * 10**9 // os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):
        return None


def time_zero(given, wall, start):
    """(when time to first batch begins to count, in ns since 1970, and who says so)."""
    for source, text, unit in (
        ("LAZYIMP_T0", given, 1),
        ("SLURM_JOB_START_TIME", os.environ.get("SLURM_JOB_START_TIME"), 10**9),
    ):
        if text and text.isascii() and text.isdigit() and wall - EARLIEST < int(text) * unit <= wall:
            return int(text) * unit, source
    return (wall, "interpreter hook") if start is None else (start, "process start")


def ranks(environment):
    """This process's place in its job: the launcher's variables, else Slurm's; None without."""
    names = (
        ("rank", "RANK", "SLURM_PROCID"),
        ("local_rank", "LOCAL_RANK", "SLURM_LOCALID"),
        ("world_size", "WORLD_SIZE", "SLURM_NTASKS"),
    )
    found = {}
    for key, *variables in names:
        texts = [environment.get(name, "") for name in variables]
        found[key] = next((int(text) for text in texts if text.isascii() and text.isdigit()), None)
    return found


# -- what is there -------------------------------------------------------------------------------------------


def origin(module):
    """Where a module came from, by its spec or its file; asks no code of the module's; None where nobody says."""
    if not issubclass(type(module), _MODULE):
        return None
    space = _dict_of(module)
    found = getattr(space.get("__spec__"), "origin", None)
    if found is None:
        found = space.get("__file__")
    return found if type(found) is str else None


def libraries():
    """The native libraries that are mapped, sorted; none where the system does not say."""
    try:
        with open("/proc/self/maps", "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return []
    paths = {line[line.find(b"/") :] for line in lines if b" r-xp " in line and b".so" in line}
    return sorted(os.fsdecode(path) for path in paths if not path.endswith(b" (deleted)"))
