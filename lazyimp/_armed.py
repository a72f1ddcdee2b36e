"""The Python half of core `c`: answers what the extension asks, and what armed keys need around them.

The extension loads it when the first import has to be decided. Everything here runs with our own imports
kept eager (`lazyimp_c.pause`).
"""

import atexit
import sys

import lazyimp_c
from lazyimp import _finder, _proxy

LAZY, PROXY, EAGER = 1, 2, 0
DECISIONS = {"lazy": LAZY, "proxy": PROXY, "eager": EAGER}
PACKAGE, EFFECT_ORDER = 8, 16  # Policy.decide
UNUSED, BEFORE_ENVIRON = 2, 32  # lazyimp_c/core.h: flags of a statement
MODULE_EAGER, OWN = 1, 2  # Policy.open
NO_STORE = 16  # Policy.fill

# Modules that `_armed_repair` teaches what stands for a module, or watches.
REPAIRED = (
    "asyncio.events",
    "logging.config",
    "cloudpickle.cloudpickle",
    "joblib.externals.cloudpickle.cloudpickle",
    "pyspark.cloudpickle.cloudpickle",
    "ray.cloudpickle.cloudpickle",
    "dill._dill",
    "jedi.inference.compiled.access",
)

finder = _finder.finder
_policy = None
_make_policy = None
_generation = None  # the wish that _policy was made for


def policy():
    """The policy of the mode in force, made when it is first asked."""
    global _policy, _make_policy, _generation
    if _generation is not lazyimp_c.wish:
        _generation = lazyimp_c.wish
        _make_policy = _generation[1]
        _policy = _make_policy()
        finder.install()
    return _policy


# -- what the extension asks -------------------------------------------------------------------------------


def never_fails(otherwise):
    """Decorate a question of the extension: after a fault of our own the import stays eager."""

    def decorate(function):
        def ask(*args):
            try:
                return function(*args)
            except Exception as error:
                if _proxy.debug[0]:
                    sys.excepthook(type(error), error, error.__traceback__)
                return otherwise

        return ask

    return decorate


@never_fails(({}, MODULE_EAGER, ""))
def open_module(name, file, package, is_package):
    """(verdict table, module flags, package that relative imports start from) of a module that begins."""
    table, flags = policy().open(name, file)
    if not isinstance(package, str):
        package = name if is_package else name.rpartition(".")[0]
    return table, flags, package


@never_fails(NO_STORE)
def fill(name, file, top):
    """The verdict bits for imports of anything under `top`."""
    return policy().fill(name, file, top)


@never_fails(EAGER)
def decide(name, file, facts, target, fromlist, flags, offset):
    """LAZY, PROXY or EAGER for one statement that no bits could decide."""
    context = flags & 7
    if file is not None and file.endswith(("__init__.py", "__init__.pyc")):
        context |= PACKAGE
    if flags & BEFORE_ENVIRON:
        from lazyimp._environ import reads_environment

        if reads_environment(target, lazyimp_c.environ_after(facts, offset)):
            context |= EFFECT_ORDER
    names = tuple(fromlist) if fromlist else None
    return DECISIONS[policy().decide(name, file, target, names, context)[0]]


def is_own(top):
    """The user's own top-level name."""
    from lazyimp import _units

    return _units.shared.of_top(top)[0] is _units.OWN


def watch(parent):
    """When `parent` is loaded, what deferred statements imported below it has to become reachable."""
    finder.after_exec.setdefault(parent, []).append(_loaded)


def await_module(name):
    """When `name`, and the packages above it, are loaded, own modules get what they take from it by `from`."""
    for target in [name[:at] for at, letter in enumerate(name + ".") if letter == "."]:
        if target not in sys.modules and target not in _awaited:
            _awaited.add(target)
            finder.after_exec.setdefault(target, []).append(_came)


_awaited = set()  # modules whose end own modules wait for


def _came(module):
    _awaited.discard(module.__spec__.name)
    lazyimp_c.settle_awaited(module.__spec__.name)


def _loaded(module):
    lazyimp_c.plant_children(module, _exists)


def _exists(name):
    return finder.find(name) is not None


@never_fails(None)
def proxy(target, chain, *place):
    """A proxy for the `import target` inside try or with that stands at `place`, or None: it has to be imported now."""
    if "." in target or chain:
        return None
    return _finder.make_proxy(target, place)


def walk(name):
    """The object that `import a.b.c as d` binds, its modules being loaded: by attribute, from the top."""
    top, *rest = name.split(".")
    found, path = sys.modules[top], top
    for part in rest:
        path = f"{path}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError:
            found = sys.modules[path]
    return found


def import_from(module, attribute):
    """What `from module import attribute` binds, or the very error that it raises."""
    names = {"__name__": "<lazy import>"}
    exec(compile(f"from {module} import {attribute} as value", "<lazy import>", "exec"), names)
    return names["value"]


def run_ahead(package, name, attribute, level, flags):
    """Import for a module that is still being executed what one of its later statements will bind."""
    if flags & 1:
        return NotImplemented
    if level:
        base = package.rsplit(".", level - 1)[0]
        name = f"{base}.{name}" if name else base
    wanted = (name, attribute)
    if wanted in _ahead:
        return NotImplemented
    _ahead.add(wanted)
    try:
        if attribute is not None and flags & 4:
            return import_from(name, attribute)
        __import__(name)
        return sys.modules[name if attribute is not None else name.partition(".")[0]]
    finally:
        _ahead.discard(wanted)


