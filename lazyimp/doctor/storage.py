"""Where modules are read from: bytecode, file systems, and the folders along sys.path."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lazyimp.doctor.values import GOOD, NOTE, Check, counted, shown
from lazyimp.mounts import is_remote

MOST_FILES = 5000  # looked at for bytecode
LONG_PATH = 15
MOUNTS = "/proc/self/mountinfo"

VALID, MISSING, STALE = "valid", "missing", "stale"


def bytecode(folders: Sequence[str]) -> Check:
    """Modules have valid bytecode, and where they do not, it can be written."""
    found, unwritable = _survey(folders)
    total = sum(found.values())
    lacking = found[MISSING] + found[STALE]
    facts: dict[str, object] = {kind: found[kind] for kind in (VALID, MISSING, STALE)}
    compile_all = f"{os.path.basename(sys.executable)} -m compileall -q {' '.join(map(shown, folders[:1]))}"
    missing = (
        f"{counted(found[MISSING], 'module')} of {total:,} without bytecode, {found[STALE]:,} with outdated"
    )
    if sys.flags.dont_write_bytecode:
        said = "PYTHONDONTWRITEBYTECODE or -B is set: what has no bytecode is compiled in every process"
        said += f" ({missing})" if lacking else f", though all of {counted(total, 'module')} have it now"
        return Check("bytecode", NOTE, said, f"unset PYTHONDONTWRITEBYTECODE; {compile_all}", facts=facts)
    if not lacking:
        return Check("bytecode", GOOD, f"valid for all of {counted(total, 'module')}", facts=facts)
    if unwritable:
        said = f"{missing}, and {shown(unwritable)} cannot be written: they are compiled in every process"
        return Check("bytecode", NOTE, said, "PYTHONPYCACHEPREFIX=a/writable/folder", facts=facts)
    share = lacking / total
    status = NOTE if share > 0.2 and lacking > 20 else GOOD
    said = f"{missing}" + ("" if status == GOOD else ": the first import of each compiles it")
    return Check("bytecode", status, said, compile_all if status == NOTE else "", facts=facts)


def _survey(folders: Iterable[str]) -> tuple[Counter[str], str]:
    """How many modules have valid, outdated or no bytecode, and a folder where it cannot be written, or ""."""
    found: Counter[str] = Counter()
    unwritable = ""
    for path, info in _sources(folders):
        state = state_of(path, info)
        found[state] += 1
        if state != VALID and not unwritable and not _is_writable(importlib.util.cache_from_source(path)):
            unwritable = os.path.dirname(path)
        if sum(found.values()) >= MOST_FILES:
            break
    return found, unwritable


def _sources(folders: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Python modules below the folders, those that one imports first; tests and data are left out."""
    for top in folders:
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(name for name in inner if name.isidentifier() and name not in ("tests", "test"))
            for name in sorted(names):
                if name.endswith(".py") and name[:-3].isidentifier():
                    path = os.path.join(folder, name)
                    try:
                        yield path, os.stat(path)
                    except OSError:
                        continue


def state_of(path: str, info: os.stat_result) -> str:
    """Whether the import system would take a module's bytecode."""
    try:
        with open(importlib.util.cache_from_source(path), "rb") as file:
            head = file.read(16)
    except (OSError, NotImplementedError):
        return MISSING
    if len(head) < 16 or head[:4] != importlib.util.MAGIC_NUMBER:
        return STALE
    if int.from_bytes(head[4:8], "little") & 1:
        return VALID  # bound to the source's hash, which is compared when it is loaded, or never
    mtime, size = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:16], "little")
    same = mtime == int(info.st_mtime) & 0xFFFFFFFF and size == info.st_size & 0xFFFFFFFF
    return VALID if same else STALE


def _is_writable(path: str) -> bool:
    """A file can be made at the path, now or after making its folder."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return os.access(folder, os.W_OK)


# -- file systems ----------------------------------------------------------------------------------------


def file_systems(folders: Sequence[str], mounts: str = MOUNTS) -> Check | None:
    """Folders that lie on a network or layered file system, where each look at a file is slow."""
    table = read_mounts(mounts)
    if not table:
        return None  # no such file: not Linux
    kinds = {folder: kind_of(folder, table) for folder in folders}
    facts: dict[str, object] = {shown(folder): kind for folder, kind in kinds.items()}
    shared = [folder for folder, kind in kinds.items() if is_remote(kind)]
    if shared:
        said = ", ".join(f"{shown(folder)} is on {kinds[folder]}" for folder in shared)
        said += ": a cold start asks the server for every module"
        fix = "keep the environment on a local disk, or copy it there at the job's start"
        return Check("file system", NOTE, said, fix, facts=facts)
    if "overlay" in kinds.values():
        said = "overlay (a container's layers): the first look at a file is slow, the next is not"
        return Check("file system", GOOD, said, facts=facts)
    return Check(
        "file system", GOOD, ", ".join(sorted({kind for kind in kinds.values() if kind})), facts=facts
    )


def read_mounts(path: str) -> list[tuple[str, str]]:
    """(mount point, kind) of /proc/self/mountinfo, longest mount point first."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        before, dash, after = line.partition(" - ")
        fields = before.split()
        if dash and len(fields) > 4 and after.split():
            found.append((fields[4].replace("\\040", " "), after.split()[0]))
    return sorted(found, key=lambda each: -len(each[0]))


def kind_of(folder: str, table: Iterable[tuple[str, str]]) -> str:
    """The kind of file system that holds the folder."""
    path = os.path.realpath(folder).rstrip("/") + "/"
    return next((kind for point, kind in table if path.startswith(point.rstrip("/") + "/")), "")


# -- sys.path --------------------------------------------------------------------------------------------


def search_path(path: Sequence[str]) -> Check:
    """A missing module is looked for in every entry of sys.path, and so is each that lies in the last."""
    gone = [entry for entry in path if not os.path.exists(entry) and not entry.endswith(".zip")]
    double = [entry for entry, count in Counter(map(os.path.realpath, path)).items() if count > 1]
    said = counted(len(path), "entry", "entries")
    facts: dict[str, object] = {"entries": len(path), "missing": len(gone), "double": len(double)}
    if len(path) > LONG_PATH:
        fix = "fewer PYTHONPATH entries and .pth files; install projects instead"
        return Check(
            "sys.path", NOTE, f"{said}: each is asked for every module that is not there", fix, facts=facts
        )
    if gone:
        said = f"{said}, of these not there: {', '.join(map(shown, gone))}"
        return Check("sys.path", NOTE, said, "take them out of PYTHONPATH or the .pth file", facts=facts)
    if double:
        said = f"{said}, twice: {', '.join(map(shown, double))}"
        return Check("sys.path", NOTE, said, "take one out of PYTHONPATH", facts=facts)
    return Check("sys.path", GOOD, said, facts=facts)
