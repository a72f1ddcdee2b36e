"""What a run needed, read off its record: modules, data files, metadata, native libraries, each with who asked for it.

Files are observed, never namespaces: nothing is imported, no attribute of a module is read, no lazy module is
loaded. What start-up loaded before recording began, and what is ours, does not count.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from lazyimp.record import FAILED, FIRST_USE, THERE, Import, Record

OURS = ("lazyimp", "lazyimp_c")
# Read for every distribution there is by whoever asks for entry points: no sign that one is needed.
SCANNED = ("entry_points.txt", "RECORD", "INSTALLER", "top_level.txt", "direct_url.json")
COMPILED = (".so", ".pyd")
START_UP = (".pth", "pyvenv.cfg")  # read by every interpreter that starts
# So many distributions whose metadata was read: somebody looked at all of them.
MOST_METADATA = 40


Place = tuple[str, int]  # a file and a line of it; ("", 0) where it is not known


class SeenModule(NamedTuple):
    """A module that was loaded: its file ("" for none), and the place of the import."""

    name: str
    origin: str
    by: str
    importer: str  # the importing module's file
    chain: tuple[str, ...] = ()  # the imports during which it happened, outermost first

    @property
    def place(self) -> Place:
        """Where it was asked for."""
        return (self.importer, int(self.by.rpartition(":")[2] or 0)) if self.importer else ("", 0)


class Seen(NamedTuple):
    """What the run and the processes below it came to need; paths are absolute, each once, in order."""

    modules: tuple[SeenModule, ...]
    data: dict[str, str]  # path -> who opened it
    metadata: dict[str, str]  # metadata folder -> who asked
    libraries: tuple[str, ...]
    failed: dict[str, str]  # modules that could not be imported -> who asked
    complete: bool
    exception: str  # the type of what ended the program, which then did not come to all that it imports
    deferred: dict[str, str]  # put off by lazyimp, never loaded -> statement
    commands: tuple[str, ...]  # modules that ran as `python -m`
    places: dict[str, set[Place]]  # module -> statements that ask for it


def observe(record: Record) -> Seen:
    """What `record` and its children show."""
    modules: dict[str, SeenModule] = {}
    data: dict[str, str] = {}
    metadata: dict[str, str] = {}
    libraries: dict[str, None] = {}
    failed: dict[str, str] = {}
    deferred: dict[str, str] = {}
    commands: dict[str, None] = {}
    places: dict[str, set[Place]] = {}
    for process in record.processes():
        _modules(process, modules, failed)
        _main(process, modules, commands)
        _places(process, places)
        for each in process.deferrals:
            if not is_ours(each.target):
                deferred.setdefault(each.target, f"{each.file}:{each.line}")
                if each.attribute:  # it may be a submodule; one that is none is found nowhere
                    deferred.setdefault(f"{each.target}.{each.attribute}", f"{each.file}:{each.line}")
        _files(process, data, metadata)
        libraries.update(dict.fromkeys(process.libraries))
    if len(metadata) > MOST_METADATA:
        metadata.clear()
    for name in modules:
        failed.pop(name, None)
        deferred.pop(name, None)
    exception = _exception(record)
    complete = not exception and all(process.complete for process in record.processes())
    return Seen(
        tuple(modules.values()),
        data,
        metadata,
        tuple(libraries),
        failed,
        complete,
        exception,
        deferred,
        tuple(commands),
        places,
    )


def _exception(record: Record) -> str:
    """What ended the program itself; a notebook or a shell only keeps what its last failing cell raised."""
    main = record.facts.get("main", record.header.get("main"))
    kind, name = (main.get("kind"), str(main.get("name", ""))) if isinstance(main, dict) else ("", "")
    is_shell = kind == "notebook" or re.split(r"[._\d]", os.path.basename(name))[0].lower() in SHELLS
    return record.end.exception if record.end is not None and not is_shell else ""


SHELLS = ("ipykernel", "ipython")
LONGEST_CHAIN = 12
_ODD_PATH = re.compile(r"/(?:\.{0,2}/|\.{0,2}$)").search  # what normpath would change


def _chain(each: Import, known: dict[int, Import]) -> tuple[str, ...]:
    """The names of the imports around one, outermost first; of a long chain both ends."""
    names: list[str] = []
    parent = known.get(each.parent)
    while parent is not None:
        names.append(parent.name)
        parent = known.get(parent.parent)
    names.reverse()
    half = LONGEST_CHAIN // 2
    return tuple(names) if len(names) <= LONGEST_CHAIN else (*names[:half], "...", *names[-half:])


def _modules(process: Record, modules: dict[str, SeenModule], failed: dict[str, str]) -> None:
    known = {each.id: each for each in process.imports}
    before = _names(process.header.get("before"))
    for each in process.imports:
        if each.name in before or is_ours(each.name):
            continue
        by = _place(each)
        if each.how == FAILED:
            failed.setdefault(each.name, by)
        elif each.name not in modules:
            # a submodule's chain is that of its top-level package, which is told
            chain = () if each.name.partition(".")[0] in modules else _chain(each, known)
            origin = _origin(process, each.origin)
            modules[each.name] = SeenModule(each.name, origin, by, each.file, chain)
    for name, origin in process.present:
        if name not in before and not is_ours(name) and name not in ("__main__", "__mp_main__"):
            modules.setdefault(name, SeenModule(name, _origin(process, origin), "", ""))


def _places(process: Record, places: dict[str, set[Place]]) -> None:
    """Who asked for what: where something was put off the statement counts, not the place of its first use."""
    known = {each.id: each for each in process.imports}
    stdlib = tuple(f"{each}{os.sep}" for each in strings(process.header.get("stdlib")) if each)
    for each in process.imports:
        if each.use == FIRST_USE or each.how == FAILED:
            continue
        file, line = each.file, each.line
        around = known.get(each.parent)
        if around is not None and _is_by_compiled(each, around):
            file, line = "", 0
        if (
            file.startswith(stdlib) and "-packages" not in file
        ):  # on behalf of somebody: of what is being loaded
            if each.how == THERE:
                continue
            parent = known.get(each.parent)
            file, line = (_origin(process, parent.origin), 0) if parent is not None else ("", 0)
        places.setdefault(each.name, set()).add((file, line))
    for late in process.deferrals:
        place = (late.file, late.line)
        name = late.target
        if late.attribute:  # it may be a submodule
            places.setdefault(f"{name}.{late.attribute}", set()).add(place)
        while name and place not in (there := places.setdefault(name, set())):
            there.add(place)
            name = name.rpartition(".")[0]


def _is_by_compiled(each: Import, around: Import) -> bool:
    """Compiled code asked while it was loaded: it has no lines, so the statement that loads it seems to ask."""
    return (
        around.origin.endswith(COMPILED)
        and (each.file, each.line) == (around.file, around.line)
        and not around.name.startswith(f"{each.name}.")
    )


def _main(process: Record, modules: dict[str, SeenModule], commands: dict[str, None]) -> None:
    """The program itself is local code, too: a script, or a module that ran as one."""
    main = process.facts.get("main", process.header.get("main"))
    if not isinstance(main, dict):
        return
    name = str(main.get("name") or "")
    if main.get("kind") == "script":
        path = os.path.normpath(os.path.join(str(process.header.get("cwd") or ""), name))
        modules.setdefault(f"__main__:{path}", SeenModule("__main__", path, "the command line", ""))
    elif main.get("kind") == "module" and name:
        commands[name] = None


def _files(process: Record, data: dict[str, str], metadata: dict[str, str]) -> None:
    names = {each.id: each.name for each in process.imports}
    for each in process.opened:
        if each.writes:
            continue
        path = _origin(process, each.path)
        if path.endswith(START_UP):
            continue
        who = names.get(each.during, "")
        if is_ours(who):
            continue
        folder, name = os.path.split(path)
        if folder.endswith((".dist-info", ".egg-info")):
            if name not in SCANNED:
                metadata.setdefault(folder, who)
        else:
            data.setdefault(path, who)


def is_ours(name: str) -> bool:
    """A module of lazyimp's own."""
    return name.partition(".")[0] in OURS


