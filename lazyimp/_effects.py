"""Own modules whose body does something to the world around it: those run where their statement stands.

HOT, loaded with the first import of a module of the user's own. Installed distributions are judged by rules
and recipes; the user's own modules have none, but they are few and small, so their code is looked at.
Without the extension nothing can be told, and they count as having effects.
"""

import sys
from _frozen_importlib_external import PathFinder

try:
    from lazyimp_c import analyse, effects
except ImportError:
    analyse = effects = None

UNKNOWN = "its code cannot be looked at"
LIMIT = 400  # modules looked at in one process: a large project is not read twice

_known = {}  # module -> (effect or None, names its functions bind globally)


def of_statement(target, names, is_own):
    """What an import statement of the user's own modules does beyond binding names, in words, or None.

    `is_own(top)` tells the user's own top-level names.
    """
    for each in _modules(target, names or ()):
        if each not in sys.modules:
            effect = _look(each, is_own)[0]
            if effect is not None:
                return effect
    if names and not _known.get(target, (None, frozenset()))[1].isdisjoint(names):
        return "its functions bind the name anew"
    return None


def _look(name, is_own):
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
        effect, names = effects(code)
        effect = effect or _of_imports(name, spec, code, is_own)
    _known[name] = (effect, names)
    return _known[name]


def _code_of(name):
    try:
        spec = _find(name)
        return spec, spec.loader.get_code(name)
    except Exception:  # no such module, no such method, a syntax error: the import statement itself says so
        return None, None


def _of_imports(name, spec, code, is_own):
    """The first effect among the own modules that `name` imports while it runs."""
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    for written, level, attributes in analyse(code).imports():
        target = written
        if level:
            base = package.rsplit(".", level - 1)[0]
            target = f"{base}.{written}" if written else base
        for each in _modules(target, attributes):
            if each not in sys.modules and is_own(each.partition(".")[0]):
                effect = _look(each, is_own)[0]
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
