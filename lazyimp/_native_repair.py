"""What core `native` does about placeholders that C or Python code would meet: resolving, and teaching others.

The interpreter's placeholders show where a namespace is read as a dict, and they load at the moment of the
first use. The hooks here resolve names before a pickler, a compiler, a fork or an event loop meets them.
Loaded with the first of these, or when pending names are asked for.
"""

import sys

import lazyimp_c
from lazyimp import _finder, _native, _proxy

_declared = lazyimp_c.native_declared
_OWN, _UNUSED, _ASYNC = 256, 2, 128  # flags of a statement: lazyimp_c/core.h and native.pxi


# -- pending names -----------------------------------------------------------------------------------------


def pending():
    """What the protocol's `pending` gives: our bindings, not the interpreter's own nor those planted."""
    rows = []
    for name, _, key, _ in _native.placeholders():
        known = _declared.get((name, key))
        if known is not None:
            target, attribute, _, line, _ = known
            rows.append((name, key, target if attribute is None else f"{target}:{attribute}", line))
    for name in list(_proxy.pending):
        importer, bound, _, line = _proxy.places.get(name, ("", name, "", 0))
        rows.append((importer, bound, name, line))
    return rows


def settle(space, key, placeholder):
    """Load what `placeholder` stands for and bind it where it is still bound."""
    value = placeholder.resolve()
    if space.get(key) is placeholder:
        space[key] = value


def resolve_where(wanted):
    """Resolve the pending names for which wanted(importer, target, flags) holds; (number, [(name, error)])."""
    done, failures = 0, []
    for name, space, key, value in _native.placeholders():
        known = _declared.get((name, key))
        if known is not None and space.get(key) is value and wanted(name, known[0], known[4]):
            try:
                settle(space, key, value)
                done += 1
            except BaseException as error:
                failures.append((f"{name}.{key}", error))
    return done, failures


def resolve_all():
    """Resolve and rebind everything that is pending, proxies too."""
    done, failures = resolve_where(lambda *about: True)
    more, failed = _finder.resolve_all()
    if not pending():
        _declared.clear()
    return done + more, failures + failed


def resolve_names(space, names):
    """Resolve these names of a namespace where they are pending; what fails stays pending."""
    for key in names:
        value = space.get(key)
        if type(value) is _native.Lazy:
            try:
                settle(space, key, value)
            except Exception:
                continue  # whoever uses the name gets the error


def resolve_whole(space):
    """Resolve all pending names of a namespace, those too that are planted meanwhile."""
    tried = set()
    while True:
        left = [key for key, value in list(space.items()) if type(value) is _native.Lazy and key not in tried]
        if not left:
            return
        tried.update(left)
        resolve_names(space, left)


def names_in(code):
    """All names that `code`, and code inside it, mentions."""
    names = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, type(code)):
            names |= names_in(each)
    return names


def resolve_function(function):
    """Resolve the pending globals that a function mentions."""
    code = getattr(function, "__code__", None)
    space = getattr(function, "__globals__", None)
    if code is not None and type(space) is dict:
        resolve_names(space, names_in(code))


def resolve_running():
    """Resolve what the functions on the running threads' stacks read: their next step is the hot one."""
    for frame in list(sys._current_frames().values()):
        while frame is not None:
            if frame.f_code.co_flags & 2:  # a function: a module's body has read what it reads when it ends
                resolve_names(frame.f_globals, frame.f_code.co_names)
            frame = frame.f_back


# -- a name that a package lacks ----------------------------------------------------------------------------


def missing(package, child):
    """The submodule `child`, loaded where a pending import may have been what loads it; else NotImplemented."""
    full = f"{package}.{child}"

    def may_come():
        known = sys.modules.get(package)
        if full in sys.modules or _native._dict_of(known).get("__path__") is None:
            return False
        return _native.finder().find(full) is not None and (lazyimp_c.native_planted or pending())

    return _finder.load_lacking(full, may_come)


# -- hooks: before a fork, an event loop, a pickler or a compiler meets a placeholder ----------------------


def teach(module):
    """`module` was loaded, one of those in `_native.REPAIRED`."""
    _LESSONS[module.__spec__.name](module)


def before_fork():
    """Load once, here, what the functions of own modules read; each child would load it again."""
    from lazyimp import _fork

    _fork.joining(lambda: resolve_where(lambda _, __, flags: flags & _OWN and not flags & _UNUSED))


def _event_loop(base_events):
    """Names that coroutines read are loaded before the first loop runs, not inside it."""
    loop = base_events.BaseEventLoop
    start = loop._run_forever_setup

    def _run_forever_setup(self):
        loop._run_forever_setup = start
        resolve_where(_may_block)
        return start(self)

    loop._run_forever_setup = _run_forever_setup


def _may_block(importer, target, flags):
    """Coroutines read it, of the user's own code or from another distribution; a part of its own loads soon enough."""
    top = importer.partition(".")[0]
    apart = top != target.partition(".")[0] and top not in sys.stdlib_module_names
    return flags & _ASYNC and (flags & _OWN or apart)


def _cloudpickle(module):
    """It copies the globals that a function mentions."""
    take = module._function_getstate

    def _function_getstate(func):
        resolve_function(func)
        return take(func)

    module._function_getstate = _function_getstate
    from lazyimp import _cloudpickle

    _cloudpickle.teach(module, pending)


def _dill(module):
    """It copies a function's globals, or all of them."""
    save = module.Pickler.dispatch[type(_dill)]

    def save_function(pickler, obj, *rest, **named):
        space = obj.__globals__
        resolve_whole(space)
        return save(pickler, obj, *rest, **named)

    module.Pickler.dispatch[type(_dill)] = save_function


def _datasets(module):
    """It walks a module's namespace while it takes each name's value."""
    patched = module._PatchedModuleObj
    make = patched.__init__

    def __init__(self, module, *args, **kwargs):
        if type(module) is type(sys):
            resolve_whole(_native._dict_of(module))
        make(self, module, *args, **kwargs)

    patched.__init__ = __init__


def _numba(module):
    """Its compiler reads the globals of the functions that it compiles."""
    identity = module.FunctionIdentity
    make = identity.from_function.__func__

    def from_function(cls, pyfunc):
        resolve_function(pyfunc)
        return make(cls, pyfunc)

    identity.from_function = classmethod(from_function)


def _jedi(module):
    """It asks for every name of a module that it completes; a placeholder is shown as a property, which would run."""
    kind = module.DirectObjectAccess
    original = kind.is_allowed_getattr

    def is_allowed_getattr(self, name, *args, **kwargs):
        if type(self._obj) is type(sys) and type(_native._dict_of(self._obj).get(name)) is _native.Lazy:
            return True, True, None
        return original(self, name, *args, **kwargs)

    kind.is_allowed_getattr = is_allowed_getattr


_LESSONS = {
    "asyncio.base_events": _event_loop,
    "cloudpickle.cloudpickle": _cloudpickle,
    "joblib.externals.cloudpickle.cloudpickle": _cloudpickle,
    "pyspark.cloudpickle.cloudpickle": _cloudpickle,
    "ray.cloudpickle.cloudpickle": _cloudpickle,
    "datasets.utils.patching": _datasets,
    "dill._dill": _dill,
    "numba.core.bytecode": _numba,
    "jedi.inference.compiled.access": _jedi,
}