def _origin(process: Record, origin: str) -> str:
    """An absolute path, or what the import system says instead of one (built-in, frozen, "")."""
    if not origin or origin in ("built-in", "frozen", "namespace") or origin.startswith("<"):
        return origin
    if origin.startswith("/") and not _ODD_PATH(origin):
        return origin
    return os.path.normpath(os.path.join(str(process.header.get("cwd") or ""), origin))


def _place(each: Import) -> str:
    return f"{each.file}:{each.line}" if each.file else ""


def _names(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def sys_path_of(record: Record) -> list[str]:
    """The sys.path of the run and its children; of a run that was cut short, as far as its modules tell."""
    found: dict[str, None] = {}
    for process in record.processes():
        cwd = str(process.header.get("cwd") or "")
        found.update(
            dict.fromkeys(os.path.join(cwd, each) for each in strings(process.facts.get("sys_path")))
        )
    if found:
        return list(found)
    header = record.header
    main = header.get("main")
    script = str(main.get("name", "")) if isinstance(main, dict) and main.get("kind") == "script" else ""
    first = os.path.dirname(os.path.join(str(header.get("cwd") or ""), script))
    origins = [each.origin for process in record.processes() for each in process.imports]
    sites = [re.match(r".*[/\\](?:site|dist)-packages(?=[/\\])", each) for each in origins]
    return list(
        dict.fromkeys([first, *strings(header.get("stdlib")), *(each.group() for each in sites if each)])
    )


def strings(value: object) -> list[str]:
    """A list of a record's header, as strings."""
    return [str(each) for each in _list(value)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
