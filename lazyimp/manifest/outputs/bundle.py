"""A folder with all that an environment elsewhere is built from: lists, Dockerfile, local code."""

from __future__ import annotations

import os
import shutil
import tempfile

from lazyimp.errors import UsageError
from lazyimp.manifest.archive import content
from lazyimp.manifest.outputs import docker, own, requirements
from lazyimp.manifest.outputs.lines import CODE
from lazyimp.manifest.values import LocalPart, Manifest


def write(manifest: Manifest, folder: str, *, base: str = "", more: dict[str, str] | None = None) -> None:
    """Write `folder`, whole or not at all; `more` are other files of it by name. It must not be there yet."""
    if os.path.exists(folder):
        raise UsageError(f"{folder!r} is there already; name a new folder")
    texts = {
        "manifest.toml": own.as_toml(manifest),
        "requirements.txt": requirements.render(manifest),
        "Dockerfile": docker.render(manifest, base=base),
        ".dockerignore": "manifest.toml\n",
        **(more or {}),
    }
    above = os.path.dirname(os.path.abspath(folder))
    os.makedirs(above, exist_ok=True)
    made = tempfile.mkdtemp(dir=above, prefix=".lazyimp-")
    try:
        for name, text in texts.items():
            with open(os.path.join(made, name), "w", encoding="utf-8") as file:
                file.write(text)
        for part in manifest.local:
            _unpack(part, os.path.join(made, CODE, part.name))
        os.chmod(made, 0o755)
        os.rename(made, folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _unpack(part: LocalPart, folder: str) -> None:
    for each in part.files:
        path = os.path.join(folder, *each.name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content(each))
        if each.executable:
            os.chmod(path, 0o755)
