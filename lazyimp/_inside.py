"""Statements inside an installed distribution without a recipe: which ones its author's order needs.

HOT, loaded with the first such statement. A module whose body changes what others hold (`_outline.py`),
or that others need while it runs and that needs them (a cycle), runs where the author has it run, and so does
what leads to it. What was found about a module is kept in the user's cache folder, in one file for each
top-level name, until that is installed anew; without such a folder nothing inside is deferred.
"""

import sys
from _frozen_importlib_external import PathFinder

from lazyimp import _kept, _program

UNKNOWN = "its code cannot be looked at"
CYCLE = "is part of a cycle that its author's order resolves"
LIMIT = 20000  # modules looked at in one process

_same = None  # same(top, other): two top-level names of one distribution
_judge = None
_modules = {}  # name -> Module or None, of this process
_specs = {}
_rows = {}  # name -> (effect or None, modules that its body imports, names its functions bind anew)
_stamps = {}  # top-level name -> its distribution as excuses() names it
_files = {}  # top-level name -> where what was found is kept, or None
_fresh = {}  # top-level name -> True: something to be written
_clean = set()  # modules that lead to no effect
_witness = {}  # module -> a module with an effect that it leads to


def of_statement(importer, target, names, same):
    """What an import statement between two modules of one distribution does beyond binding names, or None.

    `same(top, other)` tells whether two top-level names belong to one distribution.
    """
    global _same
    _same = same
    _top[0] = importer.partition(".")[0]
    try:
        for each in _named(target, names or ()):
            if each not in sys.modules:
                effect = _leads_to(each)
                if effect is not None:
                    return effect
        if names:
            row = _row(target) if target not in sys.modules or target in _rows else None
            if row is not None and not row[2].isdisjoint(names):
                return "its functions bind the name anew"
        return None
    finally:
        _write()


def excuses(importer, target, names):
    """The modules that `of_statement` passed over because they are loaded; where they are, it finds no more than now.

    Before them, what says that the distribution of the target is the same: "=", "p" of a package, its place, its stamp.
    What is loaded whenever the importer runs, it and the packages above it, is left out.
    """
    found, waiting = [_stamped(target.partition(".")[0])], list(_named(target, names or ()))
    seen, below = set(waiting), importer + "."
    for each in waiting:
        if below.startswith(each + "."):
            continue
        if each in sys.modules:
            found.append(each)
            continue
        for other in _row(each)[1]:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return tuple(found)


def _stamped(top):
    if top not in _stamps:
        spec = _find(top)
        kind = "p" if spec.submodule_search_locations else "m"
        stamp = _program.stamp_of(spec.origin, kind == "p")
        _stamps[top] = f"={kind}{spec.origin}\0{stamp}"
    return _stamps[top]


def effect_of(name, same):
    """What a module's own body does beyond binding names, whatever it imports, or None; `tune` asks."""
    global _same
    _same = same
    _top[0] = name.partition(".")[0]
    row = _row(name)
    _write()
    return row[0]


def is_awaited(name):
    """Whether the author's order would have loaded a module by now: a statement that ran leads to it."""
    return name in _rows and _rows[name][0] != UNKNOWN


def is_extension(target):
    """Whether a module is compiled code, of which nothing can be told."""
    spec = _find(target)
    return spec is not None and type(spec.origin) is str and not spec.origin.endswith((".py", ".pyc"))


# -- following imports ---------------------------------------------------------------------------------------


def _leads_to(name):
    """The first effect among the modules that would be loaded with `name` and are not, or None."""
    if name in _clean:
        return None
    witness = _witness.get(name)
    if witness is not None and witness not in sys.modules:
        return _told(witness, name)
    seen, waiting = {name}, [name]
    for each in waiting:
        effect, imports, _ = _row(each)
        if effect is not None:
            _witness[name] = each
            return _told(each, name)
        for other in imports:
            if other not in seen and other not in _clean and other not in sys.modules:
                seen.add(other)
                waiting.append(other)
    _clean.update(seen)
    return None


def _told(witness, name):
    effect = _row(witness)[0]
    return effect if witness == name else f"{effect} (in {witness})"


def _named(target, names):
    """The modules a statement loads: the target, the packages above it, and submodules named by `from`."""
    at = target.find(".")
    while at > 0:
        yield target[:at]
        at = target.find(".", at + 1)
    yield target
    for name in names:
        full = f"{target}.{name}"
        if (full not in sys.modules and full in _rows) or _exists(full):
            yield full


