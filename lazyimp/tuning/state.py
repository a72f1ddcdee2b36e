"""What a tuning has learned so far, on disk, so that one that was interrupted goes on where it stopped.

`<stem>.lazyimp.tune.json`: format (a number), key (the command and our version), sources (the program's own
files with their sizes and times), versions (of the distributions it uses), and results, by what was run.
Tuning asks for the same runs in the same order again and gets those that are here at once. Where any of the
rest no longer fits, the results are about something else, and go.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lazyimp import _profile

FORMAT = 1


class State:
    """The results of the runs made so far; `path` None: nothing is kept."""

    def __init__(self, path: Path | None, key: Mapping[str, Any]) -> None:
        self._path = path
        self._key = dict(key)
        self._results: dict[str, Any] = {}
        self.sources: dict[str, list[int]] = {}
        self.versions: dict[str, str] = {}
        known = _read(path) if path is not None else {}
        if known.get("format") == FORMAT and known.get("key") == self._key:
            sources, versions = known.get("sources", {}), known.get("versions", {})
            there = _profile.installed_versions(versions)
            same = all(versions[name] in there.get(name, ()) for name in versions)
            if same and all(stamp(file) == sources[file] for file in sources):
                self._results = known.get("results", {})
                self.sources, self.versions = sources, versions
        self.resumed = len(self._results)

    def get(self, name: str) -> Any:
        """The result of that name, or None."""
        return self._results.get(name)

    def put(self, name: str, value: Any) -> None:
        """Keep a result."""
        self._results[name] = value
        self._write()

    def bind(self, files: Iterable[str], versions: Mapping[str, str]) -> None:
        """Results count only as long as these files and versions are as they are."""
        self.sources = {file: stamp(file) for file in sorted(files)}
        self.versions = dict(versions)
        self._write()

    def finish(self) -> None:
        """The work is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self._path is None:
            return
        whole = {
            "format": FORMAT,
            "key": self._key,
            "sources": self.sources,
            "versions": self.versions,
            "results": self._results,
        }
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            temporary.write_text(json.dumps(whole, sort_keys=True), encoding="utf-8")
            os.replace(temporary, self._path)
        finally:
            temporary.unlink(missing_ok=True)


def stamp(file: str) -> list[int]:
    """What changes when a file is edited."""
    try:
        facts = os.stat(file)
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
