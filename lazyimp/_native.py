"""Core `native` (CPython 3.15 and later): the interpreter defers, lazyimp's policy says which statements.

`sys.set_lazy_imports("all")` makes every module-level import outside `try` ask the extension's filter, which
looks at the statement in the frame below it and answers for it alone. Imports inside `try` and `with` are not
the interpreter's to defer: where the policy says so, the extension's function around the import system's own
gives them a proxy. Here is what the extension calls and what every core has. The policy, and `_native_space` which
asks it, are loaded with the first statement of which no earlier run knows the answer, the rest when it is needed.
"""

import os
import sys
from _thread import get_ident

import lazyimp_c

name = "native"
policy_factory = None  # set by `with lazyimp.lazy()` where nothing was enabled

# Modules that meet a placeholder behind the interpreter's back: `_native_repair` teaches them.
REPAIRED = (
    "asyncio.base_events",
    "cloudpickle.cloudpickle",
    "joblib.externals.cloudpickle.cloudpickle",
    "pyspark.cloudpickle.cloudpickle",
    "ray.cloudpickle.cloudpickle",
    "datasets.utils.patching",
    "dill._dill",
    "numba.core.bytecode",
    "jedi.inference.compiled.access",
)

# Their finders import nothing for names that are not theirs.
PLAIN_FINDERS = ("_frozen_importlib", "_frozen_importlib_external", "_distutils_hack")

after_exec = lazyimp_c.after_exec  # who has hooks to place need not load the finder
before_load = lazyimp_c.native_before_load  # or anything before one of these is imported
mode = Lazy = None  # Lazy: the interpreter's type of placeholders
debugging = [False]  # whether failures of ours are shown
watcher = (lazyimp_c.watch, lazyimp_c.unwatch)  # for hooks on functions, see lazyimp.firstbatch
proxies = 0

_module = type(sys)
_dict_of = _module.__dict__["__dict__"].__get__
_blocks = lazyimp_c.native_blocks
_open = lazyimp_c.native_open
_policy = None
_decider = _finder = None  # lazyimp._native_space, loaded with the policy; lazyimp._finder.finder
_before = None  # (mode, filter) of the interpreter before ours
_loading = set()  # threads that load our own parts


# -- what the extension calls --------------------------------------------------------------------------------


def open_space(frame, importer):
    """The space of the module whose body `frame` is, from what the policy says of the module."""
    return _decider.open_space(frame, importer) if _ready() else None


def complete(space):
    """Ask the policy about a module of which only answers of earlier runs are known; False where that cannot be."""
    if not _ready():
        return False
    space.take_verdicts(*_policy.open(space.name, space.file))
    return True


def is_plain(known):
    """A module of a type of its own may hand out its placeholders as they are; ours do not."""
    made = sys.modules.get("lazyimp._proxy")
    return made is not None and type(known) in made.PROXIES


def proxy(space, target, bound, line):
    """The proxy that a plain import inside try or with gets, or None where it is imported."""
    global proxies
    finder()
    from lazyimp._finder import make_proxy

    made = make_proxy(target, (space.name, bound, space.code.co_filename, line))
    proxies += made is not None
    return made


def is_lazy_before(importer, target, names):
    """What the filter that was there before says of a statement that the program itself calls lazy."""
    return _before is None or _before[1] is None or _before[1](importer, target, names)


def look_around():
    """Somebody changed `sys.meta_path`: a finder of a program's own must not be entered by what it imports."""
    if _finder is not None:
        _finder.keep_first()
    elif not all(_module_of(each) in PLAIN_FINDERS for each in sys.meta_path):
        finder()
    lazyimp_c.native_quiet(list(sys.meta_path))


def _module_of(each):
    return getattr(each if isinstance(each, type) else type(each), "__module__", None)


def missing(package, child, only_asked):
    """A submodule that the package would have loaded, run eagerly; NotImplemented where there is none.

    `only_asked`: by hasattr() or getattr(), which get one that a deferred statement is known to lead to.
    """
    if only_asked:
        inside = sys.modules.get("lazyimp._inside")
        if inside is None or not inside.is_awaited(f"{package}.{child}"):
            return NotImplemented
    return _repair().missing(package, child)


def note(error, target):
    """Say on an error that comes late who asked."""
    bound, file, line = lazyimp_c.native_late[target]
    told = f"lazy import of {target!r} as {bound!r} declared at {file}:{line}"
    if told not in getattr(error, "__notes__", ()):
        error.add_note(told)


def keep_random(filters, target):
    """Before a late import: states of random number generators; of warning filters, if they changed."""
    from lazyimp import _random

    return _random.keep_all(filters, target)


def filters_added(recorded):
    """It changed the warning filters, which were those of its statement."""
    from lazyimp import _warned

    _warned.added(recorded)


def put_back_random(kept):
    """After it: what it drew does not move the program's own numbers."""
    from lazyimp import _random

    _random.put_back(kept)


def begins(target):
    """The import of a name begins for which, or for another one, somebody waits."""
    callback = before_load[target]
    before_load.clear()
    lazyimp_c.pause()
    try:
        callback()
    finally:
        lazyimp_c.resume()


def call_back(target, module):
    """A module was loaded that somebody waits for."""
    for callback in after_exec.pop(target, ()):
        try:
            callback(module)
        except Exception:
            debug()


def is_pending(target):
    """The module that was loaded is a stand-in, which has not executed."""
    return _finder is not None and target in _finder.pending


def record(*deferral):
    """Tell the recorder of a deferral."""
    sys.modules["lazyimp._recorder"].deferred(*deferral)


def debug():
    """Show the failure being handled to who asked for it."""
    if debugging[0]:
        sys.excepthook(*sys.exc_info())


