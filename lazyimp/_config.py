"""The `[tool.lazyimp]` table of a pyproject.toml: reading, checking, and the patterns in it.

Cold: imported only when there is a file that holds such a table. The keys:

    mode         "safe", "deep" or "all", for a run that does not name one
    lazy, eager  lists of patterns; a pattern is a string, or a table {pattern = "...", reason = "..."}
    keep         true: deferring goes on after the first batch
    stubs        list of modules that recipes have stand-ins for, to use these
    first_batch  false: deferring does not stop by itself
    rare_gc      false: garbage is collected as often while modules are imported as at any other time
    trackers     true: experiment trackers with an active run are told of the start; false: never
    budget       tables for `lazyimp check`, which nothing reads at start: lazyimp/gate/budgets.py

A pattern is `target` or `importer -> target`. Each side is a dotted name that holds for the module and for
everything under it; `*` stands for any run of characters, dots included. The longer target wins, then the
longer importer, then eager. A pattern beats every rule of lazyimp's own, also inside `try` and `with`.
"""

import re
import sys

from lazyimp.errors import ConfigError, unknown_word

MODES = ("safe", "deep", "all")
KEYS = ("mode", "lazy", "eager", "keep", "first_batch", "stubs", "rare_gc", "trackers")
BUDGET = "budget"
_KNOWN = (*KEYS, BUDGET)
_PATTERN_KEYS = ("pattern", "reason")
_KINDS: dict[type, str] = {
    bool: "a boolean",
    str: "a string",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}
_NAME = re.compile(r"[\w*]+(\.[\w*]+)*")


# Plain classes: this runs before the program; dataclasses would load inspect, ast and tokenize first.


class Pattern:
    """One pattern, with the reason that `lazyimp why` shows."""

    __slots__ = ("importer", "is_lazy", "reason", "target", "text")

    def __init__(self, text: str, is_lazy: bool, reason: str, importer: str | None, target: str) -> None:
        self.text = text
        self.is_lazy = is_lazy
        self.reason = reason
        self.importer = importer
        self.target = target

    @property
    def rank(self) -> tuple[int, int, bool]:
        """The greater, the more specific; eager is the last to break a tie."""
        return _literal(self.target), _literal(self.importer or ""), not self.is_lazy

    def explain(self) -> str:
        """The line for `lazyimp why`."""
        line = f"[tool.lazyimp] {'lazy' if self.is_lazy else 'eager'}: {self.text}"
        return f"{line} ({self.reason})" if self.reason else line


class Config:
    """A checked table."""

    def __init__(
        self,
        where: str,
        mode: str | None = None,
        patterns: tuple[Pattern, ...] = (),
        keep: bool = False,
        first_batch: bool = True,
        rare_gc: bool = True,
        stubs: tuple[str, ...] = (),
        trackers: bool | None = None,
    ) -> None:
        self.where = where
        self.mode = mode
        self.patterns = patterns
        self.keep = keep
        self.first_batch = first_batch
        self.rare_gc = rare_gc
        self.stubs = stubs
        self.trackers = trackers
        self._answers: dict[tuple[str, str, bool], Pattern | None] = {}
        self._regexes: dict[str, re.Pattern[str]] = {}

    def touches(self, top: str) -> bool:
        """Whether some pattern may speak about imports of `top` or of something under it."""
        firsts = (p.target.partition(".")[0] for p in self.patterns)
        return any(first == top or "*" in first for first in firsts)  # a `*` may run over the dot

    def reopens(self, importer: str) -> bool:
        """Whether some pattern names `importer` and makes imports of it lazy."""
        return any(
            p.is_lazy and p.importer is not None and self._matches(p.importer, importer)
            for p in self.patterns
        )

    def match(self, importer: str, wanted: list[str], named_only: bool = False) -> tuple[bool, str] | None:
        """(is_lazy, reason) where patterns decide a statement that wants these names, else None.

        One eager name makes the statement eager; it is lazy when all of its names are. With `named_only`,
        lazy patterns count only if they name the importer.
        """
        found = [self._best(importer, name, named_only) for name in wanted]
        for pattern in found:
            if pattern is not None and not pattern.is_lazy:
                return False, pattern.explain()
        if not found or found[0] is None or None in found:
            return None
        return True, found[0].explain()

    def _best(self, importer: str, target: str, named_only: bool) -> Pattern | None:
        key = (importer, target, named_only)
        if key not in self._answers:
            fitting = [
                p
                for p in self.patterns
                if self._matches(p.target, target)
                and (p.importer is None or self._matches(p.importer, importer))
                and not (named_only and p.is_lazy and p.importer is None)
            ]
            self._answers[key] = max(fitting, key=lambda p: p.rank, default=None)
        return self._answers[key]

    def _matches(self, pattern: str, name: str) -> bool:
        if pattern not in self._regexes:
            text = ".*".join(map(re.escape, pattern.split("*")))
            self._regexes[pattern] = re.compile(text + r"(\..*)?", re.DOTALL)
        return self._regexes[pattern].fullmatch(name) is not None


