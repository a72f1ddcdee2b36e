"""What a plan is made of: everything that is needed to carry it out later, and what is shown before."""

from __future__ import annotations

from dataclasses import dataclass, field

from lazyimp.manifest.values import LocalPart, Undecided


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of this machine that travels as it is."""

    name: str  # what it is called there: a wheel's file name, an input's path in the working folder
    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EnvironmentWish:
    """What an environment is built from; `name` is the hash of the rest, so the same wish is built once."""

    name: str
    python: str
    requirements: str = ""
    wheels: tuple[Blob, ...] = ()
    arguments: tuple[str, ...] = ()  # for the installer
    only_binary: bool = True
    conda: str = ""  # environment.yml: what conda makes first; the rest is installed into that
    accelerated: str = ""  # of the requirements, those of which the accelerator decides what else they need
    require_hashes: bool = False  # every line of `requirements` has one
    accelerator: str = ""  # what was wished: "auto" and "cuda" until the host was asked
    exact_for: str = ""  # the accelerator with which nothing else is needed than what was recorded
    exact_wheels: tuple[
        Blob, ...
    ] = ()  # for that one: wheels of this machine in place of lines of `accelerated`
    platform: str = ""  # what else the name depends on: accelerator, ABI, architecture


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job needs of its host; 0: whatever there is."""

    gpus: int = 0
    cpus: float = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class JobWish:
    """A command and what it needs. Words may hold `{python}`, `{code}`, `{work}`; secrets are names, never values."""

    command: tuple[str, ...]
    name: str = "job"
    env: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    inputs: tuple[Blob, ...] = ()
    outputs: tuple[str, ...] = ()
    place: tuple[
        tuple[str, str, str], ...
    ] = ()  # digest of a part, a file of it, its name in the working folder
    limit_s: float = 0
    grace_s: float = 10
    signal: str = "SIGTERM"
    arguments: int = 0  # so many words at the end of the command are taken as they are
    image: str = ""  # of a container, in place of an environment
    resources: Resources = Resources()
    output_limit_bytes: int = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, where; `refused` is what cannot travel, and why."""

    destination: str
    job: JobWish
    environment: EnvironmentWish | None = None
    parts: tuple[LocalPart, ...] = ()
    refused: tuple[Undecided, ...] = ()
    notes: tuple[str, ...] = ()  # what was chosen for this host, and why
    store: str = ""  # the URL of the store that files go through


@dataclass(frozen=True, slots=True)
class Lack:
    """What a host lacks of a plan, by name; sizes are those of this machine's files."""

    environment: bool
    parts: tuple[str, ...] = ()  # digests
    files: tuple[str, ...] = ()  # sha256 of files that no part there holds
    blobs: tuple[str, ...] = ()
    uv: bool = False  # the host has none
    python: str = ""  # the host's own
    system: str = ""
    machine: str = ""
    free_bytes: int = 0
    libc: str = ""
