"""Keeps what the policy said in the user's cache folder, one file for a program under one sys.path (core `native`).

HOT. A start that finds all its answers here loads no policy. A file is about the interpreter, the switches, the
configuration, the profile and all folders on sys.path as they are; where one of these changed, it is written anew
when the program ends. The answers on a module are void once its own file changed (lazyimp_c/answers.pxi), and those
on the user's own modules are not kept, since their code decides.
"""

import _imp
import marshal
import os
import sys

import lazyimp_c
from lazyimp import _native, _program

FORMAT = "1"
MOST_FILES = 300
MOST_MODULES = 4000  # in one file: a program that loads others each time keeps the last run's
SUFFIXES = (*_imp.extension_suffixes(), ".py", ".pyc", ".egg-link")

_used = []  # the Answers of this process
writes_at_exit = [False]


def recall(wanted=True):
    """Use the answers of earlier runs under this sys.path, where some are `wanted`."""
    about = getattr(_native.policy_factory, "about", None)
    made = None
    if wanted and about is not None:
        try:
            made = _read(about)
        except Exception:  # a folder that is gone, a name that cannot be encoded
            _native.debug()
    lazyimp_c.native_answers(made)


def is_same_folder(folder):
    """The working folder, which is on sys.path, is this one."""
    try:
        return os.getcwd() == folder
    except OSError:
        return False


def is_unchanged(stamp):
    """A distribution whose code was looked at is as it was; `stamp` is as `_inside.excuses` begins."""
    kind, place, seen = stamp[1], *stamp[2:].split("\0")
    return _program.stamp_of(place, kind == "p") == seen


def _read(about):
    path = tuple(sys.path)
    here = os.getcwd()
    folder = here if "" in path else None
    # installed modules in the working folder count as the user's own
    key = (_program_words(), about, folder or here in path, path)
    name = _imp.source_hash(_imp.pyc_magic_number_token, repr(key).encode("utf-8", "surrogatepass")).hex()
    file = os.path.join(_program.cache_folder("answers", FORMAT), f"{name}.bin")
    for other in _used:
        if other.file == file:
            return other  # sys.path is again what it was
    key = (sys.version, sys.flags.optimize, key, _stamps(about, path, folder))
    made = lazyimp_c.Answers(file, key, path, folder, *_found(file, key))
    _used.append(made)
    return made


def _found(file, key):
    try:
        with open(file, "rb") as opened:
            data = opened.read()  # marshal.load reads a few bytes at a time
        known, environment, found = marshal.loads(data)
        if known == key and all(os.environ.get(name) == value for name, value in environment.items()):
            return environment, dict(found)
    except (OSError, EOFError, ValueError, TypeError, AttributeError):
        pass  # none yet, or cut off
    return {}, {}


def _program_words():
    argv = getattr(sys, "argv", None) or [""]
    if argv[0] == "-m":
        return "-m", _program.module_of(argv, sys.orig_argv)
    return os.path.abspath(argv[0]) if argv[0] not in ("", "-c", "-") else argv[0], sys.executable


# -- what the answers are bound to -----------------------------------------------------------------------------


def _stamps(about, path, folder):
    """What changes when something else may be imported, or decided, than before."""
    return (
        [_of_file(each) for each in about[1:] if each is not None],
        [_of_folder(each or folder) for each in path],
        _of_ourselves(path),
    )


def _of_file(path):
    info = os.stat(path)
    return info.st_mtime_ns, info.st_size


def _of_folder(path):
    """When a folder of installed modules changed; of any other, which holds a program's files, what can be imported."""
    if path.endswith(("site-packages", "dist-packages")) or path.startswith(os.path.dirname(os.__file__)):
        return _changed(path)
    try:
        names = os.listdir(path)
    except OSError:
        return _changed(path)  # an archive, or nothing
    if any(name.endswith((".dist-info", ".egg-info")) for name in names):
        return _changed(path)
    # a folder without __init__.py hides nothing that comes after it
    return sorted([name for name in names if name.endswith(SUFFIXES) or _is_package(path, name)])


def _is_package(path, name):
    return "." not in name and any(os.path.isfile(f"{path}/{name}/__init__{suffix}") for suffix in SUFFIXES)


def _changed(path):
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _of_ourselves(path):
    """lazyimp as it is, where it runs from its source."""
    home = os.path.dirname(__file__)
    if os.path.dirname(home) in path and home.endswith(("site-packages/lazyimp", "site-packages\\lazyimp")):
        return None  # installing it anew changes that folder
    folders = (home, os.path.join(home, "recipes"))
    files = [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)]
    files.append(lazyimp_c.__file__)
    return max([_changed(each) or 0 for each in files])


# -- the end -----------------------------------------------------------------------------------------------------


def await_end():
    """When the program ends, what it had to find out is kept."""
    was_loaded = "atexit" in sys.modules
    import atexit

    if not writes_at_exit[0]:
        writes_at_exit[0] = True
        atexit.register(_write)
    if not was_loaded:
        del sys.modules[
            "atexit"
        ]  # else no statement that imports it would be asked about, and its answer not kept


def _write():
    from lazyimp import _tables

    for made in _used:
        try:
            added = made.added()
            if not added or made.key[3] != _stamps(made.key[2][1], made.path, made.folder):
                continue  # nothing is new, or something was installed meanwhile
            asked, found = {**made.environment, **_tables.asked}, made.found
            if len(found) > MOST_MODULES or any(
                asked[name] != made.environment[name] for name in made.environment
            ):
                asked, found = _tables.asked, {}
            _put(made.file, marshal.dumps((made.key, asked, {**found, **added})))
        except (OSError, ValueError, OverflowError):
            continue


def _put(file, data):
    home = os.path.dirname(file)
    os.makedirs(home, mode=0o700, exist_ok=True)
    temporary = f"{file}.{os.getpid()}"
    try:
        with open(temporary, "wb") as opened:
            opened.write(data)
        os.replace(temporary, file)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    if (names := os.listdir(home)) and len(names) > MOST_FILES:
        _forget_oldest(home, names)


def _forget_oldest(home, names):
    aged = sorted([(os.stat(os.path.join(home, name)).st_mtime_ns, name) for name in names])
    for _, name in aged[: MOST_FILES // 3]:
        os.unlink(os.path.join(home, name))
