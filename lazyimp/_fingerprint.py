"""What an observer looks at: random generators, the arguments of a training call, the registries.

HOT in its imports. Everything is read from the namespaces of modules that are loaded, by names that their own
code assigns (never one bound by an import, which could be pending), and nothing is loaded, drawn or called
that the program could notice. An area whose module is not loaded is left out: not loaded yet, not empty.
"""

import os
import sys
from _imp import source_hash

_MODULE = type(sys)
_dict_of = _MODULE.__dict__["__dict__"].__get__
_MOST_ITEMS = 200  # of one container among a call's arguments
_MOST_NUMBERS = 100_000  # of one tensor; larger ones are sampled
_DEEPEST = 5


def space_of(module):
    """The namespace of a module, read past any code of its own; {} where it has none to read."""
    try:
        if isinstance(module, _MODULE):
            return _dict_of(module)
        found = object.__getattribute__(module, "__dict__")
    except Exception:
        return {}
    return found if isinstance(found, dict) else {}


def loaded(name):
    """The namespace of the module `name` once its body has run, or None."""
    module = sys.modules.get(name)
    if module is None:
        return None
    proxies = sys.modules.get("lazyimp._proxy")
    if proxies is not None and proxies.is_pending(module):
        return None
    space = space_of(module)
    return None if getattr(space.get("__spec__"), "_initializing", False) else space


def digest(data):
    """Sixteen digits for some bytes."""
    return source_hash(len(data), bytes(data)).hex()


def digest_text(value):
    """The same for the repr of plain values."""
    return digest(repr(value).encode("utf-8", "surrogatepass"))


# -- random generators ---------------------------------------------------------------------------------------


def random_states():
    """{generator: digest of its state} for the global generators that are loaded."""
    states = {}
    for name, read in (("random", _python_state), ("numpy", _numpy_state), ("torch", _torch_state)):
        try:
            state = read()
        except Exception:
            state = None
        if state is not None:
            states[name] = state
    return states


def _python_state():
    inst = (loaded("random") or {}).get("_inst")
    return None if inst is None else digest_text(inst.getstate())


def _numpy_state():
    legacy = (loaded("numpy.random.mtrand") or {}).get("_rand")
    if legacy is None:
        return None
    parts = legacy.get_state()
    return digest_text([part.tobytes() if hasattr(part, "tobytes") else part for part in parts])


def _torch_state():
    generator = (loaded("torch._C") or {}).get("default_generator")
    # PyTorch must have been imported to its end before its generator is touched
    return (
        None if generator is None or loaded("torch") is None else digest_text(generator.get_state().tolist())
    )


# -- the arguments of a training call ------------------------------------------------------------------------


def describe_call(args, kwargs):
    """Lines that say shape, dtype and digest of what a training call was given."""
    lines = []
    for index, value in enumerate(args):
        _describe(lines, f"argument {index}", value, 0)
    for name in kwargs:
        _describe(lines, f"argument {name}", kwargs[name], 0)
    return lines


def _describe(lines, place, value, depth):
    try:
        text = _text_of(value)
        if text is not None:
            lines.append(f"{place}: {text}")
            return
        inside = _inside(value) if depth < _DEEPEST else None
        if inside is None:
            lines.append(f"{place}: {type(value).__module__}.{type(value).__qualname__}")
            return
        lines.append(f"{place}: {type(value).__qualname__} of {len(inside)}")
        for key, each in inside[:_MOST_ITEMS]:
            _describe(lines, f"{place}[{key}]", each, depth + 1)
    except Exception as error:
        lines.append(f"{place}: {type(value).__qualname__} ({type(error).__name__})")


def _text_of(value):
    """A tensor, an array or a scalar in words; None for what has an inside."""
    if value is None or isinstance(value, (bool, int, float, complex)):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return (
            repr(value) if len(value) <= 60 else f"{type(value).__name__} {len(value)} {digest_text(value)}"
        )
    space = loaded("torch._C") or {}
    tensor = space.get("TensorBase") or space.get("_TensorBase")
    if tensor is not None and isinstance(value, tensor):
        return _tensor(value, tensor)
    if hasattr(type(value), "__array_interface__") and hasattr(type(value), "tobytes"):
        data = repr(value.tolist()).encode() if value.dtype.hasobject else value.tobytes()
        return f"{value.dtype} {list(value.shape)} {digest(data)}"
    return None


