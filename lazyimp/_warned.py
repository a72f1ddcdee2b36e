"""Warnings around a late import: they are filtered, and shown, as when its statement ran.

HOT, loaded with the first late import after `warnings.filters` has changed. What a module warns of while it is
loaded is not for filters and `catch_warnings(record=True)` that came later: `simplefilter("error")` would make
an error of it. What it adds to the filters belongs below those: `import statsmodels.api` puts "always" for its
own warnings in front, and a `filterwarnings("ignore")` after it stays before them.
"""

import sys

_added = []  # (a statement's order, what its module added to the filters when it was loaded late)


def added(recorded):
    """A late import put filters on top of those of its statement."""
    warnings = sys.modules.get("warnings") or __import__("warnings")
    _note_added(recorded[2], [each for each in warnings.filters if not _holds(recorded[1], each)])


def _holds(items, wanted):
    return any(each is wanted for each in items)


def _note_added(order, fresh):
    if fresh:
        _added.append((order, fresh))


def _in_order(items, order):
    """The ids of filters that a statement saw, and of those that modules imported before it had added by then."""
    seen = {id(each) for each in items}
    for before, fresh in _added:
        if before <= order:
            seen.update(map(id, fresh))
    return seen


def keep(recorded):
    """Give the late import the filters of its statement; what comes back goes to `_random.put_back`.

    `recorded` is the list that was in force when the statement ran, its items then, and the statement's order.
    """
    warnings = sys.modules.get("warnings") or __import__("warnings")
    listed, items, order = recorded
    now = warnings.filters
    before, old = list(now), _in_order(items, order)
    seen = [each for each in before if id(each) in old]
    since = [each for each in before if id(each) not in old]
    version = _version(warnings)
    now[:] = seen
    show, impl = warnings.showwarning, warnings._showwarnmsg_impl
    recording = not hasattr(impl, "__globals__")  # of catch_warnings(): the append of a list
    if recording:
        warnings._showwarnmsg_impl = lambda message: _show(warnings, message)

    def put_back(_):
        fresh = [each for each in now if id(each) not in old]
        _note_added(order, fresh)
        reset = bool(items) and not seen  # resetwarnings() since then takes away what the module adds, too
        now[:] = before if reset else since + [each for each in now if each not in since]
        if listed is not now and fresh:  # inside catch_warnings(): they outlive it
            later = [each for each in listed if id(each) not in old]
            rest = [each for each in listed if id(each) in old and each not in fresh]
            listed[:] = later + [each for each in fresh if each not in later] + rest
        if recording:
            warnings.showwarning, warnings._showwarnmsg_impl = show, impl
        if fresh:
            _remember_shown(version, _version(warnings))

    return (lambda: None), NotImplemented, put_back, None


def _show(warnings, message):
    file = message.file if message.file is not None else sys.stderr
    if file is not None:
        try:
            file.write(warnings._formatwarnmsg(message))
        except OSError:  # as the module's own: a broken stream tells nobody
            pass


class _Probe(Warning):
    pass


def _version(warnings):
    """The number that the interpreter gives to the present filters; it is in what it notes at each warning."""
    registry, now = {}, warnings.filters
    kept = list(now)
    now[:] = [("ignore", None, _Probe, None, 0)]
    try:
        warnings.warn_explicit("", _Probe, "", 1, registry=registry)
    finally:
        now[:] = kept
    return registry.get("version")


def _remember_shown(version, fresh):
    """New filters void what is noted of warnings shown before; in the eager order these came first."""
    namespace = type(sys).__getattribute__
    for module in list(sys.modules.values()):
        if issubclass(type(module), type(sys)):  # isinstance() believes what an object says of itself
            registry = namespace(module, "__dict__").get("__warningregistry__")
            if type(registry) is dict and registry.get("version") == version:
                registry["version"] = fresh
