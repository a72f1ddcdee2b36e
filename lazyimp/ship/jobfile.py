"""job.toml: what a job is, in a file; a key that is not known is an error."""

from __future__ import annotations

import math
import os
import posixpath
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lazyimp.errors import unknown_word
from lazyimp.manifest.target import ACCELERATOR
from lazyimp.ship.amounts import bytes_of
from lazyimp.ship.channels import anywhere
from lazyimp.ship.errors import ShipError
from lazyimp.ship.values import Resources
from lazyimp.ship.variables import check_names, expand

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VERSION = 1
# key -> what it has to be
KEYS: dict[str, tuple[type, ...]] = {
    "version": (int,),
    "name": (str,),
    "to": (str,),
    "store": (str,),  # what files go through on their way
    "command": (list,),
    "environment": (str,),  # one of ENVIRONMENTS; else what is named below says
    "manifest": (str,),  # auto: a manifest or a record, for environment and code
    "lock": (str,),  # lock: a requirements file, every line exact, or a pylock.toml
    "image": (str,),  # image: of a container
    "python": (str,),
    "accelerator": (str,),
    "resources": (dict,),
    "variables": (dict,),
    "inputs": (dict,),  # path in the working folder -> file or folder here, relative to job.toml
    "outputs": (list,),
    "output_limit": (str, int),
    "env": (dict,),
    "secrets": (list,),
    "limit_s": (int, float),
    "grace_s": (int, float),
    "signal": (str,),
}
RESOURCES: dict[str, tuple[type, ...]] = {"gpus": (int,), "cpus": (int, float), "memory": (str, int)}
ENVIRONMENTS = ("auto", "lock", "image", "host")
SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP")
KINDS = {str: "string", list: "list", dict: "table", int: "number", float: "number"}
IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,400}")


@dataclass
class JobFile:
    """The values of a job file, or of flags."""

    command: list[str] = field(default_factory=list)
    name: str = ""
    to: str = ""
    store: str = ""
    environment: str = ""
    manifest: str = ""
    lock: str = ""
    image: str = ""
    python: str = ""
    accelerator: str = ""
    resources: Resources = field(default_factory=Resources)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    output_limit_bytes: int = 10_000_000_000
    env: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    limit_s: float = 0
    grace_s: float = 10
    signal: str = "SIGTERM"


def read_job_file(path: str, chosen: Mapping[str, str] | None = None) -> JobFile:
    """The job in a file, its variables replaced (`chosen` ones go first); raises ShipError."""
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise ShipError(f"cannot read {path!r}: {error.strerror}") from None
    except ValueError as error:
        raise ShipError(f"{path!r} is no TOML: {error}") from None
    _check_keys(path, "key", data, KEYS)
    if data.pop("version", VERSION) != VERSION:
        raise ShipError(f"{path}: this lazyimp knows version {VERSION} of job files")
    variables = _variables(path, data.pop("variables", {}), data.get("env", {}), chosen or {})
    limit = data.pop("output_limit", None)
    resources = _resources(path, data.pop("resources", {}))
    job = JobFile(**data, resources=resources)
    if limit is not None:
        job.output_limit_bytes = bytes_of(limit, f"{path}: output_limit")
    _expand(job, variables, path)
    base = os.path.dirname(os.path.abspath(path))
    job.inputs = {name: each and os.path.join(base, each) for name, each in job.inputs.items()}
    job.manifest, job.lock = (os.path.join(base, each) if each else "" for each in (job.manifest, job.lock))
    job.to = anywhere(job.to, base)
    check(job, path)
    return job


def check(job: JobFile, where: str) -> None:
    """Raise ShipError for what makes no sense; says which kind of environment it is where that was left open."""
    if not job.command:
        raise ShipError(f"{where}: name a command")
    _check_environment(job, where)
    if job.signal not in SIGNALS:
        raise ShipError(f"{where}: {unknown_word('signal', job.signal, SIGNALS)}")
    if job.accelerator not in ("", "cuda", "index") and not ACCELERATOR.fullmatch(job.accelerator):
        raise ShipError(
            f"{where}: unknown accelerator {job.accelerator!r}; use auto, cuda, cpu, cu126, index, ..."
        )
    check_names([*job.env, *job.secrets], where)
    for pattern in job.outputs:
        _check_pattern(pattern, where)
    for name in [each for each, path in job.inputs.items() if not path]:
        raise ShipError(f"{where}: input {name!r} names no file; leave it out, or name one")
    both = sorted(set(job.env) & set(job.secrets))
    if both:
        raise ShipError(f"{where}: {both[0]} is both in env and in secrets")
    if job.resources.gpus and "CUDA_VISIBLE_DEVICES" in job.env:
        raise ShipError(
            f"{where}: gpus chooses the devices, and so does CUDA_VISIBLE_DEVICES in env; keep one"
        )
    if not (0 <= job.limit_s < math.inf and 0 <= job.grace_s < math.inf):
        raise ShipError(f"{where}: limit_s and grace_s are seconds from 0 on")


