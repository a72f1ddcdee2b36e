"""What differs between two manifests."""

from __future__ import annotations

from dataclasses import dataclass

from lazyimp.manifest.values import LocalPart, Manifest, Requirement


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `what` is "added", "removed" or "changed"."""

    what: str
    name: str
    before: str
    after: str


def diff(old: Manifest, new: Manifest) -> list[Change]:
    """The differences from `old` to `new`, by name: distributions, local code, Python."""
    changes = []
    if old.target != new.target:
        changes.append(Change("changed", "target", _target(old), _target(new)))
    before = {each.name: _shown(each) for each in old.requirements}
    after = {each.name: _shown(each) for each in new.requirements}
    changes += _between(before, after)
    changes += _between(
        {f"code:{part.name}": _part(part) for part in old.local},
        {f"code:{part.name}": _part(part) for part in new.local},
    )
    return changes


def _between(before: dict[str, str], after: dict[str, str]) -> list[Change]:
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            changes.append(
                Change("added" if not old else "removed" if not new else "changed", name, old, new)
            )
    return changes


def _shown(each: Requirement) -> str:
    commit = f" {each.source.commit[:10]}" if each.source.commit else ""
    return f"{each.version} {each.kind}{commit}" + (" (root)" if each.root else "")


def _part(part: LocalPart) -> str:
    return f"{len(part.files)} files {part.digest.partition(':')[2][:10]}"


def _target(manifest: Manifest) -> str:
    target = manifest.target
    machine = f"{target.system} {target.architecture} {target.libc_version}"
    return f"{target.abi} {target.python} {machine} {target.accelerator}"
