"""Makes a Plan of a Manifest and a job, and asks a host what it lacks."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import replace

from lazyimp.manifest.outputs.lines import needs_backend, pinned
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
    find_links: Iterable[str] = (),
) -> tuple[EnvironmentWish, list[Undecided]]:
    """What to build there, and what of the manifest cannot be had there; `find_links` are where wheels lie here."""
    lines, wheels, refused = {}, [blob_of(write_wheel(manifest.target, cache))], []
    for each in manifest.requirements:
        if each.name == OWN or each.kind in AS_CODE:
            continue
        if each.kind == "archive" and each.source.path.endswith(".whl") and os.path.exists(each.source.path):
            wheels.append(blob_of(each.source.path, cache=cache))
        elif path := wheel_at_hand(each, manifest.target, find_links):
            wheels.append(blob_of(path, cache=cache))
        elif why := _refusal(each):
            refused.append(Undecided(f"{each.name} {each.version}", why[0], why[1], True))
        else:
            lines[each] = pinned(each)
    backend = needs_backend(replace(manifest, requirements=tuple(lines)))
    wish = EnvironmentWish(
        "",
        python or manifest.target.python,
        "".join(f"{line}\n" for line in sorted(lines.values())),
        tuple(sorted(wheels, key=lambda each: each.name)),
        ("--torch-backend", backend) if backend else (),
        not any_build and not any(each.kind == "vcs" for each in manifest.requirements),
    )
    return named(wish, manifest.target), refused


def _refusal(each: Requirement) -> tuple[str, str] | None:
    """Why a requirement cannot be installed elsewhere, and the way out."""
    if each.kind in ("conda", "system", "unresolved"):
        why = {"conda": "conda installed it", "system": "it is the operating system's"}.get(
            each.kind, each.reason
        )
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


def named(wish: EnvironmentWish, target: Target) -> EnvironmentWish:
    """The wish with the name that its content gives it."""
    content = json.dumps(
        [
            wish.python, wish.requirements, sorted((each.name, each.sha256) for each in wish.wheels),
            wish.arguments, wish.only_binary, target.accelerator, target.abi, target.architecture,
        ]
    )  # fmt: skip
    name = hashlib.sha256(content.encode()).hexdigest()[:32]
    return EnvironmentWish(
        name, wish.python, wish.requirements, wish.wheels, wish.arguments, wish.only_binary
    )


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
    where = [
        part for part in parts if any(_is_program(each.path, each.name, script, name) for each in part.files)
    ]
    if not where:
        raise ShipError(
            f"the manifest is of {name!r}, not of {script!r}; `lazyimp profile {script}` records it, "
            "or --manifest names another"
            if script
            else f"the manifest does not hold the program's file {name!r}; record the run again"
        )
    parts.remove(where[0])
    return ["{python}", "-X", "lazyimp", f"{{code}}/{name}", *arguments], [where[0], *parts]


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
