"""Own modules whose body does something to the world around it: those run where their statement stands.

HOT, loaded with the first import of a module of the user's own. Installed distributions are judged by rules
and recipes; the user's own modules have none, but they are few and small, so their code is looked at.
Without the extension nothing can be told, and they count as having effects.
"""

import sys
from _frozen_importlib_external import PathFinder

try:
    from lazyimp_c import analyse, effects, pause, resume, shared
except ImportError:
    analyse = effects = None

CHANGED = "takes what own code changes"
UNKNOWN = "its code cannot be looked at"
LIMIT = 400  # modules looked at in one process: a large project is not read twice

_dict_of = type(sys).__dict__["__dict__"].__get__
_known = {}  # module -> (effect or None, names its functions bind globally)
_heard = set()  # modules whose code was asked what it puts into others
_changed = {}  # module -> names that own code puts into it
_deferred = {}  # (target, names) of statements that do nothing beyond binding names
_running = set()  # those of them that were found at work
_tests = []  # something, once own code was seen that has a test
_kind_of = None
_giving = {}  # module -> (its __getattr__ warns, the names that the module itself mentions)

TESTING = frozenset(("unittest", "unittest.mock", "pytest", "mock"))


def of_statement(importer, target, names, kind_of):
    """What an import statement of the user's own modules does beyond binding names, in words, or None.

    `kind_of(name)` tells the unit of a module, as `_units` names them. `importer` has the statement.
    """
    global _kind_of
    _kind_of = kind_of
    _hear(importer)
    if _is_tested(importer):
        return "runs under a test, which may put others in place of what it takes"
    for each in _modules(target, names or ()):
        if each not in sys.modules:
            effect = _look(each)[0]
            if effect is not None:
                return effect
    if any(_is_changed(target, name) for name in names or ()):
        return CHANGED
    if names and not _known.get(target, (None, frozenset()))[1].isdisjoint(names):
        return "its functions bind the name anew"
    if names and _warns_of(target, names):
        return "its __getattr__ warns with the line of who asks for the name"
    _deferred[target, names] = None
    return None


def _warns_of(target, names):
    """Whether a module gives one of the names by a `__getattr__` that warns, as for a deprecated one."""
    if target not in _giving:
        loaded = sys.modules.get(target)  # it was not looked at; a proxy has executed nothing
        if not issubclass(type(loaded), type(sys)) or "__getattr__" not in _dict_of(loaded):
            return False
        _note_giving(target, _code_of(target)[1])
    warns, mentioned = _giving[target]
    return warns and not mentioned.issuperset(names)


def _note_giving(name, code):
    for each in code.co_consts if code is not None else ():
        if type(each) is type(code) and each.co_name == "__getattr__":
            _giving[name] = "warn" in each.co_names, frozenset(code.co_names)
            return
    _giving[name] = False, frozenset()


def _look(name):
    known = _known.get(name)
    if known is not None:
        return known
    if effects is None or len(_known) > LIMIT:
        return UNKNOWN, frozenset()
    _known[name] = (None, frozenset())  # a cycle adds nothing
    spec, code = _code_of(name)
    if code is None:
        effect, names = (
            (UNKNOWN, frozenset()) if spec is None or spec.loader is not None else (None, frozenset())
        )
    else:
        is_package = spec.submodule_search_locations is not None
        effect, names = effects(code)
        _note_giving(name, code)
        effect = effect or _of_body(name, is_package, code) or _of_imports(name, spec, code)
        _known[name] = (effect, names)
        _note_changes(name, is_package, code)
    _known[name] = (effect, names)
    return _known[name]


def _of_body(name, is_package, code):
    from lazyimp import _bodies

    effect = _bodies.effect_of(name, is_package, code, _kind_of)
    if effect is None and _changed:
        imports, stars = _bodies.imports_of(name, is_package, code)
        if any(_is_changed(*taken) for taken in imports.values()) or any(
            _is_changed(star, "*") for star in stars
        ):
            return CHANGED
    return effect


