"""A Dockerfile: interpreter, then the lock, then local code, each a layer that stays while what is in it stays."""

from __future__ import annotations

import json

from lazyimp.manifest.outputs.lines import command, folder, options
from lazyimp.manifest.values import Manifest


def render(manifest: Manifest, *, base: str = "") -> str:
    """The text. It expects beside it requirements.txt and code/<part>/ (`lazyimp manifest --bundle FOLDER`)."""
    version = ".".join(manifest.target.python.split(".")[:2])
    lines = [
        "# syntax=docker/dockerfile:1",
        f"ARG BASE={base or f'python:{version}-slim'}",
        "FROM ${BASE}",
        "ENV PYTHONDONTWRITEBYTECODE=0 PYTHONUNBUFFERED=1 UV_LINK_MODE=copy",
        "WORKDIR /app",
        "RUN --mount=type=cache,target=/root/.cache python -m pip install uv",
        "COPY requirements.txt /app/requirements.txt",
        "RUN --mount=type=cache,target=/root/.cache \\",
        f"    uv pip install {' '.join(['--system', *options(manifest)])} -r /app/requirements.txt",
    ]
    lines += [
        f"COPY {json.dumps([f'code/{part.name}/', f'/app/code/{part.name}/'])}" for part in manifest.local
    ]
    if manifest.local:
        lines.append("ENV PYTHONPATH=" + ":".join(f"/app/code/{part.place}" for part in manifest.local))
    where = folder(manifest, "/app/code")
    if where:
        lines.append(f"WORKDIR {where}")
    words = command(manifest, "/app/code")
    lines.append(f"CMD {json.dumps(words)}")
    return "\n".join(lines) + "\n"
