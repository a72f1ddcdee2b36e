"""What a Profile is made of: times in seconds, memory in bytes, file names as they are fit to be shown.

A file's name is seen from the working folder, from a folder that modules are imported from, or from the standard
library's ("train.py", "torch/_compile.py", "python3.11/json/__init__.py"), with forward slashes; the folder of
anybody's home is left out ("...").
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Node.verdict and Verdict.kind
NEVER, REIFIED, FAILED = "never", "reified", "failed"


@dataclass(frozen=True, slots=True)
class Node:
    """A module that was loaded (or failed): who asked, what it took, with what it loaded and by itself.

    `id` is unique in the profile, `parent` the id of the import during which it happened or 0. `start_s` counts
    from the profile's zero (the process's start). Self figures leave out what its own imports took. `hidden`: it
    did not happen while the main program's own import statements ran, nor below one of them that a reader of the
    program's top would see (a function, a thread or a framework loaded it); what a first use loads counts where the
    deferred statement stands, so that an eager and a lazy run of one program agree. `before_batch`: it was over when
    the first batch came. `phase` is the name of the phase it happened in. `use`: "statement", "first use", "call".
    `function` is the code that asked, "" for a module's own or where it is not known.
    """

    id: int
    parent: int
    process: int
    thread: int
    name: str
    package: str
    file: str
    line: int
    start_s: float
    wall_s: float
    cpu_s: float
    self_wall_s: float
    self_cpu_s: float
    minor_faults: int
    major_faults: int
    read_bytes: int
    rss_bytes: int
    origin: str
    error: str
    use: str
    hidden: bool
    before_batch: bool
    phase: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody else who asked the import system for a module, when it was there or being loaded already."""

    node: int
    file: str
    line: int
    during: int  # the node that was being loaded then, or 0


@dataclass(frozen=True, slots=True)
class Package:
    """A top-level name and all that was loaded below it in the main process; times are self times."""

    name: str
    kind: str  # "stdlib", "installed", "own", "builtin"
    modules: int
    wall_s: float
    cpu_s: float
    rss_bytes: int
    read_bytes: int
    hidden_modules: int
    deferred: int  # deferrals that lead into it
    first: int  # the Node by which it came


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase, in order, none overlapping another; `imports_*` is what imports inside it took.

    `name` is one of `lazyimp.record.PHASES`, "first-batch" for what follows it, or the user's own. `claimed` is
    false for the rest of the time between two phases, which belongs to the phase before it and is never hidden.
    """

    name: str
    start_s: float
    wall_s: float
    cpu_s: float
    imports: int
    imports_wall_s: float
    imports_cpu_s: float
    hidden_imports: int
    major_faults: int
    read_bytes: int
    claimed: bool
    detail: str
    packages: tuple[tuple[str, float], ...]  # the costliest, self CPU seconds


@dataclass(frozen=True, slots=True)
class DeferralRow:
    """A deferred binding: where written, what it stands for, where first used, what that loaded."""

    id: int
    process: int
    module: str
    bound: str
    target: str  # "pkg.mod" or "pkg.mod:attribute"
    file: str
    line: int
    kind: str  # "binding", "proxy", "submodule"
    verdict: str  # NEVER, REIFIED or FAILED
    used_file: str
    used_line: int
    used_by: str
    used_s: float | None
    wall_s: float
    before_batch: bool
    loaded: tuple[int, ...]  # Nodes that the first use loaded, outermost only


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that was opened, or read for a module: how slow, how large where known."""

    path: str
    kind: str  # "module", "data", "library"
    at_s: float
    module: str  # during whose import, or ""
    wall_s: float
    read_bytes: int
    major_faults: int


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the run."""

    pid: int
    parent: int  # its index, -1 for the run itself
    role: str  # "main", "worker", "child", "rank 3"
    main: str
    start_s: float
    end_s: float | None  # None: it left no end
    imports: int
    modules: int
    cpu_s: float
    rank: int | None


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A named instant, or the first batch."""

    name: str
    at_s: float
    cpu_s: float
    modules: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The first batch, by which rule, how sure, and what else it might have been."""

    rule: str
    framework: str
    confidence: str
    at_s: float
    cpu_s: float
    modules: int
    rss_bytes: int
    major_faults: int
    read_bytes: int
    rejected: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class Rank:
    """What one rank of a job came to; the profile itself is that of the slowest."""

    rank: int
    ttfb_s: float
    ttfb_cpu_s: float
    imports_wall_s: float
    modules: int
    is_complete: bool
    phases: tuple[tuple[str, float], ...]  # name and wall, in order


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to do: what it would save, in which way, with the command or the line for it."""

    subject: str
    saves_s: float  # at most; 0 where a record cannot tell
    how: str
    command: str
    file: str
    line: int


@dataclass(frozen=True)
class Profile:
    """What the events of one run mean; the reporters need nothing else.

    `ttfb_s` and `ttfb_cpu_s` count from T0 to the first batch, or to the end where there was none (`batch` is None
    then). `environment` holds versions and names that are fit to be shown: python, implementation, platform, core,
    mode, lazyimp, cpus, t0_source; never a home folder or a variable's value.
    """

    title: str
    environment: dict[str, str]
    ttfb_s: float
    ttfb_cpu_s: float
    end_s: float
    end_cpu_s: float
    complete: bool
    batch: Batch | None
    first_step_excess_s: float | None
    processes: tuple[Process, ...]
    nodes: tuple[Node, ...]
    packages: tuple[Package, ...]
    phases: tuple[PhaseRow, ...]
    marks: tuple[MarkRow, ...]
    deferrals: tuple[DeferralRow, ...]
    files: tuple[FileRow, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, int] = field(
        default_factory=dict
    )  # modules, imports, hidden, deferred, never, reified, failed
    requests: tuple[Request, ...] = ()
    ranks: tuple[Rank, ...] = ()
    zero_unix_ns: int = 0  # the profile's zero by the wall clock
    exception: str = ""  # the type of what ended the main process

    def node(self, number: int) -> Node | None:
        """The node with that id."""
        return next((each for each in self.nodes if each.id == number), None)
