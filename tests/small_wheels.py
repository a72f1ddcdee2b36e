"""Small wheels, and a host whose uv takes its distributions from a folder of them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    requires: tuple[str, ...] = (),
    scripts: Mapping[str, str] | None = None,
) -> str:
    """Write NAME-VERSION-py3-none-any.whl with one module; its sha256."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files.update({f"{name}-{version}.data/scripts/{each}": text for each, text in (scripts or {}).items()})
    files[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for each, text in files.items():
            member = zipfile.ZipInfo(each)
            member.external_attr = (0o100755 if "/scripts/" in each else 0o100644) << 16
            packed.writestr(member, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def take_from(root: Path, folder: Path) -> None:
    """Let a host take its distributions from `folder`, and from nowhere else."""
    root.mkdir(mode=0o700, exist_ok=True)
    (root / "uv.toml").write_text(f"no-index = true\nfind-links = [{str(folder)!r}]\n".replace("'", '"'))