# -- parts that are loaded when they are needed ----------------------------------------------------------------


def finder():
    """The finder, first on sys.meta_path."""
    global _finder
    if _finder is None:
        lazyimp_c.pause()
        try:
            from lazyimp import _finder as made
            from lazyimp import _proxy
        finally:
            lazyimp_c.resume()
        _proxy.debug[0] = debugging[0]
        _finder = made.finder
    _finder.install()
    return _finder


def _repair():
    lazyimp_c.pause()
    try:
        from lazyimp import _native_repair
    finally:
        lazyimp_c.resume()
    return _native_repair


def _teach(module):
    _repair().teach(module)


def _before_fork():
    if lazyimp_c.native_declared:
        _repair().before_fork()


def begin():
    """Prepare for the first statement to decide; False while another thread does."""
    return _alone(_prepare)


def _alone(work):
    """Do work of ours, once at a time; False where some is being done."""
    if policy_factory is None or _loading:
        return False
    _loading.add(get_ident())
    lazyimp_c.pause()
    try:
        work()
    finally:
        lazyimp_c.resume()
        _loading.discard(get_ident())
    return True


def _prepare():
    global Lazy
    if Lazy is None:
        import _types

        Lazy = _types.LazyImportType
        lazyimp_c.native_lazy(Lazy)
        _watch()
    getattr(policy_factory, "begin", int)()
    from lazyimp import _answers

    lazyimp_c.native_keeper(_answers)
    _answers.recall()
    look_around()
    lazyimp_c.native_begun(True)


def _after_fork():
    """In a child this thread alone is left."""
    _loading.intersection_update((get_ident(),))
    lazyimp_c.native_after_fork()


def _ready():
    """Make the policy, once; False while another thread does."""
    return _policy is not None or (_alone(_make_policy) and _policy is not None)


def _make_policy():
    global _decider, _policy
    if _decider is None:
        from lazyimp import _native_space as _decider

        lazyimp_c.native_decider(_decider)
    _policy = _made()
    if not _policy.is_settled:
        lazyimp_c.native_answers(None)


def _watch():
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
    for target in REPAIRED:
        if target in sys.modules:
            _teach(sys.modules[target])
        else:
            after_exec.setdefault(target, []).append(_teach)


def _made(*scope_mode):
    policy = policy_factory(*scope_mode)
    policy.opens_stdlib = True
    return policy


# -- the core protocol ---------------------------------------------------------------------------------------


def enable(new_mode, make_policy):
    """Defer imports from now on; the policy is made when the first import has to be decided."""
    global mode, policy_factory, _policy
    if make_policy is not policy_factory or new_mode != mode:
        _policy = None
        _open.clear()
        lazyimp_c.native_begun(False)
    mode, policy_factory = new_mode, make_policy
    lazyimp_c.native_defer(True)
    _hook()


def _hook():
    global _before
    if sys.get_lazy_imports_filter() is not lazyimp_c.native_filter:
        _before = (sys.get_lazy_imports(), sys.get_lazy_imports_filter())
        sys.set_lazy_imports_filter(lazyimp_c.native_filter)
        sys.set_lazy_imports("all")
    lazyimp_c.native_around(True)
    lazyimp_c.native_search(True)


def _unhook():
    global _before
    if _before is not None:
        if sys.get_lazy_imports_filter() is lazyimp_c.native_filter:
            sys.set_lazy_imports_filter(_before[1])
            sys.set_lazy_imports(_before[0])
        _before = None
        lazyimp_c.native_search(False)
    _open.clear()
    if Lazy is None:
        lazyimp_c.native_around(False)  # nothing was deferred that could fail late


def disable(resolve=False):
    """Stop deferring; (number of names resolved, [(name, error)]). What is pending stays pending."""
    global mode
    mode = None
    lazyimp_c.native_defer(False)
    if not _blocks:
        _unhook()
    if Lazy is None:
        return 0, []
    if not resolve:
        _repair().resolve_running()
        return 0, []
    found = _repair().resolve_all()
    if not _blocks and not lazyimp_c.native_declared and not after_exec.keys() - {*REPAIRED, "copyreg"}:
        lazyimp_c.native_around(False)
    if _finder is not None:
        _finder.remove()
    return found


def is_enabled():
    """Whether imports are being deferred."""
    return mode is not None


def pending():
    """[(module, bound name, "target" or "target:attribute", line)] of what is not loaded yet."""
    return _repair().pending() if Lazy is not None else []


def placeholders():
    """[(module name, namespace, bound name, placeholder)] of all modules."""
    found = []
    for each, known in list(sys.modules.items()):
        if issubclass(type(known), _module):
            space = _dict_of(known)
            found += [(each, space, key, value) for key, value in list(space.items()) if type(value) is Lazy]
    return found


def counts():
    """How many bindings were deferred and reified, proxies handed out, and how many of both are pending."""
    waiting, deferred = len(pending()), lazyimp_c.native_deferred()
    return {
        "deferred": deferred,
        "reified": max(0, deferred + proxies - waiting),
        "proxies": proxies,
        "pending": waiting,
    }


def push_scope(frame, scope_mode):
    """Defer in `scope_mode` what stands directly in the with block that `frame` is entering."""
    _hook()
    if (Lazy is None and not begin()) or not _ready():
        raise RuntimeError("lazyimp is being started by another thread")
    made = (frame, _made(scope_mode), {})
    _blocks.append(made)
    return made


def pop_scope(token):
    """End a scope begun by push_scope()."""
    _blocks[:] = [each for each in _blocks if each is not token]
    if mode is None and not _blocks:
        _unhook()


lazyimp_c.native_setup(sys.modules[__name__])
