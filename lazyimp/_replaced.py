"""Modules that put another object in their place in `sys.modules` while they execute as proxies.

An eager program binds that object; here the import statement has already bound the proxy. So
the namespaces of modules get the object, and the proxy passes on what it cannot answer itself.
"""

import sys
from _thread import get_ident

from lazyimp._proxy import dict_of, module, set_class

_read = module.__getattribute__
_write = module.__setattr__


class Replaced(module):
    """A proxy whose module put another object in its place: what it lacks itself is asked there.

    The other object often wraps this very module, so a question that comes back is answered here.
    """

    __slots__ = ()

    def __getattribute__(self, name):
        try:
            return _read(self, name)
        except AttributeError:
            return _forward(self, getattr, _read, name)

    def __setattr__(self, name, value):
        _forward(self, setattr, _write, name, value)

    def __delattr__(self, name):
        _forward(self, delattr, module.__delattr__, name)

    def __dir__(self):
        return _forward(self, dir, module.__dir__)

    def __repr__(self):
        return _forward(self, repr, module.__repr__)

    def __call__(self, *args, **named):
        return replaced[id(self)][1](*args, **named)

    def __getitem__(self, key):
        return replaced[id(self)][1][key]


def _forward(proxy, ask, plain, *args):
    asked = (id(proxy), get_ident())
    if asked in _forwarding:
        return plain(proxy, *args)
    _forwarding.add(asked)
    try:
        return ask(replaced[id(proxy)][1], *args)
    finally:
        _forwarding.discard(asked)


_forwarding = set()  # (id of a replaced proxy, thread) whose question is with the other object
replaced = {}  # id(proxy) -> (proxy, the object in its place); kept alive, so ids stay valid


def replace(proxy, now):
    """Bind `now` wherever a module's namespace holds `proxy`; other holders are passed on."""
    if now is None:
        return
    replaced[id(proxy)] = (proxy, now)
    for other in list(sys.modules.values()):
        if type(other) is not module or other is proxy or other is now:
            continue
        namespace = dict_of(other)
        for key in [key for key, value in namespace.copy().items() if value is proxy]:
            namespace[key] = now
    set_class(proxy, Replaced)


Replaced.__name__ = Replaced.__qualname__ = "module"
