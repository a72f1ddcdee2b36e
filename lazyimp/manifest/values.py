"""What a manifest is made of; names are PEP 503 names, sizes bytes, paths as they are on this machine unless said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

FORMAT = "lazyimp-manifest"  # of the file that holds one
ARCHIVES = (".zip", ".egg", ".pex", ".whl", ".pyz")  # that Python code may be in

# Where something comes from; each module, file and distribution of a run ends in exactly one.
KINDS = (
    "stdlib",
    "index",  # a package index, by name and version
    "vcs",  # a version control system, by URL and commit
    "archive",  # one wheel or sdist file, by URL or path and hash
    "local-dir",  # built from a folder, not editable
    "editable",
    "local",  # code of no distribution
    "local-binary",  # the same, compiled for this interpreter and platform
    "conda",
    "system",  # the operating system's package manager
    "virtual",  # made at run time, or a namespace without files
    "unresolved",
)

# Why a distribution is listed (Requirement.tags).
OBSERVED = "observed"  # the run loaded code of it
DIRECT = "direct"  # the program's own code imports it, whoever loaded it first
DEFERRED = "deferred"  # an import statement that lazyimp put off names it, and nothing used it
DATA = "data"  # the run opened a data file of it
METADATA = "metadata"  # the run read its metadata
LIBRARY = "library"  # a native library of it was mapped
OPTIONAL = "optional"  # there because it was installed: loaded inside try, required by nobody unconditionally
STATIC = "static-only"  # named by the user's code in imports that did not run
TRANSITIVE = "transitive"  # required by one of the others
REQUESTED = "requested"  # named by the user
ASK_INDEX = "--index asks whether there is one that does"  # the way out of a build for another machine
CONDA_ONLY = "conda-only"  # a flag: a package of conda's that is no Python distribution


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact: `what` (a module, a file) was seen, for whom (`file:line`), of which sort (a tag)."""

    tag: str
    what: str
    by: str = ""
    chain: tuple[str, ...] = ()  # the imports during which it was loaded, outermost first


@dataclass(frozen=True, slots=True)
class Source:
    """Where a distribution can be had again; empty fields do not apply. Never a credential."""

    url: str = ""  # vcs, archive, index (the index it came from, where that is known)
    commit: str = ""
    requested: str = ""  # the branch or tag that was asked for
    subdirectory: str = ""
    path: str = ""  # local-dir, editable, archive: on this machine
    hashes: tuple[str, ...] = ()  # "sha256:...", of files that may be installed
    channel: str = ""  # conda
    build: str = ""  # conda


NOWHERE = Source()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One distribution of the lock; `root` says that it is also in the short list."""

    name: str
    version: str
    kind: str
    root: bool
    tags: tuple[str, ...]
    reason: str  # why this kind: a sentence naming the evidence
    source: Source = NOWHERE
    extras: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()  # names of others in the lock
    evidence: tuple[Evidence, ...] = ()  # the first few
    modules: int = 0
    size_bytes: int = 0
    flags: tuple[
        str, ...
    ] = ()  # "modified", "needs-build", "yanked", "shared-files:NAME", "shadowed:VERSION", ...
    display: str = ""  # the name as its author writes it

    @property
    def travels(self) -> bool:
        """Its files travel with the program, because no installer elsewhere could get them."""
        away = self.source.path or re.match(r"(\w+\+)?file:", self.source.url)
        return self.kind in ("editable", "local-dir") or bool(self.kind in ("vcs", "archive") and away)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of local code: where it is here, its name below the part's root, its hash."""

    path: str
    name: str
    size_bytes: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class LocalPart:
    """Local code that has to travel: a root that goes on sys.path there, and the files below it.

    `distribution` names the editable or local distribution it belongs to ("" for none), whose metadata travels with it.
    """

    name: str  # unique, fit for a folder's name
    root: str
    kind: str  # "local", "local-binary", "editable", "local-dir"
    files: tuple[LocalFile, ...]
    distribution: str = ""
    tags: tuple[
        str, ...
    ] = ()  # compatibility tags a binary part is bound to, such as cp311-cp311-linux_x86_64
    digest: str = ""  # of the names and hashes: the same files give the same digest

    @property
    def archive(self) -> str:
        """The name of the archive that the code is in, which goes on sys.path itself; "" if it is in files."""
        alone = self.files[0].name if len(self.files) == 1 and not self.distribution else ""
        return alone if alone.endswith(ARCHIVES) else ""

    @property
    def place(self) -> str:
        """What goes on sys.path there, below the folder that the parts are in."""
        return f"{self.name}/{self.archive}" if self.archive else self.name


@dataclass(frozen=True, slots=True)
class Undecided:
    """Something that could not be decided or cannot be shipped, and the way out; `blocks` stops shipping."""

    what: str
    why: str
    way_out: str
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What the environment is for: full Python version, ABI, C library, architecture, accelerator."""

    python: str  # "3.11.7"
    implementation: str = "cp"
    abi: str = "cp311"
    system: str = "linux"
    libc: str = "glibc"
    libc_version: str = "2.36"
    architecture: str = "x86_64"
    accelerator: str = "cpu"  # "cpu", "cu126", "rocm6.2", "auto"


@dataclass(frozen=True)
class Manifest:
    """The smallest set of dependencies that runs the program elsewhere, each with its reason."""

    program: dict[
        str, str
    ]  # {"kind", "name", "folder"}: what ran, relative to the local part it is in; the folder it ran in
    target: Target
    requirements: tuple[Requirement, ...]
    local: tuple[LocalPart, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    complete: bool = True  # false: the run crashed or was killed, so something may be missing
    whole: dict[str, int] = field(default_factory=dict)  # the environment: distributions, size_bytes
    notes: tuple[str, ...] = ()

    def roots(self) -> tuple[Requirement, ...]:
        """The short list."""
        return tuple(each for each in self.requirements if each.root)
