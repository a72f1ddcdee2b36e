"""Compiled files of local code: for which interpreter and machine they are, and whether the target takes them."""

from __future__ import annotations

import importlib.util
import os
import re

from lazyimp.manifest.values import Target

SUFFIXES = (".so", ".pyd", ".dylib", ".dll")
_ELF = {
    0x3E: "x86_64",
    0xB7: "aarch64",
    0x28: "armv7l",
    0xF3: "riscv64",
    0x15: "ppc64le",
    0x16: "s390x",
    0x03: "i686",
}


def is_compiled(path: str) -> bool:
    """A native library or an extension module."""
    name = os.path.basename(path)
    return name.endswith(SUFFIXES) or ".so." in name


def tag_of(path: str) -> str:
    """What the file is bound to: "cp311-linux-x86_64", "abi3-linux-x86_64", "none-linux-aarch64", as far as it says."""
    name = os.path.basename(path)
    found = re.search(r"\.cpython-3(\d+)(t?)", name) or re.search(r"\.cp3(\d+)(t?)-", name)
    abi = f"cp3{found.group(1)}{found.group(2)}" if found else "abi3" if ".abi3." in name else "none"
    return f"{abi}-{_system(name)}-{_machine(path)}"


def _system(name: str) -> str:
    return (
        "windows"
        if name.endswith((".pyd", ".dll"))
        else "macos"
        if name.endswith(".dylib") or "darwin" in name
        else "linux"
    )


def _machine(path: str) -> str:
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return "unknown"
    if head[:4] != b"\x7fELF":
        return "unknown"
    return _ELF.get(int.from_bytes(head[18:20], "little" if head[5] == 1 else "big"), "unknown")


def refusal(path: str, target: Target) -> str:
    """Why the target cannot use a compiled file or a .pyc, or ""."""
    if path.endswith(".pyc"):
        return _pyc(path, target)
    abi, system, machine = tag_of(path).split("-", 2)
    if abi.startswith("cp") and abi != target.abi:
        return f"it is compiled for {abi}, and the target is {target.abi}"
    if abi == "abi3" and target.abi.endswith("t"):
        return f"it is compiled for abi3, which the target's free-threaded {target.abi} does not take"
    if system != target.system or machine not in ("unknown", target.architecture):
        return f"it is compiled for {system} on {machine}, and the target is {target.system} on {target.architecture}"
    return ""


def _pyc(path: str, target: Target) -> str:
    """A sourceless module runs only where the bytecode is the same."""
    short = ".".join(target.python.split(".")[:2])
    import sys

    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
    except OSError:
        return "it cannot be read"
    if short == here and magic == importlib.util.MAGIC_NUMBER:
        return ""
    return f"it is bytecode without its source, and the target is Python {short}"
