"""What core `native` does beside its filter: proxies for protected imports, submodules, late errors, repairs.

The interpreter's placeholders show where C or Python code reads a namespace as a dict, and they load at the
moment of the first use. The hooks here resolve names before a pickler, a compiler, a fork or an event loop
meets them. Loaded with the first statement to decide.
"""

import _frozen_importlib as _bootstrap
import os
import sys

from lazyimp import _finder, _native, _proxy

_dict_of = _native._dict_of
_module = _native._module
_templates = {}  # number of parts -> code of `lazy import a.b.c as d`
_waiting = {}  # package not loaded yet -> {submodule: (importer, file, line)} imported below it
_watching = []


# -- submodules --------------------------------------------------------------------------------------------


def note_submodules(target, frame):
    """`import a.b.c` makes `b` and `c` reachable by name; False where the statement must run at once."""
    parent, dot, rest = target.partition(".")
    while dot:
        child, dot, rest = rest.partition(".")
        full = f"{parent}.{child}"
        if full not in sys.modules:
            known = sys.modules.get(parent)
            if known is None:
                _wait(parent, child, frame)
            elif not _offer(known, parent, child, *_place(frame)):
                return False
        parent = full
    return True


def _place(frame):
    """(module, file, line) of the statement that a module's body runs."""
    return frame.f_globals.get("__name__"), frame.f_code.co_filename, frame.f_lineno


def _wait(parent, child, frame):
    children = _waiting.get(parent)
    if children is None:
        children = _waiting[parent] = {}
        _native.finder.after_exec.setdefault(parent, []).append(_loaded)
    children.setdefault(child, _place(frame))


def _offer(known, parent, child, importer, file, line):
    """Put a placeholder under the name; False where the package has given the name to something else."""
    if not isinstance(known, _module):
        return True
    space = _dict_of(known)
    if child in space:
        return type(space[child]) is _native.Lazy
    full = f"{parent}.{child}"
    space[child] = _placeholder(full, file, line)
    if _native.recorder[0] is not None:
        _native.recorder[0].deferred(importer, child, full, None, file, line, 2, parent)
    return True


def _placeholder(full, file, line):
    """The interpreter's placeholder of submodule `full`, declared at file:line."""
    parts = full.split(".")
    code = _templates.get(len(parts))
    if code is None:
        dotted = ".".join(f"a{i}" for i in range(len(parts)))
        code = _templates[len(parts)] = compile(f"lazy import {dotted} as z", "?", "exec", dont_inherit=True)
    code = code.replace(
        co_names=(full, *parts[1:], "z"), co_filename=file, co_firstlineno=line, co_linetable=_line_zero(code)
    )
    space = {"__name__": "<lazyimp>", "__package__": ""}
    exec(code, space)
    return space["z"]


def _line_zero(code):
    """One entry of the location table: the whole code on its first line."""
    units = len(code.co_code) // 2
    table = b""
    while units:
        some = min(units, 8)
        table += bytes((0x80 | 13 << 3 | some - 1, 0))
        units -= some
    return table


def _loaded(module):
    """A package was executed: what deferred statements imported below it becomes reachable, or is imported.

    `import pkg.name` where the body of `pkg` defines `name` binds the submodule, which is imported after
    the body; the interpreter would leave what the body defined (gh-151208).
    """
    parent = _dict_of(module).get("__name__")
    for child, place in _waiting.pop(parent, {}).items():
        full = f"{parent}.{child}"
        taken = full not in sys.modules and not _offer(module, parent, child, *place)
        if taken and _native.finder.find(full) is not None:
            __import__(full)


# -- proxies for plain imports inside try and with ---------------------------------------------------------


class _Passing(_bootstrap.ModuleSpec):
    """The spec of one import that hands out a proxy: it takes the name out of sys.modules at its end."""

    def __setattr__(self, key, value):
        object.__setattr__(self, key, value)
        if key == "_initializing" and not value:
            held = sys.modules.get(self.name)
            if held is not None and _proxy.is_pending(held):
                del sys.modules[self.name]


class _HandOut:
    """Gives the import system a proxy that is not to be executed yet."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.spec = _dict_of(proxy)["__spec__"]

    def create_module(self, spec):
        return self.proxy

    @_proxy.hidden
    def exec_module(self, proxy):
        _dict_of(proxy)["__spec__"] = self.spec


def hand_out(name, place):
    """The spec that gives an import statement the proxy of `name`; None where it has to be imported."""
    if _native.finder.at_work():
        return None
    proxy = _finder.make_proxy(name, place)
    if proxy is None:
        return None
    return _Passing(name, _HandOut(proxy))


# -- late errors -------------------------------------------------------------------------------------------


class _Noting(_proxy.HookLoader):
    """Notes the place of the deferred statement on what the module's body raises."""

    @_proxy.hidden
    def exec_module(self, new):
        _proxy.restore(new, self)
        name = new.__spec__.name
        from lazyimp import _random

        kept = _random.keep_outermost()
        try:
            self.loader.exec_module(new)
        except BaseException as error:
            _note(error, name)
            raise
        finally:
            _random.put_back_outermost(kept)
        _native.late.pop(name, None)


