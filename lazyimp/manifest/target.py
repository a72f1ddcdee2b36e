"""What an environment is for: marker values and compatibility tags of a target that need not be this machine."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lazyimp.errors import UsageError
from lazyimp.manifest.values import Target
from lazyimp.record import Record

if TYPE_CHECKING:
    from packaging.tags import Tag

OLDEST_GLIBC, OLDEST_MUSL = 5, 1  # manylinux_2_5, musllinux_1_1
_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_SYSTEMS = {"linux": ("linux", "Linux"), "macos": ("darwin", "Darwin"), "windows": ("win32", "Windows")}
ACCELERATOR = re.compile(r"cpu|auto|cu\d{2,3}|rocm[\d.]+|xpu|mps")


def of_record(record: Record) -> Target:
    """The machine and the interpreter that the record was made with."""
    header = record.header
    python = str(header.get("python") or sys.version.split()[0])
    system, _, architecture = str(header.get("platform") or _here()).partition("-")
    name, version = _libc()
    short = "".join(python.split(".")[:2])
    folders = header.get("stdlib")
    is_free = isinstance(folders, list) and bool(folders) and re.search(r"python3\.\d+t$", str(folders[0]))
    return Target(
        python,
        "cp",
        f"cp{short}{'t' if is_free else ''}",
        {"darwin": "macos", "win32": "windows"}.get(system, system),
        "glibc" if name == "glibc" else "musl",
        version or "1.2",
        architecture,
        "cpu",
    )


def _here() -> str:
    import platform

    return f"{sys.platform}-{platform.machine()}"


def _libc() -> tuple[str, str]:
    """The C library of this machine and its version; "" where it is not told."""
    try:
        name, _, version = str(os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, ValueError, OSError):
        name, version = "", ""
    if not name:
        import platform  # it may look into the interpreter's file, and loads much

        name, version = platform.libc_ver()
    return name, version


def changed(
    target: Target,
    *,
    python: str | None = None,
    system: str | None = None,
    architecture: str | None = None,
    glibc: str | None = None,
    musl: str | None = None,
    accelerator: str | None = None,
) -> Target:
    """`target` with what was named changed; raises UsageError for what is no version or no name."""
    if python is not None:
        if not re.fullmatch(r"3\.\d+(\.\d+)?t?", python):
            raise UsageError(f"--python {python!r} is no version; write 3.11 or 3.11.7")
        short = "".join(python.rstrip("t").split(".")[:2])
        free = "t" if python.endswith("t") else ""
        target = replace(target, python=python.rstrip("t"), abi=f"cp{short}{free}")
    if system is not None and system not in _SYSTEMS:
        raise UsageError(f"--system {system!r} is unknown; use linux, macos or windows")
    if glibc is not None and musl is not None:
        raise UsageError("a target has one C library: name either --glibc or --musl")
    for word, libc in ((glibc, "glibc"), (musl, "musl")):
        if word is not None:
            if not re.fullmatch(r"\d+\.\d+", word):
                raise UsageError(f"--{libc} {word!r} is no version; write 2.31")
            target = replace(target, libc=libc, libc_version=word)
    if accelerator is not None and not ACCELERATOR.fullmatch(accelerator):
        raise UsageError(
            f"--accelerator {accelerator!r} is unknown; use cpu, auto, cu126, rocm6.2, xpu or mps"
        )
    return replace(
        target,
        system=system or target.system,
        architecture=architecture or target.architecture,
        accelerator=accelerator or target.accelerator,
    )


def markers(target: Target) -> dict[str, str]:
    """The values of environment markers there (PEP 508)."""
    sys_platform, system = _SYSTEMS[target.system]
    return {
        "python_version": ".".join(target.python.split(".")[:2]),
        "python_full_version": target.python if target.python.count(".") == 2 else f"{target.python}.0",
        "implementation_name": "cpython",
        "implementation_version": target.python,
        "platform_python_implementation": "CPython",
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": target.architecture,
        "platform_release": "",
        "platform_version": "",
        "os_name": "nt" if target.system == "windows" else "posix",
    }


def tags(target: Target) -> Iterator[Tag]:
    """The tags that an installer accepts there, best first (PEP 425, 600, 656)."""
    from packaging.tags import compatible_tags, cpython_tags  # see accepts()

    major, minor = (int(each) for each in target.python.split(".")[:2])
    places = list(platforms(target))
    yield from cpython_tags((major, minor), [target.abi], places)
    yield from compatible_tags((major, minor), f"cp{major}{minor}", places)


def platforms(target: Target) -> Iterator[str]:
    """The platform tags there, newest first."""
    arch = target.architecture
    if target.system == "windows":
        yield {"x86_64": "win_amd64", "AMD64": "win_amd64", "arm64": "win_arm64"}.get(arch, "win32")
        return
    if target.system == "macos":
        for version in (
            *(f"{major}_0" for major in range(26, 10, -1)),
            *(f"10_{minor}" for minor in range(16, 8, -1)),
        ):
            for kind in (arch, "universal2"):
                yield f"macosx_{version}_{kind}"
        return
    major, minor = (int(each) for each in target.libc_version.split(".")[:2])
    if target.libc == "musl":
        for each in range(minor, OLDEST_MUSL - 1, -1):
            yield f"musllinux_{major}_{each}_{arch}"
    else:
        for each in range(minor, OLDEST_GLIBC - 1, -1):
            yield f"manylinux_{major}_{each}_{arch}"
            if (major, each) in _LEGACY:
                yield f"{_LEGACY[major, each]}_{arch}"
    yield f"linux_{arch}"


def accepts(target: Target, wheel_tags: Iterable[str]) -> str:
    """Why a wheel with these tags (`Tag:` of its WHEEL file) does not fit the target; "" if it does."""
    lines = tuple(wheel_tags)
    if not lines or any(_is_plainly_fit(line, target) for line in lines):
        return ""
    from packaging.tags import parse_tag  # most fit plainly, and it takes long to load

    given = [tag for line in lines for tag in parse_tag(line)]
    known = _known(target)
    if any(tag in known for tag in given):
        return ""
    newest = _glibc_of(given)
    if newest is not None and target.libc == "glibc" and _fits_otherwise(given, target):
        return f"it needs glibc {newest[0]}.{newest[1]}, and the target has {target.libc_version}"
    shown = ", ".join(sorted(map(str, given))[:3])
    return f"it is built for {shown}, and the target is {target.abi} on {next(platforms(target))}"


def _is_plainly_fit(line: str, target: Target) -> bool:
    """One of the tags in `line` is for any Python 3, or for the very interpreter of the target, and for its machine."""
    parts = line.split("-")
    if len(parts) != 3:
        return False
    pythons, abis, places = (part.split(".") for part in parts)
    minor = int(target.python.split(".")[1])
    is_pure = "py3" in pythons and "none" in abis
    fits = is_pure or (f"cp3{minor}" in pythons and target.abi in abis)
    if not fits and "abi3" in abis and target.abi == f"cp3{minor}":  # the stable interface of that version on
        fits = any(f"cp3{each}" in pythons for each in range(2, minor + 1))
    return (is_pure and "any" in places) or (fits and not _platforms(target).isdisjoint(places))


@functools.lru_cache(maxsize=8)
def _platforms(target: Target) -> frozenset[str]:
    return frozenset(platforms(target))


def _glibc_of(given: list[Tag]) -> tuple[int, int] | None:
    found = [re.match(r"manylinux_(\d+)_(\d+)_", tag.platform) for tag in given]
    versions = [(int(each.group(1)), int(each.group(2))) for each in found if each]
    return min(versions, default=None)


def _fits_otherwise(given: list[Tag], target: Target) -> bool:
    known = _known(replace(target, libc_version="2.99"))
    return any(tag in known for tag in given)


@functools.lru_cache(maxsize=8)
def _known(target: Target) -> frozenset[Tag]:
    return frozenset(tags(target))
