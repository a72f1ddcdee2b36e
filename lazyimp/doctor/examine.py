"""All checks, in the order they are told, in two groups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lazyimp.doctor import hooks, itself, machine, project, startup_files, storage
from lazyimp.doctor.values import BAD, NOTE, Check

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Where:
    """What to look at: the project's folder, the folders whose start-up files `site` reads, how to start by hand."""

    folder: str
    sites: Sequence[str]
    by_hand: str = ""  # code that starts lazyimp where the start-up file is not read


@dataclass(frozen=True)
class Group:
    """Checks that belong together."""

    title: str
    checks: tuple[Check, ...]


def examine(where: Where, tell: Tell = lambda what: None) -> list[Group]:
    """Look at everything; `tell` hears what is being looked at."""
    tell("a child that defers")
    deferring = itself.deferring(where.by_hand)
    core = str(deferring.facts.get("core") or "")
    tell("recipes and profiles")
    first = [
        itself.python(),
        itself.extension(),
        itself.startup_file(where.sites),
        deferring,
        project.recipes_check(project.coverage()),
        project.configuration(where.folder),
        project.tuned(where.folder, core),
    ]
    return [
        Group("lazyimp", tuple(check for check in first if check is not None)),
        Group("environment", tuple(check for check in _environment(where, tell) if check is not None)),
    ]


def _environment(where: Where, tell: Tell) -> Iterator[Check | None]:
    tell("a fresh interpreter")
    facts, fault = hooks.look()
    path = hooks.site_path(facts)
    sites = [folder for folder in where.sites if os.path.isdir(folder)]
    # a .pth file may name site directories of other environments
    installed = [entry for entry in path if entry.rstrip("/\\").endswith(("site-packages", "dist-packages"))]
    installed = list(dict.fromkeys([*sites, *installed]))
    yield hooks.hooks(facts, fault)
    yield hooks.customised(facts)
    yield hooks.installed_hooks(installed)
    tell("start-up files")
    yield startup_files.startup_files(sites)
    yield storage.search_path(path)
    tell("bytecode")
    yield storage.bytecode(installed)
    yield storage.file_systems(list(dict.fromkeys([*installed, where.folder])))
    yield machine.page_cache()
    yield project.frameworks(installed)


def worst(groups: Sequence[Group]) -> str:
    """The worst status of all."""
    found = {check.status for group in groups for check in group.checks}
    return BAD if BAD in found else NOTE if NOTE in found else "good"