def _row(name):
    row = _rows.get(name)
    if row is None:
        try:
            row = _found_before(name)
            if row is None:
                row = _look(name)
                _keep(name, row)
        except Exception:
            row = (UNKNOWN, (), frozenset())
        _rows[name] = row
    return row


def _look(name):
    """(effect, imports, names bound anew) of a module, from its code."""
    from lazyimp import _outline

    global _judge
    _judge = _judge or _outline.Judge(_module, _exists, _inside)
    top = name.partition(".")[0]
    if len(_modules) > LIMIT or _file(top) is None:
        return UNKNOWN, (), frozenset()
    module = _module(name)
    if module is None:
        spec = _find(name)
        unknown = spec is not None and spec.loader is not None and not is_extension(name)
        return UNKNOWN if unknown else None, (), frozenset()
    effect = _judge.effect(module)
    if effect is None and _in_cycle(name):
        effect = CYCLE
    return effect, tuple(_imports(module)), _bound_anew(module.code)


def _imports(module, only_needed=False):
    """The modules of its distribution that a module's body imports; `only_needed`: and needs when it runs."""
    found = {}
    for target, attributes, names in module.statements:
        if not _inside(target):
            continue
        if only_needed and not (attributes == ("*",) or any(name in module.reads for name in names)):
            continue
        above = module.name + "."
        for each in _named(target, attributes or ()):
            if each != module.name and not above.startswith(each + "."):
                found[each] = None
    return found


def _in_cycle(name):
    """A module that is needed while it runs, by one that it needs while it runs."""
    seen, waiting = {name}, [name]
    for each in waiting:
        module = _module(each)
        if module is None:
            continue
        for other in _imports(module, True):
            if other == name:
                return True
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return False


def _bound_anew(code):
    from lazyimp_c import effects

    return frozenset(effects(code)[1])


# -- code ----------------------------------------------------------------------------------------------------


def _inside(name):
    top = name.partition(".")[0]
    return _same(_top[0], top)


_top = [""]


def _module(name):
    """The outline of a module, or None where it has no code."""
    if name not in _modules:
        from lazyimp import _outline

        _modules[name] = None
        spec = _find(name)
        try:
            code = spec.loader.get_code(name)
        except (
            Exception
        ):  # no such module, no such method, a syntax error: the import statement itself says so
            code = None
        if code is not None:
            _modules[name] = _outline.Module(name, spec.submodule_search_locations is not None, code)
    return _modules[name]


def _exists(name):
    return _find(name) is not None


def _find(name):
    """The spec of `name` as the path finder has it; other finders are not asked more often than eagerly."""
    if name in _specs:
        return _specs[name]
    parent, _, _ = name.rpartition(".")
    path = None
    if parent:
        above = sys.modules.get(parent)
        path = getattr(above, "__path__", None)
        if above is None:
            path = getattr(_find(parent), "submodule_search_locations", None)
        if path is None:
            _specs[name] = None
            return None
    try:
        _specs[name] = PathFinder.find_spec(name, path)
    except Exception:
        _specs[name] = None
    return _specs[name]


# -- what was found before -----------------------------------------------------------------------------------


def _stamp(top):
    """What changes when the distribution is installed anew."""
    spec = _find(top)
    if spec is None or type(spec.origin) is not str:
        return None
    stamp = _program.stamp_of(spec.origin, bool(spec.submodule_search_locations))
    return stamp and f"{spec.origin} {stamp}"


def _file(top):
    """Where what is found about a top-level name is kept; None where nothing can be."""
    if top not in _files:
        stamp = _stamp(top)
        _files[top] = None if stamp is None else _kept.open_file(top, stamp)
    return _files[top]


def _found_before(name):
    file = _file(name.partition(".")[0])
    fields = file.take(name, 3) if file is not None else None
    if fields is None:
        return None
    effect, imports, names = fields
    return effect or None, tuple(imports.split()), frozenset(names.split())


def _keep(name, row):
    effect, imports, names = row
    if effect != UNKNOWN:
        top = name.partition(".")[0]
        _files[top].add(name, (effect or "", " ".join(imports), " ".join(sorted(names))))
        _fresh[top] = True


def _write():
    """Keep what is new; the process may be killed before it ends."""
    for top in list(_fresh):
        if _fresh.pop(top, False):
            _files[top].write()
