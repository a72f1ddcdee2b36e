"""environment.yml for conda: what conda installed by its channel and build, the rest through pip."""

from __future__ import annotations

import json
from urllib.parse import unquote

from lazyimp.manifest.outputs.lines import pinned, program_name, remark
from lazyimp.manifest.values import Manifest, Requirement


def render(manifest: Manifest, *, builds: bool = False) -> str:
    """The text, YAML; `builds` pins the builds, too, which ties it to one platform."""
    conda = [each for each in manifest.requirements if each.kind == "conda"]
    others = [each for each in manifest.requirements if each.kind != "conda"]
    channels = sorted({_channel(each.source.channel) for each in conda if each.source.channel}) or [
        "conda-forge"
    ]
    lines = [f"name: {program_name(manifest)}", "channels:"]
    lines += [
        f"  - {json.dumps(each)}"
        for each in [*channels, *(["nodefaults"] if "defaults" not in channels else [])]
    ]
    lines += ["dependencies:", f"  - python={manifest.target.python}"]
    for each in conda:
        build = f"={each.source.build}" if builds and each.source.build else ""
        lines.append(f"  - {json.dumps(f'{_package(each)}={each.version}{build}')}")
    wanted = [line for line in map(pinned, others) if line]
    if wanted:
        lines += ["  - pip", "  - pip:", *(f"      - {json.dumps(line)}" for line in wanted)]
    lines += [f"# {remark(each)}" for each in others if not pinned(each)]
    return "\n".join(lines) + "\n"


def _package(each: Requirement) -> str:
    """What conda calls it, which may be another name (pytorch for torch): its file's, NAME-VERSION-BUILD.conda."""
    file = unquote(each.source.url.rpartition("/")[2])
    return file.rsplit("-", 2)[0] if file.count("-") > 1 else each.name


def _channel(text: str) -> str:
    """The channel's name, of the URL of one of its folders."""
    text = text.rstrip("/")
    for folder in ("/noarch", "/linux-64", "/linux-aarch64", "/osx-64", "/osx-arm64", "/win-64"):
        text = text.removesuffix(folder)
    return text
