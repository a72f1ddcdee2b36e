"""Lazy module proxies: module objects that execute at their first attribute access.

A proxy is the final module object. Until it executes its type is `Proxy`; what the import
system itself sets (`__spec__`, `__path__`, ...) is answered without executing, everything
else, `dir()` included, executes it through the import system, under the module's own lock.
Afterwards its type is exactly `module` and nothing of this file is on the path of a read.
A module that puts another object in its place in `sys.modules` leaves a proxy that passes
everything on to that object. The functions here carry importlib's file name, so that
tracebacks and `stacklevel` look as they do without lazyimp.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import sys
from _thread import _count as _threads
from _thread import get_ident

try:
    import lazyimp_c
except ImportError:
    lazyimp_c = None

module = type(sys)
_IMPORTLIB = _bootstrap._find_spec.__code__.co_filename
_TRIMMED = (_IMPORTLIB, _external.SourceLoader.get_code.__code__.co_filename)

# Answered, and set, without executing.
ANSWERED = frozenset(
    (
        "__name__",
        "__spec__",
        "__file__",
        "__path__",
        "__package__",
        "__loader__",
        "__cached__",
    )
)

pending = {}  # name -> proxy that has not executed
places = {}  # name -> (importer, bound name, file, line) of the first statement that asked for it
reified = [0]  # how many proxies have executed
after_exec = getattr(
    lazyimp_c, "after_exec", {}
)  # name -> callbacks(module), run once after the body completed
debug = [False]
PROXY = 1  # a record's word for a deferral of this kind
recorder = [None]  # lazyimp._recorder, while this process is recorded

running = {}  # name -> identity of the thread that executes it
wanted = set()  # names that are being imported because their proxy is to execute
_failed = set()  # names whose last execution raised: their leftovers go before the next one
_read = module.__getattribute__
_write = module.__setattr__
dict_of = module.__dict__["__dict__"].__get__
set_class = object.__dict__["__class__"].__set__
_DEFAULT_CREATE = [_external._LoaderBasics.create_module]


def hidden(function):
    """Make the frames of `function` look like importlib's, and give it back."""
    function.__code__ = function.__code__.replace(co_filename=_IMPORTLIB)
    return function


def executes_python(loader):
    """Whether `loader` makes plain modules and fills them by executing Python code."""
    kind = type(loader)
    if kind is _external.SourceFileLoader or kind is _external.SourcelessFileLoader:
        return True
    if not hasattr(kind, "exec_module"):
        return False
    create = getattr(kind, "create_module", None)
    if create in _DEFAULT_CREATE:
        return True
    abc = sys.modules.get("importlib._abc")
    return abc is not None and create is abc.Loader.create_module


def build(spec, place=None):
    """Return the pending proxy of `spec`, or None where its loader rules one out."""
    name = spec.name
    if spec.loader is None or not executes_python(spec.loader):
        return None
    proxy = _bootstrap.module_from_spec(spec)
    if type(proxy) is not module:
        return None
    set_class(proxy, _kind[0])
    kept = pending.setdefault(name, proxy)
    if place is not None:
        places.setdefault(name, place)
        note(name, place)
    return kept


def note(name, place):
    """Tell the recorder that the statement at `place` left the proxy `name`."""
    if recorder[0] is not None and place is not None:
        importer, bound, file, line = place
        recorder[0].deferred(importer, bound, name, None, file, line, PROXY)


def is_pending(proxy):
    """Whether `proxy` is a proxy that has not executed."""
    return type(proxy) in PROXIES


@hidden
def execute(proxy):
    """Execute `proxy`; on return it is a plain module, or this thread is executing it further up."""
    spec = dict_of(proxy)["__spec__"]
    name = spec.name
    if running.get(name) == get_ident():
        return
    try:
        parent = pending.get(name.rpartition(".")[0])
        if parent is not None:
            execute(parent)
        lock = _bootstrap._ModuleLockManager(name)
        try:
            lock.__enter__()
        except _bootstrap._DeadlockError:
            # Two threads wait for each other: like an import, go on with what is there.
            return
        try:
            if pending.get(name) is proxy:
                if recorder[0] is None:
                    _import(name, proxy)
                else:
                    _import_recorded(name, proxy)
        finally:
            lock.__exit__(None, None, None)
    except BaseException as error:
        raise error.with_traceback(_trim(error.__traceback__))  # noqa: B904  it is the same error


