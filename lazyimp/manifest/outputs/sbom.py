"""A CycloneDX bill of materials, JSON: every distribution of the lock, and what requires what."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any
from urllib.parse import quote

from lazyimp import __version__
from lazyimp.manifest.values import Manifest, Requirement

SPEC = "1.5"


def render(manifest: Manifest) -> str:
    """The text; the serial number is made of the content, so that the same manifest gives the same bytes."""
    components = [_component(each) for each in manifest.requirements]
    data: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "lazyimp", "version": __version__}]},
            "component": {
                "type": "application",
                "bom-ref": "program",
                "name": manifest.program.get("name") or "program",
            },
        },
        "components": components,
        "dependencies": _dependencies(manifest),
    }
    content = json.dumps(data, sort_keys=True).encode()
    data["serialNumber"] = f"urn:uuid:{uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=4)}"
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _component(each: Requirement) -> dict[str, Any]:
    purl = (
        f"pkg:conda/{each.name}@{quote(each.version)}"
        if each.kind == "conda"
        else f"pkg:pypi/{each.name}@{quote(each.version)}"
    )
    if each.kind == "vcs":
        purl += f"?vcs_url={quote(f'{each.source.url}@{each.source.commit}', safe='')}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": each.name,
        "name": each.display or each.name,
        "version": each.version,
        "purl": purl,
        "scope": "optional" if "optional" in each.tags else "required",
        "properties": [
            {"name": "lazyimp:kind", "value": each.kind},
            {"name": "lazyimp:tags", "value": " ".join(each.tags)},
        ],
    }
    hashes = [hash_of(text) for text in each.source.hashes if text.startswith("sha256:")]
    return {**component, "hashes": hashes} if hashes else component


def hash_of(text: str) -> dict[str, str]:
    """`sha256:...` as CycloneDX writes it."""
    return {"alg": "SHA-256", "content": text.partition(":")[2]}


def _dependencies(manifest: Manifest) -> list[dict[str, Any]]:
    listed = {each.name for each in manifest.requirements}
    rows = [{"ref": "program", "dependsOn": [each.name for each in manifest.roots()]}]
    rows += [
        {"ref": each.name, "dependsOn": [name for name in each.requires if name in listed]}
        for each in manifest.requirements
    ]
    return rows
