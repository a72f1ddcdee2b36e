"""The meta-path finder: it sits first, finds nothing of its own and lets every other finder have its say.

It hands pending proxies to the import system, runs post-import hooks, searches a top-level
name under the `sys.path` its import statement saw, and keeps foreign finders (pytest's
assertion rewriting, six, editable installs) from being entered again by the imports that
they make themselves. An import that concerns none of this gets None in half a microsecond.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import _imp
import sys
from _thread import get_ident

from lazyimp import _proxy

try:
    from lazyimp_c import pause, resume, unwatch, watch  # what a finder imports for itself is not deferred
except ImportError:
    watch = unwatch = None

    def pause():
        """Nothing defers but the extension."""

    resume = pause

_PathFinder = _external.PathFinder
_STANDARD = (_bootstrap.BuiltinImporter, _bootstrap.FrozenImporter, _PathFinder)
# Finders that answer for a few names only, and import nothing for any other.
_NARROW = ("_distutils_hack", "six", "setuptools._vendor.six")
_NARROW_NAMES = frozenset(("distutils", "pip", "sensitive_tests"))
_UNLOCKED = "_find_and_load_unlocked"


class LazyFinder:
    """First on `sys.meta_path`; see the module's docstring."""

    def __init__(self):
        self.after_exec = _proxy.after_exec
        self.pending = _proxy.pending
        self.paths = {}
        self.core = None  # core py, which turns what is found into proxies
        self.stubs = None  # lazyimp._stubs.find, where stubs were chosen
        self.watcher = watch and (watch, unwatch)  # for hooks on functions, see lazyimp.firstbatch
        self._quiet = None  # the meta_path in which everybody is standard and we are first
        self._working = {}  # thread -> foreign finders at work there

    @_proxy.hidden
    def find_spec(self, name, path=None, target=None):
        """Return a spec where something of ours is to happen with `name`, None otherwise."""
        if (
            sys.meta_path == self._quiet
            and name not in self.pending
            and name not in self.after_exec
            and self.core is None
            and self.stubs is None
            and name not in self.paths
            and name not in _NARROW_NAMES
        ):
            return None
        return self._decide(name, path, target)

    @_proxy.hidden
    def _decide(self, name, path, target):
        meta = sys.meta_path
        # those who stand before us have had their say
        asked = meta[: meta.index(self)] if self in meta else ()
        quiet = self._look_around() and name not in _NARROW_NAMES
        asker = sys._getframe(2)
        above = asker.f_back
        importing = above is not None and above.f_code.co_name == _UNLOCKED
        if name in self.pending:
            proxy = self.pending[name]
            spec = _proxy.dict_of(proxy)["__spec__"]
            if importing and name not in sys.modules:
                if self.core is None or name in _proxy.wanted:
                    spec.loader = _proxy.ProxyLoader(proxy, unwrapped(spec.loader))
                    return spec
                # core py: it was in sys.modules, and the program took it out to have a new one
                _proxy.execute(proxy)
                sys.modules.pop(name, None)
        stub = None if self.stubs is None else self.stubs(name, path, importing)
        if stub is not None:
            return stub
        ours = importing and (name in self.after_exec or self.core is not None)
        if quiet and not ours and name not in self.paths:
            return None
        spec = self.search(name, path, target, asked)
        if spec is None:
            provided = self.core.missing(name) if importing and self.core is not None else None
            if provided is not None:
                return provided
            if importing and not above.f_locals.get("lazy_submodule"):
                # Everybody was asked: the import system would ask them again.
                message = f"{_bootstrap._ERR_MSG_PREFIX}{name!r}"
                raise ModuleNotFoundError(message, name=name)
            return None
        if ours and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            self._wrap(name, spec)
        return spec

    @_proxy.hidden
    def _wrap(self, name, spec):
        """Give `spec` the loader that does what is ours with `name`."""
        if self.core is not None and self.core.take(name, spec):
            return
        if name in self.after_exec:
            spec.loader = _proxy.HookLoader(spec.loader)

    def _look_around(self):
        """Return whether all finders are standard and we are first; move first if need be."""
        meta = sys.meta_path
        if meta == self._quiet:
            return True
        if meta and meta[0] is not self and self in meta:
            self.keep_first()
        if all(f is self or f in _STANDARD or _is_narrow(f) for f in meta):
            self._quiet = list(meta)
            return True
        return False

    @_proxy.hidden
    def search(self, name, path=None, target=None, asked=()):
        """Ask the finders but us and those in `asked`, each foreign one under guard; the spec or None."""
        entries = None
        if path is None and name in self.paths:
            entries = list(self.paths[name])
            if entries == sys.path:
                entries = None
        for each in list(sys.meta_path):
            if each is self or each in asked:
                continue
            if each in _STANDARD:
                spec = None
                if each is _PathFinder and entries is not None:
                    spec = _PathFinder.find_spec(name, entries, target)
                if spec is None:
                    spec = each.find_spec(name, path, target)
            else:
                spec = self._ask(each, name, path, target)
            if spec is not None:
                return spec
        return None

    @_proxy.hidden
    def _ask(self, each, name, path, target):
        me = get_ident()
        busy = self._working.get(me)
        if busy is None:
            busy = self._working[me] = []
        elif any(each is other for other in busy):
            return None
        find = getattr(each, "find_spec", None)
        if find is None:
            return None
        busy.append(each)
        pause()
        try:
            return find(name, path, target)
        finally:
            resume()
            busy.pop()
            if not busy:
                self._working.pop(me, None)

    def find(self, name, asked=()):
        """Return the spec of `name`, importing nothing, by the finders not `asked`; None if there is none."""
        proxy = self.pending.get(name)
        if proxy is not None:
            return _proxy.dict_of(proxy)["__spec__"]
        loaded = sys.modules.get(name)
        if loaded is not None:
            return getattr(loaded, "__spec__", None)
        path = None
        parent = name.rpartition(".")[0]
        if parent:
            loaded = sys.modules.get(parent)
            if loaded is not None:
                path = getattr(loaded, "__path__", None)
            else:
                spec = self.find(parent)
                path = None if spec is None else spec.submodule_search_locations
            if path is None:
                return None
        _imp.acquire_lock()
        try:
            return self.search(name, path, None, asked)
        finally:
            _imp.release_lock()

    def at_work(self):
        """Whether this thread is inside a foreign finder."""
        return bool(self._working) and get_ident() in self._working

    def install(self):
        """Put the finder first on sys.meta_path; does nothing where it already is."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._look_around()

    def remove(self):
        """Take the finder off sys.meta_path, unless pending proxies, hooks or stubs still need it."""
        if self.pending or self.stubs is not None or self.after_exec.keys() - {"copyreg"}:
            return
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def keep_first(self):
        """Move the finder to the front, past finders that were put before it."""
        meta = sys.meta_path
        if self in meta and meta[0] is not self:
            meta.remove(self)
            meta.insert(0, self)


def _is_narrow(each):
    kind = each if isinstance(each, type) else type(each)
    return getattr(kind, "__module__", None) in _NARROW


def unwrapped(loader):
    """Return the original loader behind one of ours."""
    while isinstance(loader, (_proxy.ProxyLoader, _proxy.HookLoader)):
        loader = loader.loader
    return loader


finder = LazyFinder()


def load_lacking(full, may_come):
    """The module `full`, loaded where may_come() says that the eager order has loaded it by now; else NotImplemented.

    Whoever asks for it while it is looked for, or loaded, gets NotImplemented; another thread waits for it.
    """
    thread = _lacking.get(full)
    if thread == get_ident():
        return NotImplemented
    if thread is None:
        _lacking[full] = get_ident()
    try:
        if thread is None and not may_come():
            return NotImplemented
        __import__(full)
    except Exception:
        return NotImplemented  # what the package lacks stays a missing attribute
    finally:
        if thread is None:
            _lacking.pop(full, None)
    return sys.modules.get(full, NotImplemented)


_lacking = {}  # modules that load_lacking() is at -> the thread that is


def make_proxy(name, place=None):
    """Return the proxy of module `name`, or None where it has to stay eager.

    `place` is (importer, bound name, file, line) of the import statement, for late errors.
    """
    proxy = finder.pending.get(name)
    if proxy is not None:
        _proxy.note(name, place)
        return proxy
    if name in sys.modules or finder.at_work():
        return None
    spec = finder.find(name)
    if spec is None:
        return None
    return _proxy.build(spec, place)


def proxy_pending(proxy):
    """Return whether `proxy` is a proxy that has not executed."""
    return _proxy.is_pending(proxy)


def resolve_all():
    """Execute all pending proxies; return how many did and the failures as (name, error)."""
    done, failures = 0, []
    for name, proxy in list(finder.pending.items()):
        try:
            _proxy.execute(proxy)
            done += 1
        except Exception as error:
            failures.append((name, error))
    return done, failures


def __getattr__(name):
    if name == "PyCore":
        from lazyimp._pycore import PyCore

        return PyCore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