@hidden
def _import(name, proxy):
    """Let the import system import `name`; the finder hands it `proxy` as the module."""
    held = sys.modules.pop(name, proxy)
    wanted.add(name)
    try:
        _bootstrap._gcd_import(name)
    finally:
        wanted.discard(name)
        if held is not proxy:
            # Somebody put another object there since; what was bound before is not that one.
            sys.modules[name] = held


@hidden
def _import_recorded(name, proxy):
    """The same, and the recorder hears of the first use."""
    end = recorder[0].first_use(name)
    try:
        _import(name, proxy)
    except BaseException as error:
        end(error)
        raise
    end(None)


class ProxyLoader:
    """Stands in for a loader during one import, to hand out `proxy` and execute it in place."""

    def __init__(self, proxy, loader):
        self.proxy = proxy
        self.loader = loader

    def create_module(self, spec):
        return self.proxy

    @hidden
    def exec_module(self, proxy):
        restore(proxy, self)
        run(proxy, self.loader)

    def __getattr__(self, name):
        return getattr(self.loader, name)


class HookLoader:
    """Stands in for a loader during one import, to run the callbacks after the body."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        create = getattr(self.loader, "create_module", None)
        return None if create is None else create(spec)

    @hidden
    def exec_module(self, new):
        restore(new, self)
        self.loader.exec_module(new)
        call_back(new.__spec__.name, new)

    def __getattr__(self, name):
        return getattr(self.loader, name)


def restore(new, wrapper):
    """Put the original loader back where the import system has put `wrapper`."""
    namespace = dict_of(new)
    spec = namespace.get("__spec__")
    if spec is not None and spec.loader is wrapper:
        spec.loader = wrapper.loader
    if namespace.get("__loader__") is wrapper:
        namespace["__loader__"] = wrapper.loader


@hidden
def run(proxy, loader):
    """Execute the body of `proxy` with its own loader."""
    namespace = dict_of(proxy)
    name = namespace["__spec__"].name
    if name in _failed:
        _failed.discard(name)
        _clean(name, namespace)
    children = [(key, value) for key, value in namespace.items() if type(value) in PROXIES]
    running[name] = get_ident()
    kind = type(proxy)
    if not _threads():
        # With other threads it stays a proxy: they wait for the import lock at its attributes.
        set_class(proxy, module)
    try:
        loader.exec_module(proxy)
    except BaseException as error:
        _failed.add(name)
        set_class(proxy, kind)
        running.pop(name, None)
        _explain(error, name)
        raise
    running.pop(name, None)
    if pending.pop(name, None) is not None:
        reified[0] += 1
    places.pop(name, None)
    if type(proxy) is kind:
        set_class(proxy, module)
    for key, value in children:
        # As in the eager order: `import a.b` binds `b` after the body of `a` has run.
        if type(value) in PROXIES:
            namespace[key] = value
    now = sys.modules.get(name, proxy)
    if now is not proxy:
        _replace(proxy, now)
    call_back(name, now)


def _clean(name, namespace):
    """Take out what a failed execution left, all but the import system's own."""
    for key, value in list(namespace.items()):
        if key not in ANSWERED and sys.modules.get(f"{name}.{key}") is not value:
            namespace.pop(key, None)
    namespace.setdefault("__doc__", None)


def call_back(name, new):
    """Run the callbacks waiting for `name`, once."""
    for callback in after_exec.pop(name, ()):
        try:
            callback(new)
        except Exception as error:
            if debug[0]:
                sys.excepthook(type(error), error, error.__traceback__)


