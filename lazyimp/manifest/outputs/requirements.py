"""requirements.txt: the whole lock, or the short list, exact; hashes where they are known and asked for."""

from __future__ import annotations

from lazyimp import __version__
from lazyimp.manifest.outputs.lines import needs_backend, pinned, remark
from lazyimp.manifest.values import Manifest, Requirement


def render(manifest: Manifest, *, roots_only: bool = False, hashes: bool = False) -> str:
    """The text; what no installer can get is a comment."""
    chosen = manifest.roots() if roots_only else manifest.requirements
    lines = [f"# made by lazyimp {__version__} for Python {manifest.target.python}"]
    backend = needs_backend(manifest)
    if backend:
        lines.append(f"# accelerator: {backend} (uv pip install --torch-backend {backend})")
    for each in chosen:
        line = pinned(each)
        lines.append(_with_hashes(line, each) if line and hashes else line or f"# {remark(each)}")
    lines += [f"# local code: {part.name} ({_files(len(part.files))})" for part in manifest.local]
    return "\n".join(lines) + "\n"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def unhashed(manifest: Manifest, *, roots_only: bool = False) -> list[Requirement]:
    """Those in the list that an index has, and of whose files no hash is known."""
    chosen = manifest.roots() if roots_only else manifest.requirements
    lines = ((each, pinned(each)) for each in chosen)
    return [each for each, line in lines if line and " @ " not in line and not each.source.hashes]


def _with_hashes(line: str, requirement: Requirement) -> str:
    if " @ " in line:
        return line
    return " \\\n    ".join([line, *(f"--hash={each}" for each in requirement.source.hashes)])