def load_config(path: str) -> Config | None:
    """The checked `[tool.lazyimp]` of the file `path`; None when it has none."""
    table = load_table(path)
    return None if table is None else check_config(table, path)


def load_table(path: str) -> object:
    """The `[tool.lazyimp]` of the file `path`, not checked; None when it has none."""
    with open(path, "rb") as file:
        data = file.read()
    if b"lazyimp" not in data:
        return None
    table = parse(data, path)
    tool = table.get("tool")
    return tool.get("lazyimp") if isinstance(tool, dict) else None


def check_config(table: object, where: str) -> Config:
    """A Config made of an already parsed table; every fault in it is in the one error that is raised."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: [tool.lazyimp] must be a table, not {_kind(table)}")
    faults = [unknown_word("key", key, _KNOWN) for key in table if key not in _KNOWN]
    mode = table.get("mode")
    if mode is not None and mode not in MODES:
        faults.append(_wrong_mode(mode))
    for key in ("keep", "first_batch", "rare_gc", "trackers"):
        if not isinstance(table.get(key, False), bool):
            faults.append(f"{key} must be true or false, not {_kind(table[key])}")
    stubs = table.get("stubs", [])
    if not isinstance(stubs, list) or not all(isinstance(each, str) for each in stubs):
        faults.append("stubs must be a list of names of modules")
        stubs = []
    patterns = [p for key in ("lazy", "eager") for p in _patterns(key, table.get(key, []), faults)]
    if faults:
        raise ConfigError("\n".join(f"{where}: [tool.lazyimp] {fault}" for fault in faults))
    return Config(
        where,
        mode,
        tuple(patterns),
        keep=table.get("keep", False),
        first_batch=table.get("first_batch", True),
        rare_gc=table.get("rare_gc", True),
        stubs=tuple(stubs),
        trackers=table.get("trackers"),
    )


def _patterns(key: str, value: object, faults: list[str]) -> list[Pattern]:
    if not isinstance(value, list):
        faults.append(f"{key} must be a list of patterns, not {_kind(value)}")
        return []
    found = (_pattern(key, number, item, faults) for number, item in enumerate(value, 1))
    return [pattern for pattern in found if pattern is not None]


def _pattern(key: str, number: int, item: object, faults: list[str]) -> Pattern | None:
    place = f"{key}, entry {number}:"
    before = len(faults)
    reason: object = ""
    text: object = item
    if isinstance(item, dict):
        faults.extend(
            f"{place} {unknown_word('key', name, _PATTERN_KEYS)}"
            for name in item
            if name not in _PATTERN_KEYS
        )
        text, reason = item.get("pattern"), item.get("reason", "")
        if "pattern" not in item:
            faults.append(f"{place} the table has no 'pattern'")
        elif not isinstance(text, str):
            faults.append(f"{place} pattern must be a string, not {_kind(text)}")
        if not isinstance(reason, str):
            faults.append(f"{place} reason must be a string, not {_kind(reason)}")
    elif not isinstance(item, str):
        faults.append(f"{place} must be a string or a table, not {_kind(item)}")
    if len(faults) > before or not isinstance(text, str) or not isinstance(reason, str):
        return None
    importer, arrow, target = (part.strip() for part in text.rpartition("->"))
    if not _NAME.fullmatch(target) or (arrow and not _NAME.fullmatch(importer)):
        hint = "write 'target' or 'importer -> target', dotted names with * for any characters"
        faults.append(f"{place} {text!r} is no pattern; {hint}")
        return None
    return Pattern(text, key == "lazy", " ".join(reason.split()), importer if arrow else None, target)


def parse(data: bytes, path: str) -> dict[str, object]:
    """The TOML text of a file `path`; raises ConfigError."""
    try:
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
    except ImportError:
        message = "reading [tool.lazyimp] on Python 3.10 needs tomli; install it, or remove the table"
        raise ConfigError(f"{path}: {message}") from None
    try:
        table: dict[str, object] = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # also what bad UTF-8 and bad TOML are
        raise ConfigError(f"{path}: not a TOML file: {error}") from None
    return table


def _wrong_mode(mode: object) -> str:
    return (
        unknown_word("mode", mode, MODES)
        if isinstance(mode, str)
        else f"mode must be a string, not {_kind(mode)}"
    )


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a date or time")


def _literal(pattern: str) -> int:
    return len(pattern.replace("*", ""))
