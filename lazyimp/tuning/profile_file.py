"""Writes tuned profiles, the trial ones too, in the format that `lazyimp/_profile.py` documents and reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lazyimp import _profile, _program
from lazyimp.errors import LazyimpError
from lazyimp.tuning.runs import Command
from lazyimp.tuning.search import Item

WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")  # options of the interpreter
BY_HAND = "lazyimp.cli.by_hand"  # in the code of a start where no start-up file is in place
HASH = "hash = "


class ProfileError(LazyimpError):
    """A profile that cannot be written."""

    slug = "profile"


@dataclass(frozen=True)
class Draft:
    """A profile to be written: rows are "importer -> target" and the reason; `notes` become comments."""

    about: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)
    lazy: Mapping[str, str] = field(default_factory=dict)
    eager: Mapping[str, str] = field(default_factory=dict)
    stubs: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The file's content; equal drafts give equal bytes."""
        heads = [f"# {clean(note)}\n" for note in self.notes]
        about = {"format": _profile.FORMAT, **self.about}
        parts = ["".join(heads), "[profile]\n", "".join(f'{key} = "{clean(about[key])}"\n' for key in about)]
        for name in ("versions", "stubs", "lazy", "eager"):
            rows: Mapping[str, str] = getattr(self, name)
            if rows:
                parts.append(f"\n[{name}]\n")
                parts += [f'"{key}" = "{clean(rows[key])}"\n' for key in sorted(rows)]
        return "".join(parts)


def trial_text(
    mode: str, eager: Iterable[Item] = (), lazy: Iterable[Item] = (), stubs: Iterable[str] = ()
) -> str:
    """A profile for one trial run; whole modules that stay eager take one row each."""
    return Draft(
        {"mode": mode},
        eager={row(item): "trial" for item in eager},
        lazy={row(item): "trial" for item in lazy},
        stubs=dict.fromkeys(stubs, "trial"),
    ).text


def row(item: Item) -> str:
    """The key of an item's row."""
    return f"{item[1]}{_profile.ARROW}{item[2]}"


def clean(text: str) -> str:
    """`text` as a value that needs no escapes."""
    text = " ".join(text.split()).replace('"', "'").replace("\\", "/")
    return "".join(char if char.isprintable() else "?" for char in text)


def save(path: Path, draft: Draft, force: bool = False) -> None:
    """Write the profile, unless somebody has changed the one that is there; raises ProfileError."""
    if not force:
        check_untouched(path)
    write(path, sealed(draft.text))


def check_untouched(path: Path) -> None:
    """Raise ProfileError where the profile that is there is not as `tune` wrote it."""
    if path.exists() and not is_untouched(path.read_text(encoding="utf-8", errors="replace")):
        message = f"{str(path)!r} was edited by hand; --force writes over it"
        raise ProfileError(message)


def write(path: Path, text: str) -> None:
    """Write under a temporary name, then rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sealed(text: str) -> str:
    """The text with a line that holds the hash of all others."""
    head, section, rest = text.partition("[profile]\n")
    return f'{head}{section}{HASH}"{_digest(text)}"\n{rest}'


def is_untouched(text: str) -> bool:
    """The hash in a profile fits the rest of it."""
    lines = text.splitlines(keepends=True)
    seals = [line for line in lines if line.startswith(HASH)]
    rest = "".join(line for line in lines if not line.startswith(HASH))
    return len(seals) == 1 and seals[0].strip() == f'{HASH}"{_digest(rest)}"'


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def rows_of(path: Path) -> frozenset[str]:
    """The rows of the profile that is there, to tell what a new one changes."""
    try:
        sections = _profile.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, _profile.Damaged):
        return frozenset()
    return frozenset(row for name in ("stubs", "lazy", "eager") for row in sections[name])


# -- where a command's profile lies --------------------------------------------------------------------


def program_words(command: Command) -> list[str]:
    """The command's words after the interpreter's own options."""
    words = list(command.argv[1:])
    while words and words[0].startswith("-") and words[0] not in ("-", "-m", "-c"):
        if words[0].startswith(("-m", "-c")):
            return [words[0][:2], words[0][2:], *words[1:]]
        del words[: 2 if words[0] in WITH_VALUE else 1]
    if words[:1] == ["-c"] and len(words) > 2 and BY_HAND in words[1]:
        return words[2:]
    return words


def place_for(command: Command) -> Path | None:
    """Where a start of the command looks for its profile; None where it has no name of its own."""
    words = program_words(command)
    if not words:
        return None
    argv = ["-m", *words[2:]] if words[0] == "-m" else words
    name = _program.profile_path(argv, words)
    return None if name is None else (command.folder or Path.cwd()) / name


def script_of(command: Command) -> str | None:
    """The file that the command's words name, if it is a script."""
    words = program_words(command)
    path = os.path.join(command.folder or Path.cwd(), words[0]) if words else ""
    return os.path.abspath(path) if os.path.isfile(path) else None


def import_path(command: Command) -> list[str]:
    """What the interpreter puts in front of sys.path for the command."""
    words = program_words(command)
    folder = str(command.folder or Path.cwd())
    if not words or words[0] in ("-c", "-m", "-"):
        return [folder]
    script = os.path.join(folder, words[0])
    return [script if os.path.isdir(script) else os.path.dirname(os.path.realpath(script))]
