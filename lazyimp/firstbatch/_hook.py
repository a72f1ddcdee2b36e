"""Hooks: `enter(args, kwargs)` is called before a function runs, and what it returns, unless None, after it.

The function stays the object it is, wherever somebody holds it. With the extension nothing of ours stands
between it and its caller, and afterwards it is exactly what it was; without the extension its code object is
replaced meanwhile, so a failing call shows one frame more.
"""

_Function = type(lambda: None)
_CALL = "lazyimp's hook"


class Hook:
    """One function, told of until `restore`; `watcher` is (watch, unwatch) of the extension, or None.

    `place` is what `find` gave: the function and the class that has it, or None.
    """

    def __init__(self, place, enter, watcher=None):
        self.function, self.owner = place
        self.enter = enter
        self.watcher = watcher
        self.live = False
        self.over = False
        self._code = None

    def place(self):
        """Listen; does nothing where it listens already, cannot, or has ended."""
        if self.live or self.over:
            return
        if self.watcher is not None:
            self.live = self.watcher[0](self.function, self.enter, self.owner)
        elif self.function.__code__.co_consts[-1:] != (_CALL,):
            self._code = self.function.__code__
            self.function.__code__ = _told(self.function, self._call)
            self.live = True

    def restore(self):
        """Listen no longer."""
        if not self.live:
            return
        self.live = False
        if self.watcher is not None:
            self.watcher[1](self.function)
        else:
            self.function.__code__ = self._code

    def end(self):
        """Listen never again."""
        self.over = True
        self.restore()

    def _call(self, args, kwargs):
        leave = self.enter(args, kwargs)
        call = self.function
        if self.live:
            call = _Function(self._code, call.__globals__, call.__name__, call.__defaults__, call.__closure__)
            call.__kwdefaults__ = self.function.__kwdefaults__
        try:
            return call(*args, **kwargs)
        finally:
            if leave is not None:
                leave()


def find(module, path):
    """(function, its class or None) that `path` ("name" or "Class.method") leads to in a module, or None."""
    found, owner = module, None
    for name in path.split("."):
        for space in getattr(found, "__mro__", (found,)):
            if name in vars(space):
                found, owner = vars(space)[name], space if space is not module else None
                break
        else:
            return None
    found = getattr(found, "__func__", found)  # of a classmethod or staticmethod
    return (found, owner) if isinstance(found, _Function) else None


def _stub(*args, **kwargs):
    return "lazyimp's hook".__call__(args, kwargs)


def _told(function, call):
    """Code that calls `call(args, kwargs)`, for the time being that of `function`."""
    code = _stub.__code__
    return code.replace(
        co_consts=(*[call if const == _CALL else const for const in code.co_consts], _CALL),
        co_freevars=function.__code__.co_freevars,
        co_filename=function.__code__.co_filename,
        co_name=function.__code__.co_name,
        co_firstlineno=function.__code__.co_firstlineno - 1,
    )
