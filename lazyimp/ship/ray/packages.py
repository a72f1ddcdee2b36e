"""What a job brings to the cluster: packages named by their content, and the runtime_env that names them.

One package holds what runs the job and lazyimp's wheel, one holds each part of the code, and one the inputs: what did
not change is not sent again, and code that changed leaves the cluster's environment as it is.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lazyimp.manifest.archive import content
from lazyimp.ship.errors import ShipError
from lazyimp.ship.hostzip import host_zip
from lazyimp.ship.planning import digest_name
from lazyimp.ship.values import Blob, Plan

PLANNED = "it was planned; plan again"
RUNNER = "lazyimp-host.pyz"
WHEELS = "lazyimp-wheels"
INPUTS = "lazyimp-inputs"
LARGEST = 500 << 20  # Ray keeps packages in its controller's memory, and refuses larger ones
WORKING_DIR = "${RAY_RUNTIME_ENV_CREATE_WORKING_DIR}"  # Ray puts the folder in its place


@dataclass(frozen=True)
class Package:
    """A zip that travels: `rows` are names in it and where their bytes are."""

    name: str
    what: str
    rows: tuple[tuple[str, Any], ...]
    size_bytes: int

    def write(self, path: str) -> None:
        """Write the zip; raises ArchiveError for what cannot be read or was changed since."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, source in self.rows:
                member = zipfile.ZipInfo(name)
                executable = getattr(source, "executable", False)
                member.external_attr = (0o100755 if executable else 0o100644) << 16
                member.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(member, source if isinstance(source, bytes) else content(source, PLANNED))


def packages_of(plan: Plan) -> tuple[Package, ...]:
    """The packages of a plan, that of the runner first; raises ShipError for one that Ray would not take."""
    _, data = host_zip()
    wheels = plan.environment.wheels if plan.environment else ()
    made = [_package("runner", [(RUNNER, data), *((_wheel(each), each) for each in wheels)])]
    for part in plan.parts:
        rows = [(each.name, each) for each in part.files]
        made.append(_package(f"code {part.name}", rows, digest_name(part)))
    if plan.job.inputs:
        made.append(_package("inputs", [(f"{INPUTS}/{each.sha256}", each) for each in plan.job.inputs]))
    for each in made:
        if each.size_bytes > LARGEST:
            raise ShipError(
                f"{each.what} has {each.size_bytes} bytes, and Ray takes packages of up to {LARGEST}; put large files "
                "where the cluster can read them, such as an object store"
            )
    return tuple(made)


def runtime_env(plan: Plan, packages: Iterable[Package]) -> dict[str, Any]:
    """Ray's runtime_env: the lock by uv, every line exact; code in the order of sys.path; lazyimp on in workers."""
    runner, *others = (f"gcs://{each.name}" for each in packages)
    value: dict[str, Any] = {"working_dir": runner, "env_vars": dict(plan.job.env)}
    if others:
        value["py_modules"] = others
    if plan.environment is not None:
        wish = plan.environment
        lines = [line for line in wish.requirements.splitlines() if line.strip()]
        lines += [f"{WORKING_DIR}/{_wheel(each)}" for each in wish.wheels]
        loose = wish.accelerated.splitlines()  # the accelerator decides what else these need
        lines += loose
        options = [
            *([] if loose else ["--no-deps"]),
            *(["--only-binary", ":all:"] if wish.only_binary else []),
            *wish.arguments,
        ]
        value["uv"] = {"packages": lines, "uv_pip_install_options": options, "uv_check": False}
        value["env_vars"].setdefault("LAZYIMP", "safe")
    # Ray kills what it stops after 3 s; the runner gives the job's own grace
    value["env_vars"]["RAY_JOB_STOP_WAIT_TIME_S"] = str(int(plan.job.grace_s) + 30)
    return value


def _wheel(each: Blob) -> str:
    return f"{WHEELS}/{each.sha256[:16]}/{each.name}"


def _package(what: str, rows: list[tuple[str, Any]], digest: str = "") -> Package:
    """A package named by the names and the contents in it."""
    rows = sorted(rows, key=lambda row: row[0])
    lines = [f"{name} {_sha256(source)} {getattr(source, 'executable', False)}\n" for name, source in rows]
    found = digest or hashlib.sha256("".join(lines).encode()).hexdigest()
    size = sum(len(each) if isinstance(each, bytes) else each.size_bytes for _, each in rows)
    return Package(f"_ray_pkg_lazyimp_{found[:32]}.zip", what, tuple(rows), size)


def _sha256(source: Any) -> str:
    return hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else str(source.sha256)
