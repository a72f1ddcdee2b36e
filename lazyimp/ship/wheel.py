"""A wheel of lazyimp itself, as it runs here, so that programs run with it there: the same files, the same bytes."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import platform
import sys
import sysconfig
import tempfile
import zipfile

import lazyimp
from lazyimp import __version__, _pth
from lazyimp.manifest.values import Target

NAME = "lazyimp_runtime"
KINDS = (".py", ".pyi", ".typed", ".json", ".toml")


def write_wheel(target: Target, folder: str) -> str:
    """Write it for `target` into `folder`, unless it is there; its path. The extension goes along where it fits."""
    files = _files()
    extension = _extension() if _fits(target) else ""
    tag = "py3-none-any"
    if extension:
        files[os.path.basename(extension)] = _read(extension)
        name = f"cp{sys.version_info[0]}{sys.version_info[1]}"
        tag = f"{name}-{name}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    info = f"{NAME}-{__version__}.dist-info"
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: lazyimp-runtime\nVersion: {__version__}\n".encode()
    )
    pure = "false" if extension else "true"
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: lazyimp\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
    )
    files[f"{info}/RECORD"] = _record(files, info)
    content = hashlib.sha256(files[f"{info}/RECORD"]).hexdigest()[:16]
    path = os.path.join(folder, content, f"{NAME}-{__version__}-{tag}.whl")
    if not os.path.exists(path):
        _write(path, files)
    return path


def _files() -> dict[str, bytes]:
    base = os.path.dirname(os.path.abspath(lazyimp.__file__))
    found = {_pth.FILE: _pth.content()}
    for folder, folders, names in os.walk(base):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(KINDS):
                found["lazyimp/" + os.path.relpath(path, base).replace(os.sep, "/")] = _read(path)
    return found


def _extension() -> str:
    spec = importlib.util.find_spec("lazyimp_c")
    return spec.origin or "" if spec is not None else ""


def _fits(target: Target) -> bool:
    """The target is what this interpreter is, as far as an extension is concerned."""
    here = (f"{sys.version_info[0]}.{sys.version_info[1]}", sys.platform, platform.machine())
    there = (".".join(target.python.split(".")[:2]), target.system, target.architecture)
    return here == there and target.abi == f"cp{sys.version_info[0]}{sys.version_info[1]}"


def _record(files: dict[str, bytes], info: str) -> bytes:
    lines = []
    for name, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{info}/RECORD,,\n"]).encode()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(path: str, files: dict[str, bytes]) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".wheel-")
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o100644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, data)
    os.replace(temporary, path)
