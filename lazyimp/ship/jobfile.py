"""job.toml: what a job is, in a file; a key that is not known is an error."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Any

from lazyimp.errors import unknown_word
from lazyimp.ship.errors import ShipError

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
    "manifest": (str,),  # environment and code of a recorded program
    "lock": (str,),  # or an environment from a requirements file, every line exact
    "python": (str,),
    "inputs": (dict,),  # path in the working folder -> file here, relative to job.toml
    "outputs": (list,),
    "env": (dict,),
    "secrets": (list,),
    "limit_s": (int, float),
    "grace_s": (int, float),
    "signal": (str,),
}
SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP")


@dataclass
class JobFile:
    """The values of a job file, or of flags."""

    command: list[str] = field(default_factory=list)
    name: str = ""
    to: str = ""
    store: str = ""
    manifest: str = ""
    lock: str = ""
    python: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    limit_s: float = 0
    grace_s: float = 10
    signal: str = "SIGTERM"


def read_job_file(path: str) -> JobFile:
    """The job in a file; raises ShipError."""
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise ShipError(f"cannot read {path!r}: {error.strerror}") from None
    except ValueError as error:
        raise ShipError(f"{path!r} is no TOML: {error}") from None
    for key, value in data.items():
        if key not in KEYS:
            raise ShipError(f"{path}: {unknown_word('key', key, tuple(KEYS))}")
        if not isinstance(value, KEYS[key]) or isinstance(value, bool):
            raise ShipError(f"{path}: {key} has to be a {KEYS[key][0].__name__}")
        _strings(path, key, value)
    if data.pop("version", VERSION) != VERSION:
        raise ShipError(f"{path}: this lazyimp knows version {VERSION} of job files")
    job = JobFile(**data)
    base = os.path.dirname(os.path.abspath(path))
    job.inputs = {name: os.path.join(base, each) for name, each in job.inputs.items()}
    job.manifest, job.lock = (os.path.join(base, each) if each else "" for each in (job.manifest, job.lock))
    check(job, path)
    return job


def check(job: JobFile, where: str) -> None:
    """Raise ShipError for what makes no sense."""
    if not job.command:
        raise ShipError(f"{where}: name a command")
    if job.manifest and job.lock:
        raise ShipError(f"{where}: manifest and lock both name an environment; keep one")
    if job.lock and not job.python:
        raise ShipError(f"{where}: lock needs python, such as python = '3.11'")
    if job.signal not in SIGNALS:
        raise ShipError(f"{where}: {unknown_word('signal', job.signal, SIGNALS)}")
    both = sorted(set(job.env) & set(job.secrets))
    if both:
        raise ShipError(f"{where}: {both[0]} is both in env and in secrets")


def _strings(path: str, key: str, value: Any) -> None:
    rows = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not all(isinstance(each, str) for each in rows):
        raise ShipError(f"{path}: {key} may hold strings only")
