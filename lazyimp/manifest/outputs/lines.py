"""A requirement as installers write it, and what to say of those that are none."""

from __future__ import annotations

import re
from pathlib import PurePath

from lazyimp.manifest.target import ACCELERATOR
from lazyimp.manifest.values import CONDA_ONLY, Manifest, Requirement

CODE = "code"  # the folder that local code is in, a folder for each part
INSTALLED = ("index", "vcs", "archive", "conda")  # kinds that an installer can get again


def pinned(requirement: Requirement) -> str:
    """One line without hashes: `name[extra]==1.2`, or `name @ url`; "" where no installer can get it."""
    name = requirement.display or requirement.name
    if requirement.extras:
        name += f"[{','.join(sorted(requirement.extras))}]"
    source = requirement.source
    if requirement.travels or CONDA_ONLY in requirement.flags:
        return ""
    if requirement.kind == "vcs":
        return f"{name} @ {source.url}@{source.commit}" + (
            f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
        )
    if requirement.kind == "archive":
        url = source.url
        marks = [f"subdirectory={source.subdirectory}"] if source.subdirectory else []
        marks += [each.replace(":", "=", 1) for each in source.hashes[:1]]
        return f"{name} @ {url}" + (f"#{'&'.join(marks)}" if marks else "")
    if requirement.kind in INSTALLED:
        return f"{name}=={version_of(requirement)}"
    return ""


def version_of(requirement: Requirement) -> str:
    """The version to ask an index for: without `+cpu`, `+cu126` and the like, which the accelerator decides there."""
    public, _, local = requirement.version.partition("+")
    return public if local and is_accelerator(local) else requirement.version


def asked_version(requirement: Requirement, accelerator: str) -> str:
    """The version to look for files of: with the target's accelerator where the one here names its own."""
    public, _, local = requirement.version.partition("+")
    if not (local and is_accelerator(local)) or accelerator == "auto":
        return requirement.version
    return public if accelerator == "mps" else f"{public}+{accelerator}"


def options(manifest: Manifest) -> list[str]:
    """What installers are told about the lock: it is whole, unless builds for another accelerator bring more."""
    locals_ = [each.version.partition("+")[2] for each in manifest.requirements]
    others = any(each and is_accelerator(each) and each != manifest.target.accelerator for each in locals_)
    backend = needs_backend(manifest)
    return [*([] if others else ["--no-deps"]), *([f"--torch-backend={backend}"] if backend else [])]


def is_accelerator(local: str) -> bool:
    """A local version that names what it was built for, and nothing else."""
    return bool(ACCELERATOR.fullmatch(local))


def needs_backend(manifest: Manifest) -> str:
    """The accelerator to name to the installer (uv's --torch-backend), or "" where nothing asks for one."""
    for each in manifest.requirements:
        local = each.version.partition("+")[2]
        if each.name == "torch" or (local and is_accelerator(local)):
            return manifest.target.accelerator
    return ""


def remark(requirement: Requirement) -> str:
    """What to say of a distribution that no installer can get: one line."""
    word = {
        "editable": "its source travels as local code",
        "local-dir": "it travels as the files it was installed as",
        "vcs": "it travels as the files it was installed as",
        "archive": "it travels as the files it was installed as",
        "local": "it travels as local code",
        "local-binary": "it travels as local code",
        "conda": "conda's alone; no installer of Python distributions has it",
        "system": "the operating system's; install its package there",
        "unresolved": "where it comes from is not known",
    }.get(requirement.kind, requirement.kind)
    return f"{requirement.name} {requirement.version}: {word}"


def shown_source(requirement: Requirement) -> str:
    """Where it comes from, in a few words."""
    source = requirement.source
    return source.url or source.path or requirement.kind


def plain_name(text: str) -> str:
    """A name fit for a file, an image or an environment."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "program"


def program_name(manifest: Manifest) -> str:
    """The program's short name."""
    return plain_name(PurePath(manifest.program.get("name", "")).stem)


def folder(manifest: Manifest, code: str) -> str:
    """The folder to run in, below `code`: the one the program ran in, if it is of a part; else ""."""
    ran = manifest.program.get("folder", "")
    above = [part for part in manifest.local if ran and inside(ran, part.root) is not None]
    if not above:
        return ""
    part = max(above, key=lambda each: len(each.root))
    below = inside(ran, part.root) or ""
    if below and not any(file.name.startswith(f"{below}/") for file in part.files):
        return ""
    return "/".join(filter(None, [code, part.name, below]))


def inside(path: str, root: str) -> str | None:
    """What of `path` is below `root`, with slashes; "" if they are the same, None if it is not below."""
    path, root = path.replace("\\", "/").rstrip("/"), root.replace("\\", "/").rstrip("/")
    return path[len(root) + 1 :] if f"{path}/".startswith(f"{root}/") else None


def command(manifest: Manifest, code: str = "") -> list[str]:
    """The words that start the program; `code` is the folder with a folder for each part of the local code."""
    kind, name = manifest.program.get("kind", ""), manifest.program.get("name", "")
    if kind == "module":
        return ["python", "-m", name]
    if kind == "command" and name:
        return [name]  # a script that its distribution installs
    if kind != "script":
        return ["python"]
    holders = [part.name for part in manifest.local if any(file.name == name for file in part.files)]
    return ["python", "/".join([code, holders[0], name]) if code and holders else name]
