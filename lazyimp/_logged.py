"""Loggers of late modules: those that logging.config would have disabled, had their import run in its place.

HOT, loaded with `logging.config`. `dictConfig` and `fileConfig` disable the loggers there are, unless they are told
not to (`disable_existing_loggers`). A module whose import was pending then makes its logger later.
"""

import sys

_pending = {}  # module that was pending when loggers were disabled -> names of the loggers that were configured


def watch(config, pending):
    """Heed what `logging.config` disables; `pending()` gives the modules that pending bindings lead into."""
    original = config._handle_existing_loggers

    def _handle_existing_loggers(existing, child_loggers, disable_existing):
        original(existing, child_loggers, disable_existing)
        if disable_existing:
            named = tuple([f"{name}." for name in _loggers() if name not in existing])
            _pending.update(dict.fromkeys(pending(), named))

    _handle_existing_loggers.pending = pending
    config._handle_existing_loggers = _handle_existing_loggers


def keep(target):
    """Before `target` is imported late; what comes back goes to `_random.put_back`. None: nothing to do then."""
    named = _pending.get(target)
    if named is None:
        return None
    before = _loggers()
    pending = sys.modules["logging.config"]._handle_existing_loggers.pending
    waited = pending()

    def put_back(_):
        for name, logger in _loggers().items():
            if name not in before and not name.startswith(named):
                logger.disabled = True
        for each in pending() - waited:  # what it has put off itself
            _pending.setdefault(each, named)

    return (lambda: None), NotImplemented, put_back, None


def _loggers():
    """The loggers there are, by name, without what only stands between them."""
    known = sys.modules["logging"].root.manager.loggerDict
    return {name: each for name, each in list(known.items()) if hasattr(each, "disabled")}
