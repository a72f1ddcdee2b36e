"""What the body of an own module calls, reads and derives from: whether anybody could tell when it runs.

HOT, loaded with the first own module whose body does nothing at first sight (`lazyimp_c.effects`). What stays
to be deferred imports, defines functions and classes, and makes values that are the same at any time.
"""

import sys

from lazyimp._outline import KEEPING, Module, outline, split
from lazyimp_c import shared

# Standard modules whose calls draw, read or change what the whole program shares.
SHARED = frozenset(
    (
        *(
            "argparse",
            "asyncio",
            "atexit",
            "concurrent",
            "faulthandler",
            "fcntl",
            "fileinput",
            "gc",
            "getopt",
        ),
        *("getpass", "glob", "gzip", "importlib", "linecache", "locale", "multiprocessing", "optparse", "os"),
        *(
            "pickle",
            "pkgutil",
            "platform",
            "random",
            "resource",
            "runpy",
            "secrets",
            "select",
            "shelve",
            "shutil",
        ),
        *(
            "signal",
            "site",
            "socket",
            "sqlite3",
            "subprocess",
            "sys",
            "sysconfig",
            "tarfile",
            "tempfile",
            "time",
        ),
        *("tracemalloc", "unittest", "urllib", "uuid", "warnings", "zipfile", "configparser", "trace"),
    )
)
STEADY = frozenset(("os.path", "os.fspath", "os.sep", "sys.intern", "sys.getsizeof", "time.struct_time"))
BUILTINS = frozenset(
    (
        *(
            "__import__",
            "breakpoint",
            "delattr",
            "eval",
            "exec",
            "exit",
            "globals",
            "input",
            "locals",
            "next",
        ),
        *("open", "print", "quit", "setattr", "vars"),
    )
)
# Methods that look at files and folders.
FILES = frozenset(
    (
        *("cwd", "exists", "expanduser", "glob", "home", "is_dir", "is_file", "iterdir", "mkdir", "open"),
        *("read_bytes", "read_text", "rglob", "stat", "touch", "unlink", "write_bytes", "write_text"),
        *("getsize", "getmtime", "isdir", "isfile", "listdir"),
    )
)
# What other distributions offer to describe a class, a type or an option: the same at any time.
DESCRIBING = frozenset(
    (
        *(
            "Annotated",
            "Argument",
            "ConfigDict",
            "Factory",
            "Field",
            "Generic",
            "Option",
            "ParamSpec",
            "Query",
        ),
        *("TypeAdapter", "TypeVar", "attrib", "device", "dtype", "field", "finfo", "ib", "iinfo"),
    )
)
STEADY_PACKAGES = frozenset(("numpy", "typing_extensions"))
DEPTH = 8

CALLS_OWN = "calls own code"
CALLS = "calls what may draw, read or write"
READS = "reads what own code may change"
DERIVES = "derives a class that others may list"


def effect_of(name, is_package, code, kind_of):
    """What the body does that somebody may notice, in words, or None; `kind_of(module)` as `_units` has it."""
    module = Module(name, is_package, code)
    said = _of_events(module, module.events, kind_of)
    if said is not None:
        return said
    if any("environ" in each.co_names for each in module.classes):
        return READS
    for root in shared(code)[1]:
        if root in module.imports and kind_of(module.imports[root][0]) == "own":
            return READS
        if _may_be_starred(module, root, kind_of):
            return READS
    return None


def imports_of(name, is_package, code):
    """{bound name: (module, attribute or None)} and the modules imported whole by `from m import *`, of a body."""
    module = Module(name, is_package, code)
    return module.imports, module.stars


def _may_be_starred(module, root, kind_of):
    return (
        root not in module.imports
        and root not in module.bound
        and root not in sys.modules["builtins"].__dict__
        and any(kind_of(star) == "own" for star in module.stars)
    )


def _of_events(module, events, kind_of, depth=0):
    calls = [event for event in events if event[0] == "call"]
    makers = {event[1][:-2] for event in calls if type(event[1]) is str and event[1].endswith("()")}
    for _, callee, args, _ in calls:
        if type(callee) is not str:
            if depth < DEPTH:  # a comprehension
                said = _of_events(module, outline(callee)[0], kind_of, depth + 1)
                if said is not None:
                    return said
        elif callee == "<class>":
            if _is_listed(module, args[0], kind_of):
                return DERIVES
        elif not (
            callee in makers or callee.endswith("()") or any(type(each) is type(module.code) for each in args)
        ):
            said = _of_call(module, callee, kind_of)  # decorators are judged by `effects`
            if said is not None:
                return said
    return None


def _is_listed(module, code, kind_of):
    """The class derives from one of another own module, or from one whose distribution keeps a table of them."""
    bases, metaclass = module.classes.get(code, ((), None))
    for base in [*bases, metaclass] if metaclass else bases:
        root = split(base)[0]
        if _may_be_starred(module, root, kind_of):
            return True
        if root in module.imports:
            target = module.imports[root][0]
            if kind_of(target) == "own" or target.partition(".")[0] in KEEPING:
                return True
    return False


def _of_call(module, chain, kind_of):
    root, rest = split(chain)
    for _ in range(DEPTH):
        value = module.bound.get(root)
        if root in module.imports or type(value) is not str or split(value)[0] == root:
            break
        root, rest = split(value + rest)
    if not root or root[0] in "%^<":
        return None
    method = rest.replace("()", "").rpartition(".")[2]
    if root in module.imports:
        target, attribute = module.imports[root]
        kind = kind_of(target)
        full = (f"{target}.{attribute}" if attribute else target) + rest
        if kind == "own":
            return CALLS_OWN
        if method in FILES:
            return CALLS
        if kind == "stdlib":
            shared_by_all = target.partition(".")[0] in SHARED and not full.startswith(tuple(STEADY))
            return CALLS if shared_by_all else None
        last = full.replace("()", "").rpartition(".")[2]
        if last in DESCRIBING:
            return None
        steady = target.partition(".")[0] in STEADY_PACKAGES and ".random" not in full
        return None if steady else CALLS
    if root in module.bound:
        return (
            CALLS_OWN if type(module.bound[root]) is type(module.code) else CALLS if method in FILES else None
        )
    if root in BUILTINS:
        return CALLS
    return CALLS_OWN if _may_be_starred(module, root, kind_of) else None
