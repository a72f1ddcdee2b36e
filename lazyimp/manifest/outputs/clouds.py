"""Snippets for those who run programs elsewhere: Ray's runtime_env, a SkyPilot task, a Modal app, a script's header.

Local code is expected in `code/<part>` beside them, as `lazyimp manifest --bundle FOLDER` writes it.
"""

from __future__ import annotations

import json
import posixpath
import shlex
from typing import Any

from lazyimp.manifest.outputs.lines import CODE, command, folder, options, pinned, program_name
from lazyimp.manifest.values import Manifest


def _lines(manifest: Manifest) -> list[str]:
    return [line for line in map(pinned, manifest.requirements) if line]


def runtime_env(manifest: Manifest) -> dict[str, Any]:
    """Ray's runtime_env: the lock by uv, local code as the working folder."""
    value: dict[str, Any] = {}
    packages = _lines(manifest)
    if packages:
        value["uv"] = {"packages": packages, "uv_pip_install_options": options(manifest)}
    if manifest.local:
        value["working_dir"] = CODE
        value["env_vars"] = {"PYTHONPATH": ":".join(part.place for part in manifest.local)}
    return value


def ray(manifest: Manifest) -> str:
    """The same as JSON."""
    return json.dumps(runtime_env(manifest), indent=2, sort_keys=True) + "\n"


def skypilot(manifest: Manifest) -> str:
    """A SkyPilot task, YAML."""
    accelerator = manifest.target.accelerator
    install = " ".join(["uv pip install", *options(manifest), "-r requirements.txt"])
    path = ":".join(f"$PWD/{CODE}/{part.place}" for part in manifest.local)
    where = folder(manifest, CODE)
    words = command(manifest, CODE)
    if where:
        words = [posixpath.relpath(each, where) if each.startswith(f"{CODE}/") else each for each in words]
    lines = [
        f"name: {program_name(manifest)}",
        "workdir: .",
        "resources:",
        "  accelerators: A100:1" if accelerator not in ("cpu", "mps") else "  cpus: 4+",
        "setup: |",
        "  command -v uv || pip install uv",
        f"  uv venv --python {manifest.target.python} .venv",
        "  source .venv/bin/activate",
        "  cat > requirements.txt <<'END'",
        *(f"  {line}" for line in _lines(manifest)),
        "  END",
        f"  {install}",
        "run: |",
        "  source .venv/bin/activate",
        *([f'  export PYTHONPATH="{path}"'] if manifest.local else []),
        *([f"  cd {shlex.quote(where)}"] if where else []),
        f"  {shlex.join(words)}",
    ]
    return "\n".join(lines) + "\n"


def modal(manifest: Manifest) -> str:
    """A Modal app, Python."""
    version = ".".join(manifest.target.python.split(".")[:2])
    lines = [
        "import modal",
        "",
        "image = (",
        f'    modal.Image.debian_slim(python_version="{version}")',
        "    .uv_pip_install(",
        *(f"        {json.dumps(line)}," for line in _lines(manifest)),
        f"        extra_options={json.dumps(' '.join(options(manifest)))},",
        "    )",
    ]
    if manifest.local:
        path = ":".join(f"/root/{part.place}" for part in manifest.local)
        lines.append(f'    .env({{"PYTHONPATH": {json.dumps(path)}}})')
    where = folder(manifest, "/root")
    lines += [f"    .workdir({json.dumps(where)})"] if where else []
    # files come last: Modal builds nothing on top of them
    lines += [
        f"    .add_local_dir({json.dumps(f'{CODE}/{part.name}')}, {json.dumps(f'/root/{part.name}')})"
        for part in manifest.local
    ]
    lines += [")", f"app = modal.App({json.dumps(program_name(manifest))}, image=image)"]
    return "\n".join(lines) + "\n"


def script_header(manifest: Manifest) -> str:
    """Inline script metadata (PEP 723): the short list, exact."""
    version = ".".join(manifest.target.python.split(".")[:2])
    lines = ["# /// script", f'# requires-python = "=={version}.*"', "# dependencies = ["]
    lines += [f"#     {json.dumps(line)}," for line in map(pinned, manifest.roots()) if line]
    return "\n".join([*lines, "# ]", "# ///"]) + "\n"