_ahead = set()  # (module, attribute) that run_ahead() is importing


def missing(name, attribute, only_asked):
    """A submodule that the package would have loaded, run eagerly; NotImplemented where there is none.

    `only_asked`: by hasattr() or getattr(), which get one that a deferred statement is known to lead to.
    """
    full = f"{name}.{attribute}"
    if only_asked:
        inside = sys.modules.get("lazyimp._inside")
        if inside is None or not inside.is_awaited(full):
            return NotImplemented

    def may_come():
        module = sys.modules.get(name)
        is_new = full not in sys.modules and getattr(module, "__path__", None) is not None
        return is_new and finder.find(full) is not None

    return _finder.load_lacking(full, may_come)


@never_fails([])  # half-loaded frameworks, foreign generators: then there is nothing to keep
def keep_random(filters, target):
    """Before a late import: states of random number generators; of warning filters and loggers, if they changed."""
    from lazyimp import _random

    return _random.keep_all(filters, target)


def filters_added(recorded, target):
    """A late import changed the warning filters, which were those of its statement."""
    from lazyimp import _warned

    _warned.added(recorded)


def put_back_random(kept):
    """After a late import: what it drew does not move the program's own numbers."""
    from lazyimp import _random

    try:
        _random.put_back(kept)
    except Exception:
        return


def loaded_without_body(name):
    """A package whose loading no hook could see (a namespace package) is there now."""
    if getattr(getattr(sys.modules[name], "__spec__", None), "_initializing", False):
        return  # its body still runs; its hook comes at the end
    for callback in finder.after_exec.pop(name, ()):
        callback(sys.modules[name])


def search_under(module, paths):
    """Look for `module` where sys.path pointed when its import statement ran."""
    finder.paths.setdefault(module.partition(".")[0], paths)


def explain(error, module, attribute, code, offset):
    """Attach the place of the import statement to an error that comes late."""
    if code is None:
        return
    line = next((line for start, end, line in code.co_lines() if start <= offset < end), None) or 0
    what = module if attribute is None else f"{module}.{attribute}"
    _tell(error, what, code.co_filename, line)


def _tell(error, what, file, line):
    told = f"lazy import of {what!r} declared at {file}:{line}"
    if hasattr(error, "add_note") and told not in getattr(error, "__notes__", ()):
        error.add_note(told)
    if error.__cause__ is None and not error.__suppress_context__:
        error.__cause__ = _proxy._declared(told, what, file, line)


def replace_copies(placeholder, value):
    """Put the real object where a copy of a namespace still holds the placeholder."""
    import gc

    for holder in gc.get_referrers(placeholder):
        if type(holder) is dict:
            for key in [key for key, held in list(holder.items()) if held is placeholder]:
                holder[key] = value
        elif type(holder) is list:
            for index, held in enumerate(holder):
                if held is placeholder:
                    holder[index] = value


# -- the core protocol --------------------------------------------------------------------------------------


def disable(resolve=False):
    """Stop deferring; (number of names resolved, [(name, error)])."""
    if not resolve:
        # What running code names is loaded while the modules it loads still defer what they do not need.
        lazyimp_c.freeze()
        return 0, []
    lazyimp_c.turn_off()
    count, failures = lazyimp_c.resolve_pending()
    more, failed = _finder.resolve_all()
    lazyimp_c.freeze(resolved=True)
    return count + more, failures + failed


def push_scope(frame, mode):
    """Defer in `mode` inside the with block that `frame` is entering."""
    global _policy
    was_on = lazyimp_c.is_enabled()
    before = policy() if was_on else None
    if not was_on:
        lazyimp_c.enable(*lazyimp_c.wish)
    token = lazyimp_c.enter_block(frame)
    return (token, was_on, before, _enter_mode(mode))


def _enter_mode(mode):
    global _policy
    lazyimp_c.pause()
    try:
        policy()
        _policy = _make_policy(mode)
    finally:
        lazyimp_c.resume()
    lazyimp_c.new_policy()
    return mode


def pop_scope(token):
    """End a scope begun by push_scope()."""
    global _policy
    block, was_on, before, _ = token
    lazyimp_c.leave_block(block)
    lazyimp_c.new_policy()
    if was_on:
        _policy = before
    else:
        lazyimp_c.turn_off()


# -- forks and event loops: what would be loaded at a bad time is loaded before it --------------------------


def _before_fork():
    """Load once what each child would load again: what the user's own code names."""
    if lazyimp_c.is_enabled() or lazyimp_c.counts()["deferred"]:
        from lazyimp import _fork

        _fork.joining(lambda: lazyimp_c.resolve_pending(_used_by_own_code))


def _used_by_own_code(module_flags, statement_flags):
    return module_flags & OWN and not statement_flags & UNUSED


def _teach(module):
    """A module was loaded that meets armed keys, or late imports, where nobody asks."""
    from lazyimp import _armed_repair

    _armed_repair.teach(module)


def _start():
    import os

    finder.install()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_child=lazyimp_c.after_fork_in_child)
    for name in REPAIRED:
        if name in sys.modules:
            _teach(sys.modules[name])
        else:
            finder.after_exec.setdefault(name, []).append(_teach)
    atexit.register(lazyimp_c.shut_down)


_start()