def _tensor(value, base):
    plain = base.detach(value)
    kind = f"{str(value.dtype).rpartition('.')[2]} {list(value.shape)}"
    count = plain.numel()
    if count > _MOST_NUMBERS:
        plain = plain.flatten()[:: count // _MOST_NUMBERS + 1]
    return f"{kind} {digest_text(plain.tolist())}"


def _inside(value):
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    data = getattr(value, "__dict__", {}).get("data")  # collections.UserDict and its like
    if isinstance(data, dict):
        return list(data.items())
    return None


# -- registries ----------------------------------------------------------------------------------------------


def take(areas=None):
    """{area: {key: value}} of everything in AREAS that is there to be read."""
    found = {}
    for name, read in AREAS.items() if areas is None else [(area, AREAS[area]) for area in areas]:
        try:
            entries = read()
        except Exception:
            entries = None
        if entries is not None:
            found[name] = entries
    return found


def _name(value):
    """What a function, class or object is called, without its address."""
    kind = value if isinstance(value, type) or hasattr(value, "__qualname__") else type(value)
    return f"{getattr(kind, '__module__', None)}.{kind.__qualname__}"


def _named(values):
    """{name: how many} without ours."""
    counts = {}
    for value in values:
        name = _name(value)
        if not name.startswith("lazyimp") and name != "builtins.module":  # our proxies go by that name
            counts[name] = counts.get(name, 0) + 1
    return {name: str(count) for name, count in counts.items()}


def _codecs():
    space = loaded("encodings")
    return space and {str(name): "" for name, entry in list(space["_cache"].items()) if entry}


def _copyreg():
    space = loaded("copyreg")
    return space and _named(list(space["dispatch_table"]))


def _picklers():
    space = loaded("multiprocessing.reduction")
    return space and _named(list(space["ForkingPickler"]._extra_reducers))


def _exit_functions():
    import atexit  # loaded: the observer is one

    ours = 1 + ("lazyimp._armed" in sys.modules) + ("lazyimp._recorder" in sys.modules)
    answers = sys.modules.get("lazyimp._answers")
    ours += bool(answers is not None and answers.writes_at_exit[0])
    batch = sys.modules.get("lazyimp.firstbatch")
    ours += bool(batch is not None and batch.settles_at_exit[0])
    return {"count": str(atexit._ncallbacks() - ours)}


def _logging():
    space = loaded("logging")
    if space is None:
        return None
    root = space["root"]
    loggers = [("root", root), *sorted(root.manager.loggerDict.items())]
    found = {}
    for name, logger in loggers:
        handlers = getattr(logger, "handlers", None)
        if handlers or name == "root":
            kinds = ", ".join([type(each).__qualname__ for each in handlers])
            found[name] = f"level {logger.level}: {kinds}"
    return found


def _warning_filters():
    space = loaded("warnings") or {}
    filters = space.get("filters")
    if filters is None:
        filters = sys.modules["_warnings"].filters
    return {", ".join([_filter_part(part) for part in each]): "" for each in list(filters)}


def _filter_part(part):
    if isinstance(part, type):
        return part.__name__
    return str(getattr(part, "pattern", part))


def _signals():
    space = loaded("_signal")
    if space is None:
        return None
    found = {}
    for number in range(1, space["NSIG"]):
        try:
            handler = space["getsignal"](number)
        except ValueError:
            continue
        if handler is not None and handler != space["SIG_DFL"]:
            found[str(number)] = "ignored" if handler == space["SIG_IGN"] else _name(handler)
    return found


def _environment():
    return {
        name: digest_text(value)
        for name, value in list(os.environ.items())
        if not name.startswith("LAZYIMP") and name not in ("_", "SHLVL")
    }


def _import_system():
    found = {"path " + str(entry): "" for entry in sys.path}
    found.update({"finder " + name: count for name, count in _named(sys.meta_path).items()})
    found.update({"path hook " + name: count for name, count in _named(sys.path_hooks).items()})
    return found


def _interpreter():
    hooks = ("excepthook", "displayhook", "unraisablehook", "breakpointhook")
    found = {name: _name(getattr(sys, name)) for name in hooks}
    found["recursion limit"] = str(sys.getrecursionlimit())
    found["switch interval"] = str(sys.getswitchinterval())
    found["working directory"] = digest_text(os.getcwd())
    return found


def _builtins():
    names = sys.modules["builtins"].__dict__
    return {name: "" for name in list(names) if isinstance(name, str) and name != "__import__"}


def _threads():
    space = loaded("threading")
    if space is None:
        return None
    counts = {}
    for thread in list(space["_active"].values()):
        name = "".join(["#" if char.isdigit() else char for char in thread.name])
        counts[name] = counts.get(name, 0) + 1
    return {name: str(count) for name, count in counts.items()}


def _files():
    counts = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            place = os.readlink("/proc/self/fd/" + number)
        except OSError:
            continue
        if int(number) > 2:
            kind = place.partition(":")[0] if not place.startswith("/") else place
            counts[kind] = counts.get(kind, 0) + 1
    return {name: str(count) for name, count in counts.items()}


def _torch_operators():
    space = loaded("torch._C")
    if space is None or loaded("torch") is None:
        return None
    counts = {}
    for name in space["_dispatch_get_all_op_names"]():
        namespace = name.partition("::")[0]
        counts[namespace] = counts.get(namespace, 0) + 1
    return {name: str(count) for name, count in counts.items()}


def _pandas_dtypes():
    space = loaded("pandas.core.dtypes.base")
    registry = space and (space.get("_registry") or space.get("registry"))
    return registry and _named(list(registry.dtypes))


def _environments():
    space = loaded("gymnasium.envs.registration")
    return space and {str(name): "" for name in list(space["registry"])}


AREAS = {
    "codecs": _codecs,
    "copyreg": _copyreg,
    "picklers of multiprocessing": _picklers,
    "exit functions": _exit_functions,
    "logging": _logging,
    "warning filters": _warning_filters,
    "signal handlers": _signals,
    "environment variables": _environment,
    "import system": _import_system,
    "interpreter": _interpreter,
    "builtins": _builtins,
    "threads": _threads,
    "open files": _files,
    "random": random_states,
    "torch operators": _torch_operators,
    "pandas dtypes": _pandas_dtypes,
    "gymnasium environments": _environments,
}
# Those that are cheap enough to be read after each module.
CHEAP = (
    "codecs",
    "copyreg",
    "exit functions",
    "logging",
    "warning filters",
    "environment variables",
    "import system",
    "random",
)
