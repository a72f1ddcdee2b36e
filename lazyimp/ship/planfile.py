"""Plans as JSON files, to be looked at, kept and carried out later."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

from lazyimp.manifest.values import LocalFile, LocalPart, Undecided
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import blob_of
from lazyimp.ship.values import Blob, EnvironmentWish, JobWish, Plan, Resources

FORMAT, VERSION = "lazyimp-plan", 2


def as_json(plan: Plan) -> str:
    """The plan as text."""
    return json.dumps({"format": FORMAT, "version": VERSION, **asdict(plan)}, indent=2, sort_keys=True) + "\n"


def read_plan(path: str) -> Plan:
    """The plan in a file; raises ShipError."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except OSError as error:
        raise ShipError(f"cannot read plan {path!r}: {error.strerror}") from None
    except ValueError as error:
        raise ShipError(f"{path!r} is no plan: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ShipError(f"{path!r} is no plan; `lazyimp ship --dry-run --save-plan FILE` writes one")
    if data.get("version") not in range(1, VERSION + 1):
        raise ShipError(
            f"plan {path!r} has version {data.get('version')}, and this lazyimp carries out {VERSION}"
        )
    try:
        return _plan(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ShipError(f"plan {path!r} is damaged: {error!r}") from None


def _plan(data: dict[str, Any]) -> Plan:
    environment = data["environment"]
    return Plan(
        data["destination"],
        JobWish(
            **{
                **data["job"],
                "command": tuple(data["job"]["command"]),
                "secrets": tuple(data["job"]["secrets"]),
                "outputs": tuple(data["job"]["outputs"]),
                "inputs": _blobs(data["job"]["inputs"]),
                "resources": Resources(**data["job"].get("resources", {})),
                "place": tuple((digest, name, to) for digest, name, to in data["job"]["place"]),
            }
        ),
        EnvironmentWish(
            **{
                **environment,
                "wheels": _blobs(environment["wheels"]),
                "exact_wheels": _blobs(environment.get("exact_wheels", [])),
                "arguments": tuple(environment["arguments"]),
            }
        )
        if environment
        else None,
        tuple(
            LocalPart(
                **{
                    **each,
                    "files": tuple(LocalFile(**one) for one in each["files"]),
                    "tags": tuple(each["tags"]),
                }
            )
            for each in data["parts"]
        ),
        tuple(Undecided(**each) for each in data["refused"]),
        tuple(map(str, data.get("notes", ()))),
        str(data.get("store", "")),
    )


def check_files(plan: Plan) -> None:
    """Raise ShipError if files of this machine are not what they were when the plan was made."""
    blobs = [*plan.job.inputs]
    if plan.environment is not None:
        blobs += [*plan.environment.wheels, *plan.environment.exact_wheels]
    known = [(each.path, each.size_bytes, each.sha256) for each in blobs]
    known += [(each.path, each.size_bytes, each.sha256) for part in plan.parts for each in part.files]
    changed = sorted({path for path, size, digest in known if not _is(path, size, digest)})
    if changed:
        raise ShipError(
            f"{changed[0]!r} is not what it was when the plan was made ({len(changed)} such); make the plan again"
        )


def _is(path: str, size_bytes: int, sha256: str) -> bool:
    try:
        if os.path.getsize(path) != size_bytes:
            return False
        return blob_of(path).sha256 == sha256
    except (OSError, ShipError):
        return False


def _blobs(rows: list[dict[str, Any]]) -> tuple[Blob, ...]:
    return tuple(Blob(**each) for each in rows)
