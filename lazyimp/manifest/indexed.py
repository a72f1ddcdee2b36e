"""What the indexes answered, taken into the manifest: files, hashes, and whatever stands in the way of an install."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from lazyimp.distributions import Distribution, Environment
from lazyimp.manifest.index import Answer, IndexFile
from lazyimp.manifest.target import ACCELERATOR, accepts
from lazyimp.manifest.values import ASK_INDEX, Manifest, Requirement, Target, Undecided

NO_INDEX = "no index is configured"


def with_answers(
    manifest: Manifest, answers: Mapping[str, Answer], environment: Environment | None = None
) -> Manifest:
    """The manifest with what is known now; `environment` tells whether the index has the very same distribution."""
    requirements, undecided = [], list(manifest.undecided)
    for each in manifest.requirements:
        answer = answers.get(each.name)
        if answer is None:
            requirements.append(each)
            continue
        installed = environment.named(each.name) if environment is not None else None
        known, more, keeps = _judged(each, answer, manifest, installed)
        undecided += more
        if answer.files:  # it was asked, and what it has is told
            undecided = [one for one in undecided if (one.what, one.way_out) != (_what(each), ASK_INDEX)]
        if keeps:
            requirements.append(known)
    undecided.sort(key=lambda each: (not each.blocks, each.what))
    return replace(manifest, requirements=tuple(requirements), undecided=tuple(undecided))


def _judged(
    each: Requirement, answer: Answer, manifest: Manifest, installed: Distribution | None
) -> tuple[Requirement, list[Undecided], bool]:
    """The requirement as known now, what stands in the way, and whether it stays in the lock."""
    what = _what(each)
    if not answer.files and ACCELERATOR.fullmatch(each.version.partition("+")[2]):
        return each, [_no_build(answer, what, manifest.target.accelerator)], True
    if not answer.files:
        return _absent(each, answer, what)
    if installed is not None and _is_another(installed, answer.files):
        other = Undecided(
            what,
            f"{answer.files[0].index} has a distribution of that name and version, but another one",
            "name its own index first, or ship it as files",
            True,
        )
        return replace(each, kind="unresolved", reason="the index's metadata differ from its"), [other], True
    fitting, why = fitting_files(answer.files, manifest.target)
    undecided = []
    flags = set(each.flags)
    if not fitting:
        asked_by = [other.name for other in manifest.requirements if each.name in other.requires]
        way_out = (
            "choose a target that it fits" if not asked_by else "nothing to do if the program works there"
        )
        dropped = Undecided(what, f"left out: {why}" if asked_by else why, way_out, not asked_by)
        return each, [dropped], not asked_by
    if all(not file.name.endswith(".whl") for file in fitting):
        flags.add("needs-build")
        undecided.append(
            Undecided(what, f"it has to be built from its source ({why})", "have a compiler there")
        )
    if all(file.yanked for file in fitting):
        flags.add("yanked")
        undecided.append(
            Undecided(what, f"its author took it back ({fitting[0].yanked})", "move to another version")
        )
    hashes = each.source.hashes or tuple(
        dict.fromkeys(digest for file in fitting for digest in file.hashes if digest.startswith("sha256:"))
    )
    source = replace(each.source, url=each.source.url or fitting[0].index, hashes=hashes)
    return replace(each, source=source, flags=tuple(sorted(flags))), undecided, True


def _what(each: Requirement) -> str:
    return f"{each.name} {each.version}"


def _no_build(answer: Answer, what: str, accelerator: str) -> Undecided:
    said = "; ".join(f"{index}: {word}" for index, word in answer.asked.items()) or NO_INDEX
    return Undecided(
        what,
        f"there is no build of it for {accelerator} ({said})",
        f"name an index of such builds; uv finds it without, but for its hash, with --torch-backend {accelerator}",
    )


def _absent(each: Requirement, answer: Answer, what: str) -> tuple[Requirement, list[Undecided], bool]:
    said = "; ".join(f"{index}: {word}" for index, word in answer.asked.items()) or NO_INDEX
    if answer.failed or not answer.asked:
        return each, [Undecided(what, f"could not be asked about ({said})", "ask again later")], True
    gone = Undecided(
        what,
        f"it is on no index ({said})",
        "ship it as files, or publish it where the target can get it",
        True,
    )
    return replace(each, kind="unresolved", reason=f"no index has it: {said}"), [gone], True


def _is_another(installed: Distribution, files: tuple[IndexFile, ...]) -> bool:
    """None of the index's files has the metadata that was installed (PEP 658 hashes); unknown is no difference."""
    known = {file.metadata_sha256 for file in files if file.metadata_sha256}
    if not known or any(not file.metadata_sha256 for file in files if file.name.endswith(".whl")):
        return False
    try:
        with open(os.path.join(installed.info, "METADATA"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest() not in known
    except OSError:
        return False


def fitting_files(files: tuple[IndexFile, ...], target: Target) -> tuple[list[IndexFile], str]:
    """The wheels that the target takes, else sdists, and why others do not fit."""
    wheels, whys = [], []
    for file in files:
        if file.name.endswith(".whl"):
            why = accepts(target, _tags(file.name))
            whys.append(why)
            if not why:
                wheels.append(file)
    sdists = [file for file in files if not file.name.endswith(".whl")]
    said = next((why for why in whys if "glibc" in why), next(iter(filter(None, whys)), "it has no wheel"))
    return (wheels or sdists), said


def _tags(name: str) -> list[str]:
    try:
        return [str(tag) for tag in parse_wheel_filename(name)[3]]
    except InvalidWheelFilename:
        return ["none-none-none"]
