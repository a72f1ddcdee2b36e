"""The values that a record is made of; the package's docstring says what each field means.

Lines are named tuples: a record has thousands of them, and a dataclass takes ten times as long to make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lazyimp.errors import LazyimpError

FORMAT = "lazyimp-record"
VERSION = 1

LOADED, FAILED, THERE = 0, 1, 2  # Import.how
STATEMENT, FIRST_USE, CALL = 0, 1, 2  # Import.use
BINDING, PROXY, SUBMODULE = 0, 1, 2  # Deferral.kind

RUNNING = " <running>"  # behind Use.function: see ["u", ...]

# Phases of a start, in their order; docs/ttfb.md says what each is.
PHASES = (
    "queue",
    "ship",
    "interp",
    "site",
    "main-imports",
    "config",
    "device-init",
    "dist-init",
    "dataset-open",
    "weights",
    "model-build",
    "wrap",
    "optimizer-build",
    "sanity-check",
    "worker-start",
    "first-fetch",
    "stop-deferring",
    "h2d",
)


class RecordError(LazyimpError):
    """A record that cannot be read."""

    slug = "record"


class Import(NamedTuple):
    """One import that the import system carried out; times in ns, memory in bytes."""

    id: int
    parent: int
    thread: int
    name: str
    file: str
    line: int
    start_ns: int
    wall_ns: int
    cpu_ns: int
    minor_faults: int
    major_faults: int
    read_bytes: int
    rss_bytes: int
    origin: str
    how: int
    error: str
    use: int
    function: str | None = None  # None: not told


class Use(NamedTuple):
    """The first use of a deferral: by whom, when, and what it took."""

    file: str
    line: int
    function: str
    at_ns: int
    wall_ns: int
    error: str


class Deferral(NamedTuple):
    """A binding, proxy or submodule that a statement left for later; `use` is None if it was never used."""

    id: int
    module: str
    bound: str
    target: str
    attribute: str
    file: str
    line: int
    kind: int
    at_ns: int
    use: Use | None = None


class Opened(NamedTuple):
    """A file that Python code opened."""

    path: str
    at_ns: int
    during: int
    writes: bool


class Counters(NamedTuple):
    """What a process had come to at one moment."""

    cpu_ns: int = 0
    minor_faults: int = 0
    major_faults: int = 0
    read_bytes: int = 0
    rss_bytes: int = 0
    modules: int = 0


class Mark(NamedTuple):
    """A named instant."""

    name: str
    at_ns: int
    counters: Counters


class Phase(NamedTuple):
    """A phase that ended."""

    name: str
    start_ns: int
    wall_ns: int
    cpu_ns: int
    minor_faults: int
    major_faults: int
    detail: str


class FirstBatch(NamedTuple):
    """The first batch: when, by which rule, how sure."""

    rule: str
    confidence: str
    at_ns: int
    counters: Counters
    framework: str


class Rejected(NamedTuple):
    """A moment that might have been the first batch."""

    rule: str
    at_ns: int
    why: str


class End(NamedTuple):
    """How a process ended: `cpu` apart in the program's own time and the system's."""

    at_ns: int
    user_ns: int
    system_ns: int
    counters: Counters
    exception: str


@dataclass(frozen=True)
class Record:
    """What one process wrote down, and the records of the processes below it; see the module's docstring."""

    path: str
    header: dict[str, object]
    imports: tuple[Import, ...] = ()
    deferrals: tuple[Deferral, ...] = ()
    opened: tuple[Opened, ...] = ()
    libraries: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    marks: tuple[Mark, ...] = ()
    first_batch: FirstBatch | None = None
    rejected: tuple[Rejected, ...] = ()
    present: tuple[tuple[str, str], ...] = ()  # (name, origin) of modules that no import loaded
    facts: dict[str, object] = field(default_factory=dict)
    end: End | None = None
    children: tuple[Record, ...] = ()

    @property
    def complete(self) -> bool:
        """The process reached its end; false after a crash, a kill or os._exit()."""
        return self.end is not None

    def processes(self) -> Iterator[Record]:
        """This record and those below it."""
        yield self
        for child in self.children:
            yield from child.processes()
