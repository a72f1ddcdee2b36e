"""Where the records of recent runs are kept: a folder for each run, `~/.cache/lazyimp/runs/<time>-<program>`.

Each holds `run.json`, which says what was run (format, kind, program, arguments: a digest of them, cwd,
began_unix_ns, pid, and once it ended status, wall_s, cpu_s, peak_bytes, and facts of the machine), and the
records it names. Only the user may look inside. The newest KEPT runs stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lazyimp.errors import LazyimpError

FORMAT = 1
KEPT = 20
ABOUT = "run.json"
RECORD = "record.jsonl"
NAME = re.compile(r"\d{8}-\d{6}-[\w.+-]+")


class StoreError(LazyimpError):
    """There is no run to look at, or no place to keep one."""

    slug = "no-run"


@dataclass(frozen=True)
class Run:
    """One run that was kept: its folder, and what `run.json` says."""

    folder: Path
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> Path:
        """The record to look at when none is named."""
        return self.folder / str(self.about.get("record", RECORD))


def new_run(kind: str, program: str, arguments: Sequence[str], now: float | None = None) -> Run:
    """A folder for a run that is about to begin; older ones go."""
    base = _base_for_writing()
    prune(base, KEPT - 1)
    began = time.time() if now is None else now
    stem = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(began))}-{_plain(program)}"
    folder = _made(base, stem)
    about = {
        "format": FORMAT,
        "kind": kind,
        "program": program,
        "arguments": digest(arguments),
        "cwd": os.getcwd(),
        "began_unix_ns": int(began * 1e9),
        "pid": os.getpid(),
    }
    return note(Run(folder), about)


def note(run: Run, facts: Mapping[str, Any]) -> Run:
    """Write more facts about a run down."""
    about = {**run.about, **facts}
    temporary = run.folder / f".{ABOUT}.{os.getpid()}"
    temporary.write_text(json.dumps(about, sort_keys=True), encoding="utf-8")
    os.replace(temporary, run.folder / ABOUT)
    return Run(run.folder, about)


def last_run(cwd: str | None = None) -> Run:
    """The newest run that left a record in the working folder `cwd`; raises StoreError."""
    here = os.getcwd() if cwd is None else cwd
    elsewhere = None
    for run in runs():
        if not run.record.is_file():
            continue
        if run.about.get("cwd") == here:
            return run
        elsewhere = elsewhere or run
    hint = f"; the newest was in {elsewhere.about.get('cwd')}" if elsewhere else ""
    raise StoreError(f"no run was recorded in this folder{hint}; `lazyimp profile SCRIPT` records one")


def runs_here() -> Iterator[Run]:
    """The runs in the working folder, the newest first."""
    here = os.getcwd()
    return (run for run in runs() if run.about.get("cwd") == here)


def alike(kinds: Sequence[str], program: str, arguments: Sequence[str]) -> Run | None:
    """The newest run of one of these kinds, of the same program and arguments, that left a record here."""
    wanted = {"program": program, "arguments": digest(arguments)}
    for run in runs_here():
        fits = run.about.get("kind") in kinds and run.record.is_file()
        if fits and all(run.about.get(key) == value for key, value in wanted.items()):
            return run
    return None


def at(folder: Path) -> Run | None:
    """The kept run in a folder, or None."""
    return _read(folder)


def runs() -> Iterator[Run]:
    """All runs that are kept, the newest first."""
    found = [run for base in bases() for folder in _folders(base) if (run := _read(folder)) is not None]
    yield from sorted(found, key=lambda run: int(run.about["began_unix_ns"]), reverse=True)


def prune(base: Path, keep: int) -> None:
    """Remove all but the newest `keep` runs; nothing that is no run of ours is touched."""
    for folder in sorted(_folders(base), reverse=True)[keep:]:
        if (folder / ABOUT).is_file():
            shutil.rmtree(folder, ignore_errors=True)


def digest(arguments: Sequence[str]) -> str:
    """What tells two lists of arguments apart without keeping them; they may hold a password."""
    return hashlib.sha256("\0".join(arguments).encode("utf-8", "surrogateescape")).hexdigest()[:16]


# -- folders -------------------------------------------------------------------------------------------


def bases() -> list[Path]:
    """Where runs may lie, the usual place first."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    home = Path(os.path.expanduser("~"))
    usual = Path(cache) if cache else home / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return [usual / "lazyimp" / "runs", Path(tempfile.gettempdir()) / f"lazyimp-runs-{user}"]


def _base_for_writing() -> Path:
    """The first of the places that can be written, made; raises StoreError."""
    for base in bases():
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(base, os.W_OK | os.X_OK) and _is_private(base):
            return base
    raise StoreError(
        f"no folder for records can be written: {', '.join(map(str, bases()))}; set XDG_CACHE_HOME"
    )


def _is_private(folder: Path) -> bool:
    """Nobody else could have put it there, or can."""
    facts = folder.lstat()
    return not hasattr(os, "getuid") or (facts.st_uid == os.getuid() and not facts.st_mode & 0o022)


def _made(base: Path, stem: str) -> Path:
    for number in range(1, 1000):
        folder = base / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder
    raise StoreError(f"too many runs of one name in {base}")


def _folders(base: Path) -> list[Path]:
    """The folders of runs in `base`."""
    try:
        entries = list(os.scandir(base))
    except OSError:
        return []
    return [
        Path(each.path)
        for each in entries
        if NAME.fullmatch(each.name) and each.is_dir(follow_symlinks=False)
    ]


def _read(folder: Path) -> Run | None:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    fits = isinstance(about, dict) and about.get("format") == FORMAT and "began_unix_ns" in about
    return Run(folder, about) if fits else None


def _plain(program: str) -> str:
    """A program's name as part of a folder's."""
    name = os.path.basename(program.rstrip("/\\")) or "program"
    return re.sub(r"[^\w.+-]", "_", name, flags=re.ASCII)[:40]
