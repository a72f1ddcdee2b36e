"""Stubs: stand-ins, chosen by the user, for modules that are imported for one or two small functions.

HOT, loaded only where some were chosen. A stub is the final module object. While it is one, it answers what
its file in recipes/stubs/ lists, to the modules listed there; whatever else is touched, and any submodule
that is imported, makes it execute, and then it is the plain module that it would have been. Its file has

ANSWERS      name -> {module that may have it, or "*" for any: object}
hand_over    hand_over(module), called after the body
begin        if there is one: called before the stub is handed out, which it is not where this gives False
FOLLOWERS    if there are any: modules that the body loads. They are stubs without answers; when one of them
             is touched, the leader's body runs first, as in the author's order
"""

import _frozen_importlib as _bootstrap
import sys

from lazyimp import _proxy, _recipes, _units
from lazyimp._finder import finder

_module = type(sys)
_read = _module.__getattribute__
ANYBODY = "*"
_answers = {}  # name of a chosen module -> ANSWERS of its stub
_leaders = {}  # follower -> the chosen module


class Unknown(ValueError):
    """No recipe has a stub for what was chosen."""

    slug = "config"


def choose(names):
    """Hand out stubs for these modules when they are first imported; raises Unknown."""
    table = _recipes.load_table()
    known = getattr(table, "STUBS", {})
    for name in names:
        if name not in known:
            there = ", ".join(sorted(known)) or "none, since the recipes were never built"
            raise Unknown(f"there is no stub for {name!r}; there is: {there}")
    for name in names:
        if name not in sys.modules and name not in _answers:
            _answers[name] = None
    if _answers:
        finder.stubs = find
        finder.install()


def take_back(names):
    """Hand out no stubs for these modules after all, as far as none was asked for yet."""
    for name in names:
        if name not in _proxy.pending:
            _answers.pop(name, None)
    if not _answers:
        finder.stubs = None


@_proxy.hidden
def find(name, path, importing):
    """What the finder does for a chosen module and for what is under one: a spec, or None for the usual."""
    if not importing:
        return None
    if name in _answers and name not in _proxy.pending:
        return _first(name, path)
    parent = name.rpartition(".")[0]
    while parent:
        if parent in _answers and parent in _proxy.pending:
            become(_proxy.pending[parent])
            return _there(name) if name in sys.modules else None
        parent = parent.rpartition(".")[0]
    return None


def _first(name, path):
    """The spec that hands out the stub; None where the real module has to be loaded."""
    _units.shared.of_top(name.partition(".")[0])
    recipe = _recipes.Recipes(_units.shared).of(name.partition(".")[0])
    file, _, bounds = _recipes.load_table().STUBS[name]
    fits = recipe is not None and recipe.fits and _recipes.is_within(recipe.version, bounds)
    spec = finder.search(name, path) if fits else None
    if spec is None or spec.loader is None or not _proxy.executes_python(spec.loader):
        del _answers[name]
        return None
    stub = __import__(f"lazyimp.recipes.stubs.{file}", fromlist=("ANSWERS",))
    begin = getattr(stub, "begin", None)
    if begin is not None and not begin():
        del _answers[name]
        return None
    proxy = _put_up(spec, stub.ANSWERS)
    _proxy.after_exec.setdefault(name, []).insert(0, _handing_over(name, stub.hand_over))
    for follower in getattr(stub, "FOLLOWERS", ()):
        _follow(follower, name)
    spec.loader = _Handing(proxy, spec.loader)
    return spec


def _put_up(spec, answers):
    """A stub with the spec of the real module."""
    proxy = _bootstrap.module_from_spec(spec)
    _proxy.set_class(proxy, Stub)
    _answers[spec.name] = answers
    _proxy.pending[spec.name] = proxy
    return proxy


def _follow(name, leader):
    """Put a stub where a module would be that is loaded with the leader."""
    parent, _, leaf = name.rpartition(".")
    above = sys.modules.get(parent)
    if name in sys.modules or above is None:
        return
    spec = finder.search(name, above.__path__)
    if spec is not None and spec.loader is not None and _proxy.executes_python(spec.loader):
        _leaders[name] = leader
        proxy = sys.modules[name] = _put_up(spec, {})
        _proxy.after_exec.setdefault(name, []).insert(0, _handing_over(name, None))
        setattr(above, leaf, proxy)


@_proxy.hidden
def become(stub):
    """Execute a stub; who leads it executes first."""
    leader = _leaders.get(_read(stub, "__name__"))
    if leader in _proxy.pending:
        _proxy.execute(_proxy.pending[leader])
    _proxy.execute(stub)


def _handing_over(name, hand_over):
    """What runs after the body of a module that had a stub."""

    def handed(module):
        del _answers[name]
        _leaders.pop(name, None)
        if not _answers:
            finder.stubs = None
        if hand_over is not None:
            hand_over(module)

    return handed


def _there(name):
    """A spec for what the body of a parent has imported meanwhile: it is not to be executed again."""
    module = sys.modules[name]
    spec = getattr(module, "__spec__", None) or _bootstrap.ModuleSpec(name, None)
    spec.loader = _Handing(module, spec.loader)
    return spec


class _Handing(_proxy.ProxyLoader):
    """Puts a module into sys.modules as it is."""

    @_proxy.hidden
    def exec_module(self, module):
        _proxy.restore(module, self)


class Stub(_module):
    """A module that has not executed and answers a few names to those who are known to need no more."""

    __slots__ = ()

    @_proxy.hidden
    def __getattribute__(self, name):
        if name in _proxy.ANSWERED:
            return _read(self, name)
        if name == "__class__":
            return _module
        own = _read(self, "__name__")
        if own not in _proxy.running:
            answers = _answers[own].get(name)
            if answers is not None:
                who = sys._getframe(1).f_globals.get("__name__")
                if who in answers or ANYBODY in answers:
                    return answers[who if who in answers else ANYBODY]
            if name == "__warningregistry__":  # unittest asks every module
                raise AttributeError(name)
        become(self)
        return _read(self, name) if type(self) is Stub else getattr(self, name)

    @_proxy.hidden
    def __setattr__(self, name, value):
        if name not in _proxy.ANSWERED and name != "__class__":
            become(self)
            if type(self) is not Stub:  # core c has a type of its own for modules with pending names
                setattr(self, name, value)
                return
        _module.__setattr__(self, name, value)

    @_proxy.hidden
    def __delattr__(self, name):
        become(self)
        if type(self) is Stub:
            _module.__delattr__(self, name)
        else:
            delattr(self, name)

    @_proxy.hidden
    def __dir__(self):
        become(self)
        return _module.__dir__(self) if type(self) is Stub else dir(self)


Stub.__name__ = Stub.__qualname__ = "module"
_proxy.PROXIES.append(Stub)
if "copyreg" in sys.modules:
    _proxy._register(sys.modules["copyreg"])
