"""Makes a Plan of a Manifest and a job, and asks a host what it lacks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import asdict, replace

from lazyimp.manifest.outputs.conda import render as conda_file
from lazyimp.manifest.outputs.lines import is_accelerator, needs_backend, pinned
from lazyimp.manifest.values import LocalPart, Manifest, Requirement, Target, Undecided
from lazyimp.ship.at_hand import wheel_at_hand
from lazyimp.ship.channels import Channel
from lazyimp.ship.digests import digest_of
from lazyimp.ship.errors import ShipError
from lazyimp.ship.values import Blob, EnvironmentWish, Lack, Plan
from lazyimp.ship.wheel import write_wheel

OWN = "lazyimp-runtime"
AS_CODE = ("editable", "local-dir", "local", "local-binary", "stdlib", "virtual")


def blob_of(path: str, name: str = "", cache: str = "") -> Blob:
    """A file of this machine as a blob; `cache` keeps digests of large files. Raises ShipError."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # reading a pipe or a device may never end
            raise ShipError(f"{path!r} is no regular file")
        digest, size = digest_of(os.path.abspath(path), cache)
    except OSError as error:
        raise ShipError(f"cannot read {path!r}: {error.strerror}") from None
    return Blob(name or os.path.basename(path), os.path.abspath(path), digest, size)


def digest_name(part: LocalPart) -> str:
    """The name of a part's folder there."""
    return part.digest.partition(":")[2]


def environment_of(
    manifest: Manifest,
    cache: str,
    python: str = "",
    any_build: bool = False,
    accelerator: str = "",
    find_links: Iterable[str] = (),
) -> tuple[EnvironmentWish, list[Undecided]]:
    """What to build there, and what of the manifest cannot be had there; `find_links` are where wheels lie here."""
    lines, more, built, wheels, refused = [], [], [], [blob_of(write_wheel(manifest.target, cache))], []
    exact: list[Blob] = []
    same_python = (
        not re.fullmatch(r"3\.\d+.*", python) or python.split(".")[1] == manifest.target.python.split(".")[1]
    )
    wished = manifest.target.accelerator  # of a record always cpu: its manifest is of what ran
    chosen, accelerator = bool(accelerator), accelerator or ("auto" if wished == "cpu" else wished)
    as_files = {part.distribution for part in manifest.local if part.distribution}
    for each in manifest.requirements:
        if each.name == OWN or each.kind in (*AS_CODE, "conda"):
            continue
        depends = bool(needs_backend(replace(manifest, requirements=(each,))))
        path = wheel_at_hand(each, manifest.target, find_links) if same_python else ""
        if each.kind == "archive" and each.source.path.endswith(".whl") and os.path.exists(each.source.path):
            wheels.append(blob_of(each.source.path, cache=cache))
        elif each.travels and each.name in as_files:
            continue
        elif path and not (depends and _settled_there(each, chosen)):
            wheels.append(blob_of(path, cache=cache))
        elif why := _refusal(each):
            refused.append(Undecided(f"{each.name} {each.version}", why[0], why[1], True))
        elif depends:
            built.append(each)
            exact += [blob_of(path, cache=cache)] if path else []
            more.append(pinned(each))  # an accelerator has files of its own: no hash that is known is theirs
        else:
            lines.append(hashed(each) if same_python else pinned(each))
    wish = EnvironmentWish(
        "",
        python or manifest.target.python,
        "".join(f"{line}\n" for line in sorted(lines)),
        tuple(sorted(wheels, key=lambda each: each.name)),
        (),
        not any_build and not any(each.kind == "vcs" and not each.travels for each in manifest.requirements),
        _for_conda(manifest, python),
        "".join(f"{line}\n" for line in sorted(more)),
        bool(lines) and all(" --hash=" in line for line in lines),
        accelerator if more else "",
        "cpu" if more and all("+cpu" in each.version for each in built) else "",
        tuple(sorted(exact, key=lambda each: each.name)),
    )
    return named(wish, manifest.target), refused


def _settled_there(each: Requirement, chosen: bool) -> bool:
    """Which build of it is right depends on the host: its version names an accelerator, or the user did."""
    local = each.version.partition("+")[2]
    return is_accelerator(local) if local else chosen


def _for_conda(manifest: Manifest, python: str) -> str:
    """environment.yml of what conda installed here; "" where it installed nothing that the program needs."""
    mine = tuple(each for each in manifest.requirements if each.kind == "conda")
    version = python if re.fullmatch(r"3[.\d]+", python) else manifest.target.python
    target = replace(manifest.target, python=version)
    return conda_file(replace(manifest, requirements=mine, target=target)) if mine else ""