# -- what own code puts into modules, and tests ------------------------------------------------------------------


def _hear(importer):
    """Once for each module with an import statement of own modules: what its code puts into others."""
    started = sys.modules.get("lazyimp._startup")
    if importer in _heard or effects is None or getattr(started, "core", None) is None:
        return  # whoever asks what a policy would say runs no such module
    _heard.add(importer)
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == importer:
            _running.add(importer)
            if not TESTING.isdisjoint(frame.f_code.co_names):
                _tests.append(importer)
            _note_changes(importer, "__path__" in frame.f_globals, frame.f_code)
            return
        frame = frame.f_back


def _note_changes(name, is_package, code):
    """Note what code puts into modules; what was deferred before and takes such a name is imported now."""
    chains = shared(code)[0]
    if not chains:
        return
    from lazyimp import _bodies

    before = len(_changed)
    imports, _ = _bodies.imports_of(name, is_package, code)
    for chain in chains:
        root, _, path = chain.partition(".")
        if root in imports:
            target, attribute = imports[root]
            where, _, changed = (
                f"{target}.{attribute}.{path}" if attribute else f"{target}.{path}"
            ).rpartition(".")
            _changed.setdefault(where, set()).add(changed)
    if len(_changed) > before:
        for each in [each for each, (effect, _) in _known.items() if effect is None]:
            del _known[each]
        for target, names in list(_deferred):
            if target not in sys.modules and _look_again(target, names):
                _deferred.pop((target, names), None)
                _import(target)


def _look_again(target, names):
    return any(
        each not in sys.modules and _look(each)[0] is not None for each in _modules(target, names or ())
    )


def _import(target):
    resume()  # what it imports itself may be deferred
    try:
        __import__(target)
    except Exception:
        pass  # whoever uses it gets the error
    finally:
        pause()


def _is_changed(target, attribute):
    changed = _changed.get(target)
    if changed is None or attribute is None:  # of a module itself, values are read later
        return False
    return attribute == "*" or attribute in changed or "*" in changed


def _is_tested(importer):
    """Running code that a test runner has loaded, or a program with mocks."""
    if importer not in _running:
        return False
    if _tests or "_pytest" in sys.modules:
        return True
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return getattr(spec, "name", "").partition(".")[0] in ("unittest", "pytest")


def _code_of(name):
    try:
        spec = _find(name)
        return spec, spec.loader.get_code(name)
    except Exception:  # no such module, no such method, a syntax error: the import statement itself says so
        return None, None


def _of_imports(name, spec, code):
    """The first effect among the own modules that `name` imports while it runs."""
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    for written, level, attributes in analyse(code).imports():
        target = written
        if level:
            base = package.rsplit(".", level - 1)[0]
            target = f"{base}.{written}" if written else base
        for each in _modules(target, attributes):
            if each not in sys.modules and _kind_of(each) == "own":
                effect = _look(each)[0]
                if effect is not None:
                    return f"{effect} (in {each})" if "(" not in effect else effect
    return None


def _modules(target, attributes):
    """The modules a statement loads: the target, the packages above it, and submodules named by `from`."""
    parts = target.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])
    if target in sys.modules or _is_package(target):
        for attribute in attributes:
            full = f"{target}.{attribute}"
            if full not in sys.modules and _find(full) is not None:
                yield full


def _is_package(name):
    try:
        return _find(name).submodule_search_locations is not None
    except Exception:
        return False


def _find(name):
    """The spec of `name` as the path finder has it; other finders are not asked more often than eagerly."""
    parent, _, _ = name.rpartition(".")
    if not parent:
        return PathFinder.find_spec(name)
    above = sys.modules.get(parent)
    path = (
        getattr(above, "__path__", None)
        if above is not None
        else getattr(_find(parent), "submodule_search_locations", None)
    )
    return None if path is None else PathFinder.find_spec(name, path)
