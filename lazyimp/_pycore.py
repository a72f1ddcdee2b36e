"""Core `py`: no extension; the finder turns whole modules into proxies where the policy says so.

The importer is the first frame above the import system. Its statement is read from its
bytecode: a `from` loads its module at once, so it stays eager; so do imports in functions,
in classes and in exec'd strings, and everything that goes through `importlib.import_module`.
"""

import _frozen_importlib as _bootstrap
import sys

from lazyimp import _finder, _proxy

LAZY, PROXY, UNUSED, ASK, NO_STORE = 1, 2, 4, 8, 16
MODULE_EAGER = 1
PROTECTED, IS_UNUSED, FROM, PACKAGE = 1, 2, 4, 8


class DeferringLoader(_proxy.ProxyLoader):
    """Puts a pending proxy into sys.modules without executing it (core py)."""

    @_proxy.hidden
    def exec_module(self, proxy):
        _proxy.restore(proxy, self)


class EagerChildLoader(_proxy.ProxyLoader):
    """Executes the pending parents before the body of a submodule that must load at once (core py)."""

    @_proxy.hidden
    def exec_module(self, proxy):
        _proxy.restore(proxy, self)
        _proxy.execute(proxy)


class AfterParentLoader:
    """Executes the pending parent of a submodule that no finder knows: its body may provide it (core py)."""

    def create_module(self, spec):
        return None

    @_proxy.hidden
    def exec_module(self, empty):
        name = empty.__spec__.name
        parent = name.rpartition(".")[0]
        del sys.modules[name]
        if parent in _proxy.pending:
            _proxy.execute(_proxy.pending[parent])
        if name not in sys.modules:
            path = getattr(sys.modules[parent], "__path__", None)
            spec = None if path is None else _bootstrap._find_spec(name, path)
            if spec is None:
                message = f"{_bootstrap._ERR_MSG_PREFIX}{name!r}"
                raise ModuleNotFoundError(message, name=name)
            sys.modules[name] = _bootstrap._load_unlocked(spec)