def noting(name, spec, place):
    """`spec`, its loader wrapped; where nobody has found the module, the error says who asked."""
    if spec is None:
        error = ModuleNotFoundError(f"{_bootstrap._ERR_MSG_PREFIX}{name!r}", name=name)
        _note(error, name)
        raise error
    loader = spec.loader
    if loader is not None and hasattr(loader, "exec_module") and not isinstance(loader, _proxy.ProxyLoader):
        spec.loader = _Noting(loader)
    return spec


def _note(error, name):
    bound, file, line = _native.late[name]
    told = f"lazy import of {name!r} as {bound!r} declared at {file}:{line}"
    if told not in getattr(error, "__notes__", ()):
        error.add_note(told)


# -- pending names -----------------------------------------------------------------------------------------


def placeholders():
    """[(module name, namespace, bound name, placeholder)] of all modules."""
    found = []
    for name, known in list(sys.modules.items()):
        if not isinstance(known, _module):
            continue
        space = _dict_of(known)
        found += [
            (name, space, key, value) for key, value in list(space.items()) if type(value) is _native.Lazy
        ]
    return found


def pending():
    """What the protocol's `pending` gives: our bindings, not the interpreter's own nor those planted."""
    rows = []
    for name, _, key, _ in placeholders():
        known = _native.declared.get((name, key))
        if known is not None:
            rows.append((name, key, known[0], known[2]))
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
    """Resolve the pending names for which wanted(flags) holds; (number, [(name, error)])."""
    done, failures = 0, []
    for name, space, key, value in placeholders():
        known = _native.declared.get((name, key))
        if known is not None and space.get(key) is value and wanted(known[3]):
            try:
                settle(space, key, value)
                done += 1
            except BaseException as error:
                failures.append((f"{name}.{key}", error))
    return done, failures


def resolve_all():
    """Resolve and rebind everything that is pending, proxies too."""
    done, failures = resolve_where(lambda flags: True)
    more, failed = _finder.resolve_all()
    if not pending():
        _native.declared.clear()
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


# -- hooks: before a fork, an event loop, a pickler or a compiler meets a placeholder ----------------------


def watch():
    """Place the hooks, once."""
    if _watching:
        return
    _watching.append(True)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork)
    after = _native.finder.after_exec
    for name, callback in _HOOKS.items():
        if name in sys.modules:
            callback(sys.modules[name])
        else:
            after.setdefault(name, []).append(callback)


def _before_fork():
    """Load once, here, what the functions of own modules read; each child would load it again."""
    if _native.declared:
        from lazyimp import _fork

        _fork.joining(lambda: resolve_where(lambda flags: flags & _native.OWN and not flags & _native.UNUSED))


def _event_loop(base_events):
    """Names that coroutines read are loaded before the first loop runs, not inside it."""
    loop = base_events.BaseEventLoop
    start = loop._run_forever_setup

    def _run_forever_setup(self):
        loop._run_forever_setup = start
        resolve_where(lambda flags: flags & _native.ASYNC)
        return start(self)

    loop._run_forever_setup = _run_forever_setup


def _cloudpickle(module):
    """It copies the globals that a function mentions."""
    take = module._function_getstate

    def _function_getstate(func):
        resolve_function(func)
        return take(func)

    module._function_getstate = _function_getstate


def _dill(module):
    """It copies a function's globals, or all of them."""
    save = module.Pickler.dispatch[type(_dill)]

    def save_function(pickler, obj, *rest, **named):
        space = obj.__globals__
        resolve_names(space, list(space))
        return save(pickler, obj, *rest, **named)

    module.Pickler.dispatch[type(_dill)] = save_function


def _numba(module):
    """Its compiler reads the globals of the functions that it compiles."""
    identity = module.FunctionIdentity
    make = identity.from_function.__func__

    def from_function(cls, pyfunc):
        resolve_function(pyfunc)
        return make(cls, pyfunc)

    identity.from_function = classmethod(from_function)


_HOOKS = {
    "asyncio.base_events": _event_loop,
    "cloudpickle.cloudpickle": _cloudpickle,
    "joblib.externals.cloudpickle.cloudpickle": _cloudpickle,
    "pyspark.cloudpickle.cloudpickle": _cloudpickle,
    "ray.cloudpickle.cloudpickle": _cloudpickle,
    "dill._dill": _dill,
    "numba.core.bytecode": _numba,
}