def _check_pattern(pattern: str, where: str) -> None:
    """As the host sees it, but before anything runs."""
    plain = posixpath.normpath(pattern) if pattern else "."
    if plain == "." or plain.startswith("/") or plain.split("/")[0] == ".." or set("\0\\") & set(pattern):
        raise ShipError(
            f"{where}: output {pattern!r} is no path in the working folder; write it relative to that"
        )


def _check_environment(job: JobFile, where: str) -> None:
    named = [kind for kind, value in (("lock", job.lock), ("image", job.image)) if value]
    if job.manifest and "image" not in named:  # beside an image, a manifest names the code alone
        named.append("auto")
    if len(named) > 1:
        words = [{"auto": "manifest"}.get(each, each) for each in sorted(named)]
        raise ShipError(f"{where}: {' and '.join(words)} both name an environment; keep one")
    job.environment = job.environment or (named[0] if named else "host")
    if job.environment not in ENVIRONMENTS:
        raise ShipError(f"{where}: {unknown_word('environment', job.environment, ENVIRONMENTS)}")
    if named and named[0] != job.environment:
        raise ShipError(
            f"{where}: environment is {job.environment!r}, and {named[0]} is named, too; keep one"
        )
    if job.environment in ("lock", "image") and not named:
        raise ShipError(f"{where}: environment {job.environment!r} needs {job.environment} = ...")
    if job.environment == "lock" and not job.python and not job.lock.endswith("pylock.toml"):
        raise ShipError(f"{where}: lock needs python, such as python = '3.11'")
    if job.image and not IMAGE.fullmatch(job.image):
        raise ShipError(f"{where}: {job.image!r} is no name of an image; write registry/name:tag")
    for name in ("python", "accelerator"):
        if getattr(job, name) and job.environment in ("image", "host"):
            raise ShipError(f"{where}: {name} is chosen by the {job.environment}; leave it out")


def _check_keys(path: str, kind: str, data: Mapping[str, Any], keys: Mapping[str, tuple[type, ...]]) -> None:
    for key, value in data.items():
        if key not in keys:
            raise ShipError(f"{path}: {unknown_word(kind, key, tuple(keys))}")
        if not isinstance(value, keys[key]) or isinstance(value, bool):
            raise ShipError(f"{path}: {key} has to be a {KINDS[keys[key][0]]}")
        if key != "resources":
            _strings(path, key, value)


def _strings(path: str, key: str, value: Any) -> None:
    rows = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not all(isinstance(each, str) for each in rows):
        raise ShipError(f"{path}: {key} may hold strings only")


def _resources(path: str, data: dict[str, Any]) -> Resources:
    _check_keys(path, "key of resources", data, RESOURCES)
    memory = bytes_of(data["memory"], f"{path}: memory") if "memory" in data else 0
    gpus, cpus = data.get("gpus", 0), data.get("cpus", 0)
    if gpus < 0 or not 0 <= cpus < math.inf:
        raise ShipError(f"{path}: resources are counted from 0 on")
    return Resources(gpus, cpus, memory)


def _variables(
    path: str, written: dict[str, str], env: dict[str, str], chosen: Mapping[str, str]
) -> dict[str, str]:
    """What `${NAME}` stands for: the file's variables, those chosen now in their place, then env."""
    check_names([*written, *chosen], path)
    for name in chosen:
        if name not in written:
            raise ShipError(f"{path}: {unknown_word('variable', name, tuple(sorted(written)) or ('none',))}")
    return {**env, **written, **chosen}


def _expand(job: JobFile, variables: dict[str, str], path: str) -> None:
    def full(text: str) -> str:
        return expand(text, variables, job.secrets)

    try:
        job.command = [full(each) for each in job.command]
        job.inputs = {full(name): full(each) for name, each in job.inputs.items()}
        job.outputs = [full(each) for each in job.outputs]
        others = {name: value for name, value in variables.items() if name not in job.env}
        job.env = {name: expand(value, others, job.secrets) for name, value in job.env.items()}
        for name in ("name", "to", "store", "manifest", "lock", "image", "python"):
            setattr(job, name, full(getattr(job, name)))
    except ShipError as error:
        raise ShipError(f"{path}: {error}") from None
