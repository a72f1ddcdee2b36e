"""The manifest's own format, as TOML or JSON: everything that a Manifest holds, under a format number.

`format` is "lazyimp-manifest", `version` 1; a reader refuses a larger one and ignores keys it does not know. The
other keys are the fields of `lazyimp.manifest.values`, as tables and arrays of the same names; empty ones are left
out. Paths are those of the machine that wrote it: `ship` reads local files from there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar, cast

import tomli_w

from lazyimp.errors import LazyimpError
from lazyimp.manifest.values import (
    FORMAT,
    Evidence,
    LocalFile,
    LocalPart,
    Manifest,
    Requirement,
    Source,
    Target,
    Undecided,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VERSION = 1

T = TypeVar("T")


class ManifestError(LazyimpError):
    """A manifest that cannot be read, or made."""

    slug = "manifest"


def as_data(manifest: Manifest) -> dict[str, Any]:
    """The manifest as tables and arrays, empty values left out."""
    return {"format": FORMAT, "version": VERSION, **_pruned(asdict(manifest))}


def as_json(manifest: Manifest) -> str:
    """JSON, sorted."""
    return json.dumps(as_data(manifest), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def as_toml(manifest: Manifest) -> str:
    """TOML."""
    return tomli_w.dumps(as_data(manifest))


def read_manifest(path: str) -> Manifest:
    """The manifest in a file of either form; raises ManifestError."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"cannot read manifest {path!r}: {getattr(error, 'strerror', None) or error}"
        ) from None
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        if '"lazyimp-record"' in text[:4096]:
            made = f"is a record, and no manifest; `lazyimp manifest {path} -o FILE` makes one"
            raise ManifestError(f"{path!r} {made}") from None
        raise ManifestError(f"{path!r} is no manifest: {error}") from None
    return from_data(data, path)


def from_data(data: dict[str, Any], path: str = "manifest") -> Manifest:
    """The Manifest that `as_data` made; raises ManifestError."""
    if data.get("format") != FORMAT:
        raise ManifestError(f"{path!r} is no manifest of lazyimp; `lazyimp manifest -o FILE` writes one")
    if not isinstance(data.get("version"), int) or data["version"] > VERSION:
        raise ManifestError(
            f"manifest {path!r} has format version {data.get('version')}, and this lazyimp reads {VERSION}; "
            "install a newer lazyimp"
        )
    try:
        requirements = [
            _value(
                Requirement,
                each,
                source=_value(Source, each.get("source", {})),
                evidence=tuple(_value(Evidence, one) for one in each.get("evidence", ())),
            )
            for each in data.get("requirements", ())
        ]
        local = [
            _value(LocalPart, each, files=tuple(_value(LocalFile, one) for one in each.get("files", ())))
            for each in data.get("local", ())
        ]
        return _value(
            Manifest,
            data,
            target=_value(Target, data["target"]),
            requirements=tuple(requirements),
            local=tuple(local),
            undecided=tuple(_value(Undecided, each) for each in data.get("undecided", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"manifest {path!r} is damaged: {error}") from None


def _value(kind: type[T], data: dict[str, Any], **given: object) -> T:
    """A `kind` from the keys of `data` that it knows; what was pruned is what empty values are."""
    values: dict[str, object] = dict(given)
    for each in fields(kind):  # type: ignore[arg-type]  # each `kind` is a dataclass
        if each.name in values:
            continue
        if each.name in data:
            value = data[each.name]
            values[each.name] = tuple(value) if isinstance(value, list) else value
        elif each.default is MISSING and each.default_factory is MISSING:
            values[each.name] = {"str": "", "bool": False, "int": 0}.get(cast(str, each.type), ())
    return kind(**values)


def _pruned(value: Any) -> Any:
    """Without empty strings, lists, tables, and false values: they are what their absence means, but `complete`."""
    if isinstance(value, dict):
        kept = {key: _pruned(each) for key, each in value.items()}
        return {
            key: each
            for key, each in kept.items()
            if key == "complete" or each not in ("", [], {}, False, 0, None)
        }
    if isinstance(value, (list, tuple)):
        return [_pruned(each) for each in value]
    return value