class PyCore:
    """The core protocol over the finder's proxies."""

    name = "py"

    def __init__(self):
        self.mode = None
        self.scopes = []
        self._factory = None
        self._policies = {}  # mode -> policy, made at the first import to decide
        self._tables = {}  # id(policy), importer -> (verdict table, flags)
        self._deferred = 0
        self._bytecode = None

    def enable(self, mode, policy_factory):
        """Start deferring under the policy of `mode`."""
        if self._factory is not policy_factory:
            self._policies.clear()
            self._tables.clear()
        self._factory = policy_factory
        self.mode = mode
        self._start()

    def _start(self):
        _proxy.use_python()
        _finder.finder.install()
        _finder.finder.core = self

    def disable(self, resolve=False):
        """Stop deferring; with `resolve`, execute what is pending."""
        self.mode = None
        done, failures = _finder.resolve_all() if resolve else (0, [])
        self._leave()
        return done, failures

    def _leave(self):
        """Leave the finder, unless proxies still need us for their submodules."""
        if self.mode is None and not self.scopes and not _proxy.pending:
            _finder.finder.core = None
            _finder.finder.remove()

    def is_enabled(self):
        return self.mode is not None

    def pending(self):
        """Return (importer, bound name, target, line) of each proxy that has not executed."""
        rows = []
        for name in list(_proxy.pending):
            importer, bound, _, line = _proxy.places.get(name, ("", name, "", 0))
            rows.append((importer, bound, name, line))
        return rows

    def counts(self):
        waiting = len(_proxy.pending)
        return {
            "deferred": self._deferred,
            "reified": _proxy.reified[0],
            "proxies": _proxy.reified[0] + waiting,
            "pending": waiting,
        }

    def push_scope(self, frame, mode):
        """Defer the imports of `frame` under `mode` until pop_scope(token)."""
        token = (frame, mode)
        self.scopes.append(token)
        self._start()
        return token

    def pop_scope(self, token):
        self.scopes = [each for each in self.scopes if each is not token]
        self._leave()

    def _policy_of(self, mode):
        """Return the policy of `mode`, or None where imports stay eager."""
        if mode is None or mode in ("0", "off", "eager"):
            return None
        policy = self._policies.get(mode)
        if policy is None:
            if self._factory is not None:
                policy = self._factory(None if mode == self.mode else mode)
            else:
                from lazyimp._policy import Policy

                policy = Policy(mode)
            self._policies[mode] = policy
        return policy

    @_proxy.hidden
    def take(self, name, spec):
        """Give `spec` a loader of ours where its module, or its parent, is not to execute yet."""
        place = self._wants(name, spec) if self.mode is not None or self.scopes else None
        if place is not None:
            kind = DeferringLoader
        elif _parent_waits(name):
            kind = EagerChildLoader
        else:
            return False
        proxy = _proxy.build(spec, place)
        if proxy is None:
            return False
        spec.loader = kind(proxy, spec.loader)
        return True

    def missing(self, name):
        """Return a spec for a name that nobody knows but its pending parent may provide, or None."""
        return _bootstrap.ModuleSpec(name, AfterParentLoader()) if _parent_waits(name) else None

    @_proxy.hidden
    def _wants(self, name, spec):
        """Return the place of the import statement if `name` is to be a proxy, else None."""
        frame, listed = _importer()
        if frame is None or _finder.finder.at_work():
            return None
        if self._bytecode is None:
            self._bytecode = _bytecode()
        code = frame.f_code
        told = self._bytecode.statement(code, frame.f_lasti)
        if told is None:
            return None
        names, bound = told
        if names is not None:
            if not listed:
                return None
            bound = self._bytecode.bound_by_from(code, frame.f_lasti, name.rpartition(".")[2])
        scoped = next((each for each in reversed(self.scopes) if each[0] is frame), None)
        policy = self._policy_of(self.mode if scoped is None else scoped[1])
        if policy is None:
            return None
        if not self._agrees(policy, frame, name, names, bound, scoped is not None):
            return None
        self._deferred += 1
        importer = frame.f_globals.get("__name__", "")
        return importer, bound or name.rpartition(".")[2], code.co_filename, frame.f_lineno

    def _agrees(self, policy, frame, name, names, bound, scoped):
        importer = frame.f_globals.get("__name__", "")
        file = frame.f_globals.get("__file__")
        known = self._tables.get((id(policy), importer))
        if known is None:
            known = self._tables[(id(policy), importer)] = policy.open(importer, file)
        table, flags = known
        if flags & MODULE_EAGER:
            return False
        top = name.partition(".")[0]
        verdict = table.get(top)
        stored = verdict is not None
        if not stored:
            verdict = policy.fill(importer, file, top)
        bits = _bits(verdict, name)
        if not stored and not bits & NO_STORE:
            table[top] = verdict
        if not bits & (LAZY | PROXY | ASK):
            return False
        return self._weigh(policy, frame, name, names, bound, bits, scoped)

    def _weigh(self, policy, frame, name, names, bound, bits, scoped):
        code, at = frame.f_code, frame.f_lasti
        space = frame.f_globals
        if self._bytecode.defines_finder(code):
            return False
        if bound is not None and self._bytecode.finalizer_reads(code, bound):
            return False
        wanted = bits & (LAZY | PROXY)
        protected = (
            not scoped and (bits & ASK or wanted != LAZY | PROXY) and self._bytecode.protected(code, at)
        )
        if not bits & ASK and not wanted & (PROXY if protected else LAZY):
            return False
        if bits & UNUSED and not bits & ASK:
            return True
        unused = bound is not None and not self._bytecode.reads(code, bound)
        if not bits & ASK:
            return not unused
        context = (
            (PROTECTED if protected else 0)
            | (IS_UNUSED if unused else 0)
            | (FROM if names is not None else 0)
            | (PACKAGE if "__path__" in space else 0)
        )
        file = space.get("__file__")
        target = name
        if names is not None:
            target, _, submodule = name.rpartition(".")
            names = (submodule,)
        verdict = policy.decide(space.get("__name__", ""), file, target, names, context)
        return verdict[0] != "eager"


def _bytecode():
    """What reads bytecode. It is not hidden: from a frame that looks like importlib's, its import would be decided."""
    from lazyimp._bytecode import Bytecode  # a process that imports nothing more has no use for it

    return Bytecode()


def _bits(verdict, name):
    """What a verdict of Policy.fill says of the module `name`."""
    if type(verdict) is int:
        return verdict
    bits, listed = verdict
    while name and name not in listed:
        name = name.rpartition(".")[0]
    return bits | (ASK if name else 0)


def _parent_waits(name):
    parent = name.rpartition(".")[0]
    return parent in _proxy.pending and parent not in _proxy.running


@_proxy.hidden
def _importer():
    """Return the frame whose module-level statement imports, and whether for a name of its from-list.

    The frame is None for any other import.
    """
    frame, code, listed = sys._getframe(2), None, False
    while frame is not None:
        code = frame.f_code
        if code.co_filename != _proxy._IMPORTLIB:
            break
        if code.co_name == "_gcd_import":
            return None, False
        listed = listed or code.co_name == "_handle_fromlist"
        frame = frame.f_back
    if frame is None or code.co_flags & 3 or code.co_name != "<module>":
        return None, False
    space = frame.f_globals
    if frame.f_locals is not space:
        return None, False
    nobody_called = frame.f_back is None and space.get("__name__") == "__main__"
    if code.co_filename[:1] == "<" and not nobody_called:
        # An exec'd string; `python -c` is the one that nobody called.
        return None, False
    return frame, listed


core = PyCore()
