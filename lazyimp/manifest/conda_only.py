"""Conda's packages that are no Python distributions and whose code was loaded: no installer but conda's has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lazyimp.distributions import CondaPackage, canonical
from lazyimp.manifest.values import CONDA_ONLY, OBSERVED, Evidence, Requirement, Source, Undecided


def requirements_of(
    seen: Mapping[CondaPackage, Iterable[Evidence]], excluded: Iterable[str]
) -> tuple[list[Requirement], list[Undecided]]:
    """A requirement for each package, and what to do about it; `seen` are the modules that were loaded of it."""
    chosen = {each: list(facts) for each, facts in seen.items() if canonical(each.name) not in excluded}
    requirements = [_requirement(package, facts) for package, facts in chosen.items()]
    return requirements, [
        Undecided(
            f"{each.name} {each.version}",
            "conda installed it, and it is no Python distribution: pip and uv cannot get it",
            "--format conda lists it",
        )
        for each in requirements
    ]


def _requirement(package: CondaPackage, facts: list[Evidence]) -> Requirement:
    hashes = (f"sha256:{package.sha256}",) if package.sha256 else ()
    reason = f"conda-meta lists its files for {package.name} {package.version} {package.build}".rstrip()
    return Requirement(
        canonical(package.name),
        package.version,
        "conda",
        True,
        (OBSERVED,),
        reason,
        Source(url=package.url, channel=package.channel, build=package.build, hashes=hashes),
        evidence=tuple(facts[:5]),
        modules=len(facts),
        flags=(CONDA_ONLY,),
        display=package.name,
    )