def hashed(each: Requirement) -> str:
    """A requirement's line with the hashes of its files, where some are known: the installer then takes no others.

    RECORD has hashes of installed files, and an installer wants those of the archive they came in, which nobody
    keeps: known are they from a lock, from a recorded provenance, or where an index was asked.
    """
    line = pinned(each)
    if " @ " in line:
        return line
    return " ".join([line, *(f"--hash={one}" for one in each.source.hashes)])


def _refusal(each: Requirement) -> tuple[str, str] | None:
    """Why a requirement cannot be installed elsewhere, and the way out."""
    if each.kind in ("system", "unresolved"):
        why = {"system": "it is the operating system's"}.get(each.kind, each.reason)
        return (
            why,
            "install it with pip or uv here and record the run again, or `lazyimp manifest --exclude` it",
        )
    if each.kind == "archive" and not each.source.url.startswith(("http://", "https://")):
        return (
            "its file lies on this machine, and is no wheel that is still there",
            "build a wheel and install that",
        )
    if each.kind == "vcs" and "file://" in each.source.url:
        return "its repository lies on this machine", "install it from a wheel or as a folder (pip install .)"
    return None


def named(wish: EnvironmentWish, target: Target | None = None) -> EnvironmentWish:
    """The wish with the name that its content gives it."""
    if target is not None:
        wish = replace(wish, platform=f"{target.abi} {target.architecture} {target.system}")
    blank = replace(wish, name="", wheels=(), exact_wheels=())
    wheels = [*wish.wheels, *wish.exact_wheels]
    content = [asdict(blank), sorted((each.name, each.sha256) for each in wheels)]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return replace(wish, name=digest[:32])


def program_words(
    manifest: Manifest, script: str, arguments: Iterable[str]
) -> tuple[list[str], list[LocalPart]]:
    """The command that runs the program there, and the parts in the order of its sys.path; raises ShipError."""
    kind, name = manifest.program.get("kind", ""), manifest.program.get("name", "")
    parts = list(manifest.local)
    if kind == "module":
        return ["{python}", "-X", "lazyimp", "-m", name, *arguments], parts
    if kind != "script":
        raise ShipError(
            f"the manifest is of a {kind or 'program'} without a file; record a script or a module"
        )
    where = _program_parts(manifest, script)
    if not where:
        raise ShipError(
            f"the manifest is of {name!r}, not of {script!r}; `lazyimp profile {script}` records it, "
            "or --manifest names another"
            if script
            else f"the manifest does not hold the program's file {name!r}; record the run again"
        )
    parts.remove(where[0])
    return ["{python}", "-X", "lazyimp", f"{{code}}/{name}", *arguments], [where[0], *parts]


def program_first(manifest: Manifest) -> tuple[LocalPart, ...]:
    """The parts of local code, the program's own in front: it is what `{code}` stands for."""
    first = _program_parts(manifest, "")[:1]
    return (*first, *(part for part in manifest.local if part not in first))


def _program_parts(manifest: Manifest, script: str) -> list[LocalPart]:
    name = manifest.program.get("name", "")
    return [
        part
        for part in manifest.local
        if any(_is_program(each.path, each.name, script, name) for each in part.files)
    ]


def _is_program(path: str, file: str, script: str, name: str) -> bool:
    return file == name and (not script or os.path.realpath(path) == os.path.realpath(script))


def placed(parts: Iterable[LocalPart], cwd: str) -> tuple[tuple[str, str, str], ...]:
    """Data files of local code below the current folder: programs open them by names relative to it."""
    found = []
    for part in parts:
        for each in part.files if not part.distribution else ():
            inside = os.path.relpath(os.path.realpath(each.path), os.path.realpath(cwd))
            if not inside.startswith("..") and not each.name.endswith((".py", ".pyc", ".so")):
                found.append((digest_name(part), each.name, inside.replace(os.sep, "/")))
    return tuple(sorted(found))


def lack_of(plan: Plan, channel: Channel) -> Lack:
    """What the host lacks."""
    hello = channel.ask("hello")
    blobs = [*plan.job.inputs, *(plan.environment.wheels if plan.environment else ())]
    found = channel.ask(
        "missing",
        blobs=[each.sha256 for each in blobs],
        code=[digest_name(part) for part in plan.parts],
        envs=[plan.environment.name] if plan.environment else [],
    )
    parts = [part for part in plan.parts if digest_name(part) in found["code"]]
    files = sorted({each.sha256 for part in parts for each in part.files})
    return Lack(
        bool(found["envs"]),
        tuple(map(digest_name, parts)),
        tuple(channel.ask("files", files=files)) if files else (),
        tuple(each.sha256 for each in blobs if each.sha256 in found["blobs"]),
        hello["uv"] is None,
        str(hello["python"]),
        str(hello["system"]),
        str(hello["machine"]),
        int(hello["free_bytes"]),
        str(hello["libc"][0]),
    )
