"""`lazyimp.lock`: for each target, Python, platform and laziness, what it loads until its first batch.

TOML, written by `lazyimp check --update` and meant to be committed:

    format = 1
    [[target]]
    name         the target's words: "train.py --epochs 1"
    python       "3.11"; platform "linux-x86_64"
    laziness     "eager", or mode and core: "safe, core c"
    modules      how many it loaded, all kinds
    own          the project's own modules, sorted
    packages     top-level names of installed packages, sorted: so an upgrade of one does not change the file
    stdlib       top-level names of the standard library; told when they change, never a finding
    static       the packages that the own code names at module level, whether they were loaded or not
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lazyimp.errors import LazyimpError
from lazyimp.tuning import profile_file

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "lazyimp.lock"
FORMAT = 1
HEAD = "# What each target loads until its first batch. `lazyimp check --update` writes it; commit it.\n"
LISTS = ("own", "packages", "stdlib", "static")
EAGER = "eager"


class LockError(LazyimpError):
    """A lock that cannot be read."""

    slug = "lock"


@dataclass(frozen=True)
class Key:
    """What an entry is for: two runs with one key load the same unless the program has changed."""

    name: str
    python: str
    platform: str
    laziness: str

    def __str__(self) -> str:
        return f"{self.name} ({self.where})"

    @property
    def where(self) -> str:
        """All but the name."""
        return f"Python {self.python}, {self.platform}, {self.laziness}"


@dataclass(frozen=True)
class Entry:
    """One `[[target]]`."""

    key: Key
    modules: int
    own: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    stdlib: tuple[str, ...] = ()
    static: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lock:
    """All entries of a file, or of one that is not there."""

    entries: tuple[Entry, ...] = field(default=())

    def get(self, key: Key) -> Entry | None:
        """The entry for exactly this key."""
        return next((each for each in self.entries if each.key == key), None)

    def near(self, key: Key) -> list[Entry]:
        """The entries of the same target under other circumstances."""
        return [each for each in self.entries if each.key.name == key.name and each.key != key]

    def with_entry(self, entry: Entry) -> Lock:
        """The lock with `entry` in place of the one that has its key."""
        rest = [each for each in self.entries if each.key != entry.key]
        return Lock(tuple(sorted([*rest, entry], key=lambda each: tuple(vars(each.key).values()))))


def here() -> tuple[str, str]:
    """(Python, platform) of this process, as keys have them."""
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return f"{sys.version_info[0]}.{sys.version_info[1]}", f"{sys.platform}-{machine}"


def read_lock(path: Path) -> Lock:
    """The lock at `path`, an empty one where there is no file; raises LockError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise LockError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        message = f"{str(path)!r} is not a lock: {error}; mend the merge, or delete it and run lazyimp check --update"
        raise LockError(message) from None
    number = table.get("format")
    if not isinstance(number, int) or isinstance(number, bool):
        raise LockError(f"{str(path)!r} is not a lock of lazyimp: it names no format")
    if number > FORMAT:
        raise LockError(
            f"{str(path)!r} has format {number}, and this lazyimp reads {FORMAT}; install a newer lazyimp"
        )
    rows = table.get("target", [])
    try:
        return Lock(tuple(_entry(row) for row in rows))
    except (KeyError, TypeError, ValueError):
        raise LockError(f"{str(path)!r} is damaged; delete it and run lazyimp check --update") from None


def _entry(row: dict[str, Any]) -> Entry:
    key = Key(*(_text(row[name]) for name in ("name", "python", "platform", "laziness")))
    lists = {name: tuple(sorted(map(_text, row.get(name, ())))) for name in LISTS}
    return Entry(key, int(row["modules"]), **lists)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def text_of(lock: Lock) -> str:
    """The file's content; equal locks give equal bytes."""
    parts = [HEAD, f"format = {FORMAT}\n"]
    for each in lock.entries:
        parts.append("\n[[target]]\n")
        parts += [f"{name} = {quoted(value)}\n" for name, value in vars(each.key).items()]
        parts.append(f"modules = {each.modules}\n")
        parts += [f"{name} = {_listed(getattr(each, name))}\n" for name in LISTS]
    return "".join(parts)


def _listed(names: Sequence[str]) -> str:
    """A line for each name, so that changes can be merged and read."""
    if not names:
        return "[]"
    return "[\n" + "".join(f"    {quoted(name)},\n" for name in names) + "]"


def quoted(text: str) -> str:
    """A TOML string."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escapes.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'


def save(path: Path, lock: Lock) -> bool:
    """Write the lock; false where it is there already, byte for byte."""
    text = text_of(lock)
    try:
        if path.read_bytes() == text.encode("utf-8"):
            return False
    except OSError:
        pass
    try:
        profile_file.write(path, text)
    except OSError as error:
        raise LockError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    return True


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names as a lock lists them."""
    return tuple(sorted(set(names)))
