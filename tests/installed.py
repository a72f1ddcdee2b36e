"""Makes small installed distributions, and records of runs that used them, without running anything."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lazyimp.manifest.build import Builder
from lazyimp.manifest.values import Manifest, Requirement
from lazyimp.record import Import, Opened, Record

STDLIB = "/nowhere/lib/python3.11"


def row(path: Path, name: str) -> str:
    """A line of RECORD for a file."""
    data = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"


def install(
    site: Path,
    name: str,
    version: str,
    files: Iterable[str] | Mapping[str, str] = (),
    *,
    requires: Iterable[str] = (),
    installer: str = "pip",
    direct_url: Mapping[str, Any] | None = None,
    record: bool = True,
    extra: Mapping[str, str] | None = None,
    folder: str | None = None,
) -> Path:
    """Install a distribution into `site`; returns its .dist-info."""
    texts = dict(files) if isinstance(files, Mapping) else dict.fromkeys(files, f"# {name} {version}\n")
    for each, text in texts.items():
        path = site / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    info = site / (folder or f"{name.replace('-', '_')}-{version}.dist-info")
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (info / "METADATA").write_text(
        "\n".join([*lines, *(f"Requires-Dist: {each}" for each in requires), "", "Text"])
    )
    (info / "INSTALLER").write_text(f"{installer}\n")
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))
    for other, text in (extra or {}).items():
        (info / other).write_text(text)
    if record:
        here = [row(site / each, each) for each in texts]
        own = [f"{info.name}/{path.name},," for path in sorted(info.iterdir())]
        (info / "RECORD").write_text("\n".join([*here, *own, f"{info.name}/RECORD,,"]) + "\n")
    return info


def ran(
    where: Path,
    site: Path | Iterable[Path],
    modules: Mapping[str, str | Path],
    *,
    opened: Iterable[str | Path] = (),
    libraries: Iterable[str | Path] = (),
    by: tuple[str, int] | None = None,
    failed: Iterable[str] = (),
    children: Iterable[Record] = (),
    header: Mapping[str, object] | None = None,
    complete: bool = True,
    script: str = "main.py",
) -> Record:
    """The record of a run of `where`/main.py that loaded `modules` (name -> origin)."""
    from lazyimp.record import Counters, End

    sites = [site] if isinstance(site, Path) else list(site)
    main = where / script
    if not main.exists():
        main.write_text("pass\n")
    file, line = by or (str(main), 1)
    imports = [
        _import(number, name, str(origin), file, line)
        for number, (name, origin) in enumerate(modules.items(), 1)
    ]
    imports += [_import(1000 + at, name, "", file, line, how=1) for at, name in enumerate(failed)]
    values: dict[str, object] = {
        "pid": 10,
        "ppid": 1,
        "unix_ns": 0,
        "python": "3.11.7",
        "platform": "linux-x86_64",
        "prefix": str(where / "venv"),
        "base_prefix": "/nowhere",
        "stdlib": [STDLIB],
        "cwd": str(where),
        "before": ["os", "site"],
        "main": {"kind": "script", "name": str(main)},
        **(header or {}),
    }
    return Record(
        str(where / "record.jsonl"),
        values,
        tuple(imports),
        opened=tuple(Opened(str(path), 0, 0, False) for path in opened),
        libraries=tuple(map(str, libraries)),
        facts={"sys_path": [str(where), STDLIB, *map(str, sites)]},
        end=End(0, 0, 0, Counters(), "") if complete else None,
        children=tuple(children),
    )


def _import(number: int, name: str, origin: str, file: str, line: int, how: int = 0) -> Import:
    error = "ModuleNotFoundError" if how else ""
    return Import(number, 0, 0, name, file, line, 0, 0, 0, 0, 0, 0, 0, origin, how, error, 0)


def manifest_of(record: Record, **options: Any) -> Manifest:
    """Its manifest."""
    return Builder(record, **options).build()


def found(manifest: Manifest) -> dict[str, Requirement]:
    """The distributions, by name."""
    return {each.name: each for each in manifest.requirements}


PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
