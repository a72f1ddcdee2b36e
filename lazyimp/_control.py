"""The bodies of the public functions: enable, disable, lazy, first_batch, mark, phase and status.

A program calls these at its very start, so this file loads nothing but `_startup` until it has to.
"""

import sys

from lazyimp import _startup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lazyimp._protocol import Core
    from lazyimp.errors import LazyimpError

    Failures = tuple[tuple[str, BaseException], ...]
    _DisabledBase = tuple[int, Failures]
    _StatusBase = dict[str, object]
else:
    _DisabledBase, _StatusBase = tuple, dict


class Disabled(_DisabledBase):
    """What `disable` did: `(resolved, failures)`, as a tuple and by name."""

    __slots__ = ()

    @property
    def resolved(self) -> int:
        """How many pending names were loaded and bound."""
        return self[0]

    @property
    def failures(self) -> "Failures":
        """The names that could not be loaded: pairs of the name and the exception it raised."""
        return self[1]

    def __repr__(self) -> str:
        return f"Disabled(resolved={self.resolved}, failures={self.failures!r})"


class Status(_StatusBase):
    """What lazyimp does in this process, as a dict whose `str` is for people."""

    __slots__ = ()

    def __str__(self) -> str:
        lines = [f"lazyimp {self['version']}: {_state(self)}"]
        if self["profile"] or self["profile_note"]:
            lines.append(f"  profile {self['profile'] or 'not used: ' + str(self['profile_note'])}")
        counts = self["counts"]
        if isinstance(counts, dict) and counts:
            lines.append("  " + ", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
        pending = self["pending"]
        if isinstance(pending, list):
            lines += [
                f"  pending {target} as {name} ({place}:{line})" for place, name, target, line in pending
            ]
        if self["record"]:
            lines.append(f"  recorded in {self['record']}")
        mark = self["first_batch"]
        if isinstance(mark, dict):
            sure = f" ({mark['confidence']} confidence)" if mark["confidence"] else ""
            lines.append(f"  first batch marked by {mark['rule']}{sure}")
        return "\n".join(lines)


class lazy:
    """Defer the imports that stand directly in a `with` block.

    `mode` is "safe", "deep", "all", or None for the mode that is on (else the configured one, else safe).
    What was deferred stays deferred after the block, and nothing else in the process changes. Entering raises
    UsageError for an unknown mode, ConfigError for a broken `[tool.lazyimp]` and UnsupportedError where
    lazyimp cannot work.
    """

    __slots__ = ("_core", "_mode", "_token")

    def __init__(self, mode: str | None = None) -> None:
        self._mode = _checked(mode)
        self._core: Core | None = None
        self._token: object = None

    def __enter__(self) -> "lazy":
        try:
            self._core, mode = _startup.scope_core(self._mode)
        except _startup.Refused as reason:
            raise _error(reason) from None
        self._token = self._core.push_scope(sys._getframe(1), mode)
        return self

    def __exit__(self, *failure: object) -> None:
        core, self._core = self._core, None
        if core is not None:
            core.pop_scope(self._token)


def enable(mode: str | None = None) -> None:
    """Defer imports from here on.

    `mode` is "safe", "deep", "all", or None: the mode the switches name, else the one in `[tool.lazyimp]`,
    else safe. Calling it again changes the mode. Raises UsageError for an unknown mode or core, ConfigError
    for a broken `[tool.lazyimp]`, and UnsupportedError in free-threaded interpreters and subinterpreters.
    """
    wish = _checked(mode)
    try:
        if wish is None:
            named = _startup.asked(default=None)
            wish = None if named == _startup.OFF else named
        _startup.turn_on(wish, sure=True)
        _startup.await_first_batch()
    except _startup.Refused as reason:
        raise _error(reason) from None


def disable(resolve: bool = False) -> Disabled:
    """Stop deferring imports; returns how many pending names were resolved, and which failed.

    What is pending stays pending, unless `resolve` is true: then it is loaded and bound now, and what fails
    is returned, not raised, and may be tried again by using it. Harmless when nothing is on.
    """
    resolved, failures = _startup.turn_off(resolve)
    return Disabled((resolved, tuple(failures)))


def first_batch() -> None:
    """Say that the first batch begins now: note the time and stop deferring; later calls do nothing.

    It counts before what lazyimp sees by itself, unless that was decided earlier. With `keep = true` in
    `[tool.lazyimp]` deferring goes on.
    """
    import time

    mark_first_batch("first_batch()", time.monotonic_ns())


def mark(name: str) -> None:
    """Note that the program has come to an instant called `name`; "first_batch" is `first_batch()`.

    Costs next to nothing where nobody records.
    """
    if name == "first_batch":
        first_batch()
        return
    package = sys.modules.get("lazyimp.firstbatch")
    if package is not None:
        package.event(str(name))


class phase:
    """A part of the program's start with a name of its own: `with lazyimp.phase("index"):`.

    Costs next to nothing where nobody records.
    """

    __slots__ = ("_end", "_name")

    def __init__(self, name: str) -> None:
        self._name = str(name)
        self._end: object = None

    def __enter__(self) -> "phase":
        package = sys.modules.get("lazyimp.firstbatch")
        self._end = None if package is None else package.span(self._name)
        return self

    def __exit__(self, *failure: object) -> None:
        end, self._end = self._end, None
        if callable(end):
            end()


def start_record(path: str, files: bool = False) -> None:
    """Record this process in the file `path` from here on, its T0 now; `files`: opened files, too. Raises OSError."""
    from lazyimp import _watching

    _watching.record_from_here(path, files)


def stop_record() -> None:
    """End the record; the best candidate for the first batch stands."""
    from lazyimp import _recorder, firstbatch

    firstbatch.settle()
    _recorder.stop()


def mark_first_batch(rule: str, t_ns: int) -> None:
    """Note that `rule` saw the first batch at `t_ns` (monotonic), stop deferring; the first mark counts."""
    import time

    from lazyimp import firstbatch

    firstbatch.decide(rule, t_ns, time.time_ns() - (time.monotonic_ns() - t_ns))
    if not _startup.keeps:
        _startup.turn_off()


def status() -> Status:
    """What lazyimp does in this process: a dict that prints as text.

    Keys: `version`, `core` and `mode` (None before lazyimp was on), `enabled`, `refusal` (why it stayed out),
    `counts` (by kind), `pending` (tuples of module, name, target, line), `profile` (the path of the tuned
    profile in use), `profile_note` (why the program's own is not used), `record` (the path of the record that
    is being written, or None) and `first_batch` (None, or a dict of `rule`, `monotonic_ns`, `wall_ns` and
    `confidence`).
    """
    from lazyimp import __version__

    core = _startup.core
    return Status(
        version=__version__,
        core=core.name if core is not None else None,
        mode=_startup.mode,
        enabled=core is not None and core.is_enabled(),
        refusal=_startup.refusal,
        counts=dict(core.counts()) if core is not None else {},
        profile=_startup.profile.path if _startup.profile is not None else None,
        profile_note=_startup.profile_note,
        pending=sorted(core.pending()) if core is not None else [],
        record=_record(),
        first_batch=_mark(),
    )


def _record() -> str | None:
    """The path of the record that is being written."""
    recorder = sys.modules.get("lazyimp._recorder")
    return recorder.path() if recorder is not None and hasattr(recorder, "path") else None


def _mark() -> dict[str, object] | None:
    """The mark of the first batch, if one was made."""
    package = sys.modules.get("lazyimp.firstbatch")
    if package is None or not package.mark:
        return None
    mark = dict(zip(("rule", "monotonic_ns", "wall_ns"), package.mark[0], strict=True))
    return {**mark, "confidence": package.details.get("confidence")}


def _state(status: Status) -> str:
    """One clause: on or off, and how or why."""
    if status["enabled"]:
        return f"on, mode {status['mode']}, core {status['core']}"
    if status["refusal"]:
        return f"off, {status['refusal']}"
    return f"off again, was mode {status['mode']}, core {status['core']}" if status["mode"] else "off"


def _checked(mode: str | None) -> str | None:
    """`mode` if it is one of ours or None; raises UsageError."""
    if mode is None or (isinstance(mode, str) and mode in _startup.MODES):
        return mode
    from lazyimp.errors import UsageError, unknown_word

    raise UsageError(unknown_word("mode", mode, _startup.MODES), slug="unknown-mode")


def _error(reason: _startup.Refused) -> "LazyimpError":
    """The public exception for a refusal."""
    from lazyimp import errors

    kinds = (errors.ConfigError, errors.UnsupportedError, errors.UsageError)
    kind = next((kind for kind in kinds if kind.slug == reason.slug), errors.LazyimpError)
    return kind(str(reason))
