"""From a record to a manifest: files to owners, owners to kinds, kinds to roots, lock and local parts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from lazyimp.distributions import CondaPackage, Distribution, Environment, canonical, scan
from lazyimp.manifest import closure as closures
from lazyimp.manifest import conda_only, static
from lazyimp.manifest import target as targets
from lazyimp.manifest.kinds import Kind, kind_of
from lazyimp.manifest.local import LocalCode
from lazyimp.manifest.needed import UNKNOWN, Needed
from lazyimp.manifest.observe import Place, Seen, observe, strings, sys_path_of
from lazyimp.manifest.owners import Owner, Owners, contested
from lazyimp.manifest.requires import Requires
from lazyimp.manifest.resolve import Resolver
from lazyimp.manifest.unloaded import Unloaded
from lazyimp.manifest.values import (
    ASK_INDEX,
    DATA,
    DEFERRED,
    DIRECT,
    LIBRARY,
    METADATA,
    OBSERVED,
    OPTIONAL,
    REQUESTED,
    STATIC,
    TRANSITIVE,
    Evidence,
    Manifest,
    Requirement,
    Target,
    Undecided,
)
from lazyimp.record import Record

MOST_EVIDENCE = 5
OWN_CODE = ("local", "editable")
OURS = ("lazyimp-runtime",)


@dataclass
class Gathered:
    """What is known of one distribution so far."""

    distribution: Distribution
    tags: set[str] = field(default_factory=set)
    evidence: list[Evidence] = field(default_factory=list)
    modules: int = 0
    flags: set[str] = field(default_factory=set)

    def see(self, tag: str, what: str, by: str, chain: tuple[str, ...] = ()) -> None:
        """Note that it was needed."""
        self.tags.add(tag)
        self.modules += tag == OBSERVED
        if len(self.evidence) < MOST_EVIDENCE:
            self.evidence.append(Evidence(tag, what, by, chain))


class Builder:
    """Builds the manifest of one record; `environment` is scanned from the record's own sys.path if not given.

    `extra` and `exclude` name distributions; `include` files that travel whatever they look like. `minimal` leaves
    out what only loads because it is installed; `static` takes in what the code names and the run did not load.
    """

    def __init__(
        self,
        record: Record,
        *,
        environment: Environment | None = None,
        target: Target | None = None,
        extra: Iterable[str] = (),
        exclude: Iterable[str] = (),
        include: Iterable[str] = (),
        minimal: bool = False,
        static: bool = False,
    ) -> None:
        self.record = record
        header = record.header
        sys_path = sys_path_of(record)
        prefix = str(header.get("prefix") or "")
        own = [*sys_path[:1], str(header.get("cwd") or "")]
        self.environment = environment or scan(sys_path, prefix=prefix, own=own)
        self.resolver = Resolver(sys_path, self.environment.mapped)
        stdlib = strings(header.get("stdlib"))
        self.owners = Owners(self.environment, stdlib, sys_path, str(header.get("base_prefix") or ""))
        self.target = target or targets.of_record(record)
        self.requires = Requires(self.environment, targets.markers(self.target))
        self.extra = tuple(extra)
        self.excluded = frozenset(canonical(each) for each in exclude)
        self.minimal = minimal
        self.with_static = static
        self.gathered: dict[str, Gathered] = {}
        self.local = LocalCode(self.environment, include)
        self.undecided: list[Undecided] = []
        self.conda: dict[CondaPackage, list[Evidence]] = {}
        self.put_off: set[str] = set()  # modules that nothing loaded, and whose files are known
        self.needed = Needed(self.owners)

    def build(self) -> Manifest:
        """The manifest."""
        seen = observe(self.record)
        self._modules(seen)
        self._deferred(seen)
        self._files(seen)
        for name in self.extra:
            self._requested(name)
        self._optional(seen)
        self._direct(seen)
        self._static(seen)
        self._foreign()
        kinds = {name: kind_of(each.distribution, self.environment) for name, each in self.gathered.items()}
        requirements = self._lock(kinds)
        parts, more = self.local.parts(requirements, self.target)
        self.undecided += more
        return Manifest(
            self.local.program(self.record),
            self.target,
            requirements,
            parts,
            tuple(sorted(self.undecided, key=lambda each: (not each.blocks, each.what))),
            seen.complete,
            self.environment.amounts(),
            (f"the program was ended by {seen.exception}",) if seen.exception else (),
        )

    # -- what was seen -----------------------------------------------------------------------------------

    def _modules(self, seen: Seen) -> None:
        for module in seen.modules:
            owner = self.owners.of(module.origin, module.name)
            self._own(owner, OBSERVED, module.name, module.by, module.origin, module.chain)
            if module.origin in ("", "namespace"):
                self._hiding(module.name)

    def _deferred(self, seen: Seen) -> None:
        """What an eager run would have loaded: statements put off and never used, commands, and what these import."""
        waiting = [(name, by) for name, by in seen.deferred.items()]
        waiting += [(f"{name}:main", "the command line") for name in seen.commands]
        done: set[str] = set()
        unloaded = Unloaded(self.resolver, self.needed, {module.name for module in seen.modules})
        while waiting:
            name, by = waiting.pop()
            module, _, main = name.partition(":")
            path = self.resolver.main_of(module) if main else self.resolver.file_of(module)
            if not path or path in done:
                continue
            done.add(path)
            self.put_off.add(module)
            owner = self.owners.of(path, module)
            self._own(owner, OBSERVED if main else DEFERRED, module, by, path)
            if owner.distribution is not None:
                self.needed.asked(
                    owner.distribution, {UNKNOWN} if main else seen.places.get(name) or {_place(by)}
                )
            if owner.kind in OWN_CODE and not main and path.endswith(".py"):
                waiting += static.imported_by(path, module)
            elif owner.kind == "index":
                self.needed.note(path, seen.places.get(module, ()))
                waiting += unloaded.from_(module)

    def _hiding(self, name: str) -> None:
        """A folder without code that was imported in place of an editable distribution's package."""
        for each, how in self.environment.editables.items():
            places = [place for top, place in how.modules if top == name]
            if any(os.path.exists(os.path.join(place, "__init__.py")) for place in places):
                why = f"a folder of that name without code was imported in place of the editable {each}"
                self.undecided.append(Undecided(name, why, "run from another folder, or rename it", True))

    def _files(self, seen: Seen) -> None:
        for path, who in seen.data.items():
            owner = self.owners.of(path)
            if owner.distribution is not None:
                self._own(owner, DATA, path, who, path)
            elif owner.kind == "local" and self.local.is_below_code(path) and os.path.lexists(path):
                self.local.add(owner, path)
        by_info = {each.info: each for each in self.environment.distributions}
        for folder, who in seen.metadata.items():
            found = by_info.get(os.path.realpath(folder))
            if found is not None:
                self._gather(found).see(METADATA, os.path.basename(folder), who)
        for path in seen.libraries:
            owner = self.owners.of(path)
            if owner.distribution is not None and owner.distribution.name not in OURS:
                self._own(owner, LIBRARY, path, "", path)

    def _optional(self, seen: Seen) -> None:
        """Tag what is there because it is installed: loaded inside try, or looked for by others than the program."""
        self.needed.see(seen)
        named = {
            found.name
            for top in static.wanted([*self._own_files(seen), *map(self.resolver.main_of, seen.commands)])
            if (found := static.provider(top, self.environment)) is not None
        }
        origins = {module.name: module.origin for module in seen.modules}
        unasked = [name for name in self.gathered if name not in self.needed.askers]
        probed = [name for name in unasked if self._is_probed(self.gathered[name], origins)]
        known = [name for name in self.gathered if name in named or (name in unasked and name not in probed)]
        self.needed.settle(known, self._required)
        if self.minimal:  # what is left out has to be worth a second look
            self.needed.look_again(seen)
            self.needed.settle((), self._required)
        for name, each in self.gathered.items():
            if name not in self.needed.names:
                each.tags.add(OPTIONAL)

    def _direct(self, seen: Seen) -> None:
        """Tag what the program's own code imports: who loaded it first may be another."""
        origins = {module.name: module.origin for module in seen.modules}
        for name, place in static.named(self._own_files(seen)).items():
            path = origins.get(name) or self.resolver.file_of(name)
            owner = self.owners.of(path, name).distribution if path else None
            known = self.gathered.get(owner.name) if owner is not None else None
            if known is not None and DIRECT not in known.tags:
                known.tags.add(DIRECT)
                known.evidence[:] = [Evidence(DIRECT, name, place), *known.evidence][:MOST_EVIDENCE]

    def _is_probed(self, each: Gathered, origins: dict[str, str]) -> bool:
        """Only its metadata was read, while modules of other distributions loaded: to see whether it is there."""
        return each.tags == {METADATA} and all(
            fact.by and self.owners.of(origins.get(fact.by, "")).distribution is not None
            for fact in each.evidence
        )

    def _required(self, names: Iterable[str]) -> set[str]:
        """What these require, directly or not."""
        names = list(names)
        closure = closures.close(names, self.requires)
        return set().union(*(closure.below(name) for name in names))

    def _own_files(self, seen: Seen) -> list[str]:
        """The user's own source files that were loaded."""
        return [module.origin for module in seen.modules if self.owners.of(module.origin).kind in OWN_CODE]

    def _foreign(self) -> None:
        """Distributions built for another platform than the target: told, and the name they are asked for by."""
        for name, each in list(self.gathered.items()):
            why = targets.accepts(self.target, each.distribution.wheel_tags)
            if not why:
                continue
            each.flags.add("other-platform")
            told = f"what is installed here does not fit the target: {why}"
            self.undecided.append(Undecided(f"{name} {each.distribution.version}", told, ASK_INDEX))
            for other in self.environment.distributions:
                if other.name not in self.gathered and other.only_requires(name, each.distribution.version):
                    self._gather(other).see(METADATA, f"{name} is asked for as {other.name}", "")

    def _static(self, seen: Seen) -> None:
        """Note what the user's own code imports elsewhere, where this run did not come by."""
        files = self._own_files(seen)
        observed = [*(module.name for module in seen.modules), *self.put_off]
        for top, place in static.unobserved(files, observed).items():
            if top in seen.failed:
                continue
            found = static.provider(top, self.environment)
            path = "" if found is not None else self.resolver.file_of(top)
            if path:
                self._static_code(top, place, path)
            elif found is None:
                why = f"{place} imports it, the run did not come by, and it is not installed here"
                self.undecided.append(
                    Undecided(top, why, "install it, or run the part of the program that needs it")
                )
            elif found.name not in self.gathered:
                self._gather(found).see(STATIC, top, place)
                if not self.with_static:
                    why = f"{place} imports {top}, but the run did not come by"
                    self.undecided.append(Undecided(found.name, why, "--include-static takes it in"))

    def _static_code(self, top: str, place: str, path: str) -> None:
        """The same for a module that is no distribution's."""
        owner = self.owners.of(path, top)
        if owner.distribution is not None or owner.kind not in ("local", "local-binary"):
            return
        if self.with_static:
            self.local.add(owner, path)
        else:
            why = f"{place} imports {path}, but the run did not come by"
            self.undecided.append(Undecided(top, why, "--include-static takes it in"))

    def _own(
        self, owner: Owner, tag: str, what: str, by: str, path: str, chain: tuple[str, ...] = ()
    ) -> None:
        if owner.distribution is None:
            if owner.kind in ("local", "local-binary"):
                self.local.add(owner, path)
            elif owner.package is not None:
                self.conda.setdefault(owner.package, []).append(Evidence(tag, what, by))
            return
        gathered = self._gather(owner.distribution)
        gathered.see(tag, what, by, chain)
        if owner.modified and "modified" not in gathered.flags:
            gathered.flags.add("modified")
            why = f"{path} was edited after it was installed"
            way_out = f"install {owner.distribution.name} again, or ship the edited file as local code"
            self.undecided.append(Undecided(owner.distribution.name, why, way_out))
        told = contested(owner, path, self.environment, self.excluded)
        self.undecided += [each for each in told if each not in self.undecided]
        for other in owner.others:
            gathered.flags.add(f"shared-files:{other.name}")
            self._gather(other).flags.add(f"shared-files:{owner.distribution.name}")
            self.gathered[other.name].tags.add(OBSERVED)
        if owner.kind == "editable":
            self.local.add(owner, path)

    def _gather(self, distribution: Distribution) -> Gathered:
        first = self.environment.named(distribution.name) or distribution
        found = self.gathered.get(first.name)
        if found is None:
            found = self.gathered[first.name] = Gathered(first)
            for hidden in self.environment.shadowed:
                if hidden.name == first.name:
                    found.flags.add(f"shadowed:{hidden.version}")
        return found

    def _requested(self, name: str) -> None:
        distribution = self.environment.named(name)
        if distribution is None:
            self.undecided.append(
                Undecided(
                    name,
                    "it was asked for and is not installed here",
                    f"`pip install {name}`, or leave it out",
                    True,
                )
            )
            return
        self._gather(distribution).see(REQUESTED, name, "")

    # -- the lock ----------------------------------------------------------------------------------------

    def _lock(self, kinds: dict[str, Kind]) -> tuple[Requirement, ...]:
        observed = [name for name, each in self.gathered.items() if self._is_wanted(name, each)]
        closure = closures.close(observed, self.requires)
        short = set(closures.roots(observed, closure))
        names = set(observed).union(*(closure.below(name) for name in observed)) - self.excluded
        for who, requirement in closure.missing:
            self.undecided.append(
                Undecided(
                    requirement,
                    f"{who} requires it, and it is not installed here",
                    "nothing to do if the program works",
                )
            )
        lock = [self._requirement(name, name in short, kinds, closure) for name in sorted(names)]
        more, undecided = conda_only.requirements_of(self.conda, self.excluded)
        self.undecided += undecided
        return (*closures.with_carried(lock, closure), *more)

    def _is_wanted(self, name: str, each: Gathered) -> bool:
        """Listed: not excluded, of a tag that counts, and of installers only what the program itself loaded."""
        if name in self.excluded:
            return False
        if name in closures.TOOLS and not any(fact.tag == OBSERVED and fact.by for fact in each.evidence):
            return False
        if OPTIONAL in each.tags and self.minimal and REQUESTED not in each.tags:
            return False
        return each.tags != {STATIC} or self.with_static

    def _requirement(
        self, name: str, root: bool, kinds: dict[str, Kind], closure: closures.Closure
    ) -> Requirement:
        distribution = self.environment.named(name)
        assert distribution is not None  # the closure names what is installed
        kind = kinds.get(name) or kind_of(distribution, self.environment)
        known = self.gathered.get(name) or Gathered(distribution, {TRANSITIVE})
        if kind.undecided is not None:
            self.undecided.append(kind.undecided)
        return Requirement(
            name,
            distribution.version,
            kind.kind,
            root,
            tuple(sorted(known.tags)),
            kind.reason,
            kind.source,
            closure.extras.get(name, ()) if root else (),
            closure.needs.get(name, ()),
            tuple(known.evidence),
            known.modules,
            distribution.size_bytes,
            tuple(sorted({*known.flags, *kind.flags})),
            distribution.display,
        )


def _place(by: str) -> Place:
    """A place as a file and a line."""
    file, _, line = by.rpartition(":")
    return file, int(line)
