"""The files of a folder that may travel: ignore rules, links, secrets, sizes; what stays behind, and why."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lazyimp.manifest.secrets import secret_name, secret_text
from lazyimp.manifest.values import LocalFile, Undecided

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".lazyimpignore"
# Never code of the program: version control, environments, caches, builds. Rules in gitignore's syntax.
ALWAYS = (
    ".git/", ".hg/", ".svn/", ".bzr/", "__pycache__/", "*.py[co]", ".mypy_cache/", ".ruff_cache/", ".pytest_cache/",
    ".ipynb_checkpoints/", ".tox/", ".nox/", ".eggs/", "node_modules/", ".DS_Store", "*.lazyimp.jsonl*", "*.swp",
)  # fmt: skip
_ALWAYS_LIKE = re.compile(r".*\.py[co]|.*\.lazyimp\.jsonl.*|.*\.swp", re.DOTALL).fullmatch
LARGE_BYTES = 100 << 20
LONGEST_NAME = 1000


@dataclass
class Found:
    """Files that may travel, sorted by name, and what was left behind."""

    files: list[LocalFile] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)


class Collector:
    """Collects below one root; links may lead into `project`, too.

    `include` names files that travel although they look like secrets or are large: by their path, or as they were
    told, below the root.
    """

    def __init__(self, root: str, include: Iterable[str] = (), project: str = "") -> None:
        self.root = root
        self.inside = tuple(os.path.realpath(each) for each in (root, project) if each)
        include = frozenset(include)
        self.include = frozenset(os.path.abspath(each) for each in include if os.path.exists(each))
        self.told = frozenset(each for each in include if not os.path.exists(each))
        self.found = Found()
        self._names: set[str] = set()

    def add(self, path: str) -> None:
        """Add a file, or all files below a folder, that the rules let through."""
        if os.path.isdir(path):
            for each in self._walk(path, {os.path.realpath(path)}):
                self._file(each)
        else:
            self._file(path, asked=True)

    def _walk(self, folder: str, above: set[str]) -> Iterator[str]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._leave(folder, f"it cannot be read ({error.strerror})", "make it readable", blocks=True)
            return
        if os.path.exists(os.path.join(folder, "pyvenv.cfg")):
            return  # a virtual environment
        for entry in entries:
            name = self._name(entry.path)
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            if self._is_ruled_out(name, is_folder) and not self._is_kept(entry.path):
                continue
            if not is_folder:
                yield entry.path
                continue
            real = os.path.realpath(entry.path)
            if entry.is_symlink() and not self._is_inside(real):
                self._leave(entry.path, "it is a link that leaves the project", "copy what it points at")
            elif real not in above:
                yield from self._walk(entry.path, above | {real})

    def _file(self, path: str, asked: bool = False) -> None:
        name = self._name(path)
        ruled_out = asked and name.endswith(".pyc") and self._is_ruled_out(name)
        if name in self._names or (ruled_out and not self._is_kept(path)):
            return
        problem = self._problem(path, name)
        if problem is not None:
            self._leave(path, *problem)
            return
        try:
            size, digest = fingerprint(path)
            executable = bool(os.stat(path).st_mode & stat.S_IXUSR)
        except OSError as error:
            self._leave(path, f"it cannot be read ({error.strerror})", "make it readable", True)
            return
        self._names.add(name)
        self.found.files.append(LocalFile(path, name, size, digest, executable))

    def _is_ruled_out(self, name: str, is_folder: bool = False) -> bool:
        """What is always ignored, and the project's own rules, which may take some of it back."""
        if self._own_rules is None:
            return is_always_ignored(name, is_folder)
        return bool(self._own_rules.match_file(name + "/" if is_folder else name))

    @functools.cached_property
    def _own_rules(self) -> GitIgnoreSpec | None:
        return _own_rules(self.root)

    def _is_kept(self, path: str) -> bool:
        """Whatever the rules say: what was named, and bytecode that has no source."""
        folder = os.path.basename(os.path.dirname(path))
        bare = path.endswith(".pyc") and folder != "__pycache__" and not os.path.exists(path[:-1])
        return bare or self._is_named(path)

    def _is_named(self, path: str) -> bool:
        path = os.path.abspath(path)
        return path in self.include or (bool(self.told) and self._name(path) in self.told)

    def _problem(self, path: str, name: str) -> tuple[str, str, bool] | None:
        """(why, way out, whether it stops shipping) of a file that stays behind, or None."""
        try:
            there = os.stat(path)
        except OSError:
            return "it is a link that leads nowhere", "remove it", False
        if not stat.S_ISREG(there.st_mode):
            return "it is no regular file", f"name it in {IGNORE_FILE}", False
        if os.path.islink(path) and not self._is_inside(os.path.realpath(path)):
            return "it is a link that leaves the project", "copy what it points at", False
        if re.search(r"[\x00-\x1f\\]", name) or len(name) > LONGEST_NAME:
            return "its name cannot travel", "rename it", True
        if self._is_named(path):
            return None
        way_out = f"name it with --include, or in {IGNORE_FILE}"
        secret = secret_name(name) or secret_text(path)
        if secret:
            return f"it looks like a secret ({secret})", way_out, True
        if there.st_size > LARGE_BYTES:
            return f"it is large ({there.st_size >> 20} MB)", way_out, False
        return None

    def _leave(self, path: str, why: str, way_out: str, blocks: bool = False) -> None:
        self.found.undecided.append(Undecided(self._name(path), why, way_out, blocks))

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def _is_inside(self, real: str) -> bool:
        return any(real == root or real.startswith(root + os.sep) for root in self.inside)

    def finish(self) -> Found:
        """What was found, sorted."""
        self.found.files.sort(key=lambda each: each.name)
        return self.found


def fingerprint(path: str) -> tuple[int, str]:
    """(size in bytes, sha256) of a file."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def is_always_ignored(name: str, is_folder: bool = False) -> bool:
    """The last part of the name is one of ALWAYS; what is in a folder that is one is never come to."""
    last = name.rpartition("/")[2]
    return (is_folder and f"{last}/" in ALWAYS) or last in ALWAYS or bool(_ALWAYS_LIKE(last))


def _own_rules(root: str) -> GitIgnoreSpec | None:
    """ALWAYS and the project's own rules; None without any.

    `.gitignore` is not asked: what is kept out of version control (built parts, data) may be what runs.
    """
    try:
        with open(os.path.join(root, IGNORE_FILE), encoding="utf-8") as file:
            own = file.read().splitlines()
    except OSError:
        return None
    from pathspec import GitIgnoreSpec  # few projects have rules, and it takes long to load

    return GitIgnoreSpec.from_lines([*ALWAYS, *own])