def _explain(error, name):
    """Attach the place of the import statement to an error that comes late."""
    place = places.get(name)
    if place is None:
        return
    try:
        _, bound, file, line = place
        told = f"lazy import of {name!r} as {bound!r} declared at {file}:{line}"
        if hasattr(error, "add_note") and told not in getattr(error, "__notes__", ()):
            error.add_note(told)
        if error.__cause__ is None and not error.__suppress_context__:
            error.__cause__ = _declared(told, name, file, line)
    except Exception:
        if debug[0]:
            raise


def _raise(error):
    raise error


def _declared(told, name, file, line):
    """Return an ImportError whose traceback ends at the import statement."""
    cause = ImportError(told, name=name)
    code = _raise.__code__.replace(co_filename=file, co_name="<module>", co_firstlineno=line - 1)
    try:
        type(_raise)(code, {"__name__": "<lazy import>"})(cause)
    except ImportError:
        cause.__traceback__ = cause.__traceback__.tb_next
    return cause


def _trim(traceback):
    """Drop the leading frames of the import system, as an import statement does."""
    first = traceback
    while first is not None and first.tb_frame.f_code.co_filename in _TRIMMED:
        first = first.tb_next
    return first


class Proxy(module):
    """A module that has not executed; everything but `ANSWERED` executes it."""

    __slots__ = ()

    @hidden
    def __getattribute__(self, name):
        if name in ANSWERED:
            return _read(self, name)
        if name == "__class__":
            return module
        if name == "__warningregistry__" and dict_of(self)["__spec__"].name not in running:
            # unittest asks every module; one that has not executed has warned of nothing.
            raise AttributeError(name)
        execute(self)
        return _read(self, name) if type(self) is Proxy else getattr(self, name)

    @hidden
    def __setattr__(self, name, value):
        if name not in ANSWERED and name != "__class__":
            spec = dict_of(self)["__spec__"]
            if isinstance(value, module) and sys.modules.get(f"{spec.name}.{name}") is value:
                # The import system binds a submodule in its parent.
                return _write(self, name, value)
            execute(self)
            if type(self) is not Proxy:
                return setattr(self, name, value)
        return _write(self, name, value)

    @hidden
    def __delattr__(self, name):
        execute(self)
        if type(self) is Proxy:
            return module.__delattr__(self, name)
        return delattr(self, name)

    @hidden
    def __dir__(self):
        execute(self)
        return module.__dir__(self) if type(self) is Proxy else dir(self)


def _replace(proxy, now):
    """Let `now` take the place of `proxy`; few modules need this, so its file loads with the first."""
    from lazyimp import _replaced

    _replaced.replace(proxy, now)


@hidden
def _reduce(proxy):
    """Execute `proxy` and reduce it as the running pickler reduces a module."""
    execute(proxy)
    frame = sys._getframe(1)
    while frame is not None:
        reducer = frame.f_globals.get("_module_reduce")
        if reducer is not None and "cloudpickle" in frame.f_globals.get("__name__", ""):
            return reducer(proxy)
        frame = frame.f_back
    return proxy.__reduce_ex__(2)


def _register(copyreg):
    for kind in PROXIES:
        copyreg.dispatch_table[kind] = _reduce


def use_extension():
    """Make proxies of the C type from now on, where the extension is there."""
    if not hasattr(lazyimp_c, "set_proxy_loader"):  # a source checkout has a folder of that name
        return
    lazyimp_c.set_proxy_loader(execute)
    if lazyimp_c.ProxyType not in PROXIES:
        PROXIES.append(lazyimp_c.ProxyType)
    _kind[0] = lazyimp_c.ProxyType


def use_python():
    """Make proxies of the Python type from now on (core py)."""
    _kind[0] = Proxy


Proxy.__name__ = Proxy.__qualname__ = "module"
PROXIES = [Proxy]
_kind = [Proxy]
use_extension()
if "copyreg" in sys.modules:
    _register(sys.modules["copyreg"])
else:
    after_exec["copyreg"] = [_register]
