"""A profile as JSON, and back: the one source from which every other report can be made again.

The document:

    format      "lazyimp-profile"
    version     1; a reader refuses a larger one, and reads all smaller ones
    lazyimp     our version, which nothing depends on
    profile     what a Profile holds, under the names of its fields (docs/reports.md describes them)

Times are seconds, memory is bytes. Rows of one kind are a table, `{"columns": [names], "rows": [[values]]}`, in
which a reader leaves out columns that it does not know; those that it misses have their defaults. Keys are sorted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from lazyimp import __version__
from lazyimp.profile import (
    Batch,
    DeferralRow,
    FileRow,
    Finding,
    MarkRow,
    Node,
    Package,
    PhaseRow,
    Process,
    Profile,
    ProfileError,
    Rank,
    Request,
)

FORMAT = "lazyimp-profile"
VERSION = 1
TABLES: Mapping[str, type[Any]] = {
    "processes": Process,
    "nodes": Node,
    "packages": Package,
    "phases": PhaseRow,
    "marks": MarkRow,
    "deferrals": DeferralRow,
    "files": FileRow,
    "findings": Finding,
    "requests": Request,
    "ranks": Rank,
}
Value = TypeVar("Value")


def render(profile: Profile) -> str:
    """The document, a line for each row."""
    told: dict[str, Any] = {}
    for field in fields(profile):
        value = getattr(profile, field.name)
        if field.name in TABLES:
            told[field.name] = _table(TABLES[field.name], value)
        elif field.name == "batch":
            told[field.name] = (
                None if value is None else {each.name: getattr(value, each.name) for each in fields(value)}
            )
        else:
            told[field.name] = value
    head = {"format": FORMAT, "version": VERSION, "lazyimp": __version__}
    return _document({**head, "profile": told})


def _table(kind: type[Any], rows: Sequence[Any]) -> dict[str, Any]:
    names = [field.name for field in fields(kind)]
    return {"columns": names, "rows": [[getattr(row, name) for name in names] for row in rows]}


def _document(document: dict[str, Any]) -> str:
    """JSON with a line for each field and for each row of a table, so that two of them can be compared."""
    profile = document["profile"]
    lines = ["{"]
    lines += [f' "{key}": {_json(document[key])},' for key in ("format", "version", "lazyimp")]
    lines.append(' "profile": {')
    for place, key in enumerate(sorted(profile)):
        comma = "," if place + 1 < len(profile) else ""
        if key in TABLES:
            table = profile[key]
            rows = ",\n".join(f"   {_json(row)}" for row in table["rows"])
            rows = f"[\n{rows}\n  ]" if rows else "[]"
            lines.append(f'  "{key}": {{"columns": {_json(table["columns"])}, "rows": {rows}}}{comma}')
        else:
            lines.append(f'  "{key}": {_json(profile[key])}{comma}')
    return "\n".join([*lines, " }", "}"]) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(", ", ": "))


def read(text: str | bytes) -> Profile:
    """The profile of a document of this version or an older one; raises ProfileError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ProfileError("this is not a profile of lazyimp; `lazyimp report --json` writes one")
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise ProfileError(
            f"this profile has format version {version}, and this lazyimp reads {VERSION}; install a newer lazyimp"
        )
    try:
        return _profile(document["profile"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProfileError(f"this profile is damaged: {type(error).__name__} ({error})") from None


def _profile(told: Mapping[str, Any]) -> Profile:
    values: dict[str, Any] = {}
    for field in fields(Profile):
        if field.name not in told:
            values[field.name] = _default(field)
        elif field.name in TABLES:
            values[field.name] = _rows(TABLES[field.name], told[field.name])
        elif field.name == "batch":
            values[field.name] = None if told["batch"] is None else _value(Batch, told["batch"])
        else:
            values[field.name] = told[field.name]
    return Profile(**values)


def _rows(kind: type[Value], table: Mapping[str, Any]) -> tuple[Value, ...]:
    columns = [str(name) for name in table["columns"]]
    return tuple(_value(kind, dict(zip(columns, row, strict=True))) for row in table["rows"])


def _value(kind: type[Value], told: Mapping[str, Any]) -> Value:
    """One value of that kind; what it lacks has its default, what is not known is left out."""
    known = fields(kind)  # type: ignore[arg-type]  # each kind is a dataclass
    return kind(
        **{each.name: _tuple(told[each.name]) if each.name in told else _default(each) for each in known}
    )


def _tuple(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(_tuple(each) for each in value) if isinstance(value, list) else value


def _default(field: Field[Any]) -> Any:
    """What a field has that an older version did not write; raises KeyError where it needs one."""
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise KeyError(field.name)
